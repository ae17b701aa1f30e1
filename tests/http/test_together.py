"""Both halves of the wire, opposite to each other: what a connection writes, a channel reads, and back."""

from twisted.internet.task import Clock
from twisted.test.iosim import connectedServerAndClient
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.channel import Channel
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.factory import ChannelFactory
from stickyproxy.http.framing import LAST_CHUNK, chunked
from stickyproxy.http.reader import Message
from stickyproxy.http.words import ChannelSettings
from tests.http.channels import Handler
from tests.http.test_connection import TERMS, Keeper, Receiver


class Echo(Handler):
    """Answers with the body, as soon as it is whole; without a length where the request had none."""

    def begin(self) -> None:
        self.channel.want_body()

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        super().body_received(chunks, complete)
        if complete:
            self.answer(self.body, length=0 if self.message.head.length is not None else None)


class TogetherTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.keeper = Keeper(Clock())
        factory = ChannelFactory(self.handle, ChannelSettings(), Deadlines(Clock()))
        self.connection, self.channel, self.pump = connectedServerAndClient(
            lambda: factory.buildProtocol(None),
            lambda: ServerConnection(self.keeper, "a", keepalive_timeout=60, keepalive_requests=10),
        )

    def handle(self, channel: Channel, message: Message) -> Handler:
        return Echo(channel, message)

    def ask(self, head: bytes, *parts: bytes) -> Receiver:
        """Send a request whose body comes in parts, and return what was received when nothing moves any more."""
        receiver = Receiver()
        self.connection.send(head, receiver, b"POST", not parts, TERMS)
        for part in parts:
            self.pump.flush()
            self.connection.write(part)
        if parts:
            self.connection.finish()
        self.pump.flush()
        return receiver

    def test_with_lengths(self) -> None:
        """A body with a length comes back with one, and the connection serves the next request."""
        for size in (0, 1, 300_000):
            body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
            receiver = self.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body)
            self.assertEqual(
                (200, size, body, True), (receiver.head.status, receiver.head.length, receiver.body, receiver.ended)
            )
            self.assertEqual([self.connection], self.keeper.kept)
            self.keeper.kept.clear()

    def test_in_chunks(self) -> None:
        """A body in chunks comes back in chunks, in however many parts it is sent."""
        parts = [b"a" * 70_000, b"b", b"c" * 16]
        for segments in ([b"".join([*chunked(parts), LAST_CHUNK])], [*chunked(parts), LAST_CHUNK]):
            receiver = self.ask(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", *segments)
            self.assertEqual((None, b"".join(parts), True), (receiver.head.length, receiver.body, receiver.ended))
            self.assertEqual([self.connection], self.keeper.kept)
            self.keeper.kept.clear()

    def test_expecting(self) -> None:
        """An interim 100 is read as such, and the answer follows."""
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        receiver = self.ask(head, b"ok")
        self.assertEqual((200, b"ok"), (receiver.head.status, receiver.body))

    def test_the_last_request(self) -> None:
        """A request that asks to close is answered, and neither side keeps the connection."""
        receiver = self.ask(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual((b"ok", True, []), (receiver.body, receiver.ended, self.keeper.kept))
        self.assertTrue(self.channel.transport.disconnected)
