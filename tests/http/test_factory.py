from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.channel import Channel
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.factory import ChannelFactory
from stickyproxy.http.reader import Message
from stickyproxy.http.words import ChannelSettings
from tests.http.channels import Handler
from tests.wire import connect, requests


class DrainTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.handlers: list[Handler] = []
        self.factory = ChannelFactory(self.handle, ChannelSettings(), Deadlines(Clock()))

    def handle(self, channel: Channel, message: Message) -> Handler:
        self.handlers.append(Handler(channel, message))
        return self.handlers[-1]

    def test_nobody_there(self) -> None:
        """Where nobody is connected, nothing is waited for."""
        gone = connect(self.factory)
        gone.close()
        self.successResultOf(self.factory.drain())

    def test_idle(self) -> None:
        """An idle connection, and one whose request is not whole, is closed at once."""
        idle, begun = connect(self.factory), connect(self.factory)
        begun.send(b"GET / HT")
        drained = self.factory.drain()
        self.assertEqual((True, True), (idle.dropped, begun.dropped))
        idle.close()
        self.assertNoResult(drained)
        begun.close()
        self.successResultOf(drained)

    def test_busy(self) -> None:
        """A request in progress is answered, the client told that the connection ends, and the next not begun."""
        client = connect(self.factory)
        client.send(requests(b"/1", b"/2"))
        drained = self.factory.drain()
        self.assertFalse(client.dropped)
        self.handlers[0].answer(b"hello")
        response = client.received()
        self.assertIn(b"Connection: close\r\n", response)
        self.assertTrue(response.endswith(b"hello"))
        self.assertEqual((True, 1), (client.dropped, len(self.handlers)))
        client.close()
        self.successResultOf(drained)

    def test_taken(self) -> None:
        """A request that has been read is answered, even if it is not begun yet."""
        client = connect(self.factory)
        client.protocol.take(requests(b"/1"))
        self.factory.drain()
        client.protocol.go_on()
        self.handlers[0].answer(b"hello")
        self.assertIn(b"Connection: close\r\n", client.received())
        self.assertTrue(client.dropped)

    def test_answer_begun(self) -> None:
        """An answer that has begun goes on to its end, and the connection ends with it."""
        client = connect(self.factory)
        client.send(requests(b"/1"))
        channel = self.handlers[0].channel
        channel.start(200, b"OK", [], 5)
        channel.flush()
        self.factory.drain()
        channel.write([b"hello"])
        channel.end()
        self.assertTrue(client.received().endswith(b"hello"))
        self.assertTrue(client.dropped)
