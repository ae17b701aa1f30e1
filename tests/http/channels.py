"""Channels in memory: a client, and what answers its requests when it is told to."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.errors import ClientFault
from stickyproxy.http.channel import Channel
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.factory import ChannelFactory
from stickyproxy.http.reader import Message
from stickyproxy.http.request import Limits
from stickyproxy.http.words import ChannelSettings
from tests.wire import connect


class Handler:
    """Answers when told to, and writes down what it is told."""

    body_timeout = 20.0
    send_timeout = 30.0

    def __init__(self, channel: Channel, message: Message) -> None:
        self.channel = channel
        self.message = message
        self.told: list[object] = []
        self.body = b""

    def begin(self) -> None:
        self.told.append("begin")

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        self.body += b"".join(chunks)
        if complete:
            self.told.append("complete")

    def body_failed(self, fault: ClientFault) -> None:
        self.told.append(fault.status)

    def client_lost(self) -> bool:
        self.told.append("lost")
        return False

    def client_paused(self) -> None:
        self.told.append("paused")

    def client_resumed(self) -> None:
        self.told.append("resumed")

    def answered(self) -> None:
        self.told.append("answered")

    def answer(self, body: bytes = b"", status: int = 200, length: int | None = 0) -> None:
        self.channel.start(status, b"OK", [b"X: y\r\n"], len(body) if length == 0 else length)
        self.channel.write([body])
        self.channel.end()


class ChannelTestCase(SynchronousTestCase):
    """A client, and the handlers of its requests, in order."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.deadlines.start()
        self.handlers: list[Handler] = []
        settings = ChannelSettings(
            header_timeout=10, keepalive_timeout=50, keepalive_requests=5, limits=Limits(head=500)
        )
        self.client = connect(ChannelFactory(self.handle, settings, self.deadlines))

    def handle(self, channel: Channel, message: Message) -> Handler:
        self.handlers.append(Handler(channel, message))
        return self.handlers[-1]

    def asked(self, *parts: bytes) -> Handler:
        """Send a request and return the handler that got it."""
        self.client.send(*parts)
        return self.handlers[-1]

    def get(self, version: bytes = b"1.1", fields: bytes = b"", method: bytes = b"GET") -> Handler:
        return self.asked(method + b" / HTTP/" + version + b"\r\nHost: a\r\n" + fields + b"\r\n")

    def post(self, body: bytes = b"", fields: bytes = b"Content-Length: 5\r\n") -> Handler:
        return self.asked(b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + body)
