from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection as Socket
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.tunnel import End, Tunnel, Tunnelled
from tests.wire import End as Peer
from tests.wire import Transport


class Connection(Tunnelled):
    """A protocol that hands everything to its end of the tunnel."""

    def joined(self, end: End, full: bool = False) -> None:
        self.transport.registerProducer(self, True)
        self.join(end, self.transport, self.transport.write, full)

    def dataReceived(self, data: bytes) -> None:
        self.end_of_tunnel.received(data)

    def connectionLost(self, reason: object) -> None:
        self.end_of_tunnel.lost()


class TunnelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.deadlines.start()
        self.over = 0
        self.tunnel = Tunnel(self.deadlines, 10.0, self.ended)
        self.client, self.server = Peer(Connection()), Peer(Connection())

    def ended(self) -> None:
        self.over += 1

    def open(self, from_client: bytes = b"", from_server: bytes = b"", full: bool = False) -> None:
        self.client.protocol.joined(self.tunnel.client, full)
        self.server.protocol.joined(self.tunnel.server)
        self.tunnel.open(from_client, from_server)

    def wait(self, seconds: int) -> None:
        self.clock.pump([1] * seconds)

    def states(self) -> list[str]:
        return [state(peer.transport) for peer in (self.client, self.server)]

    # -- what is said --------------------------------------------------------------------------------------------------

    def test_both_ways(self) -> None:
        """What one end says goes to the other, and is counted."""
        self.open()
        self.client.send(b"ab", b"c")
        self.server.send(b"d")
        self.assertEqual((b"abc", b"d"), (self.server.received(), self.client.received()))
        self.assertEqual((3, 1), (self.tunnel.server.sent, self.tunnel.client.sent))

    def test_what_came_before(self) -> None:
        """What either end had said before the tunnel was open goes first."""
        self.open(b"early", b"soon")
        self.client.send(b"!")
        self.assertEqual((b"early!", b"soon"), (self.server.received(), self.client.received()))

    def test_backpressure(self) -> None:
        """An end that takes no more holds the other back, and only that one; who reads again lets it go on."""
        self.open()
        for slow, fast in ((self.client, self.server), (self.server, self.client)):
            slow.transport.producer.pauseProducing()
            self.assertEqual((True, False), (slow.transport.reading, fast.transport.reading))
            slow.transport.producer.resumeProducing()
            self.assertEqual((True, True), (slow.transport.reading, fast.transport.reading))

    def test_an_end_that_is_full_from_the_first(self) -> None:
        """A client that had not fetched its 101 yet holds the server back from the beginning."""
        self.open(full=True)
        self.assertEqual((True, False), (self.client.transport.reading, self.server.transport.reading))

    def test_an_end_that_was_held(self) -> None:
        """Who was not read from before is read from."""
        self.client.transport.pauseProducing()
        self.server.transport.pauseProducing()
        self.open()
        self.assertEqual((True, True), (self.client.transport.reading, self.server.transport.reading))

    # -- how it ends ---------------------------------------------------------------------------------------------------

    def test_half_closing_is_for_tunnels_alone(self) -> None:
        """Before the tunnel a connection that is closed halfway is lost, in it each direction ends by itself."""
        self.assertFalse(IHalfCloseableProtocol.providedBy(self.client.protocol))
        self.open()
        self.assertTrue(IHalfCloseableProtocol.providedBy(self.client.protocol))
        self.assertFalse(IHalfCloseableProtocol.providedBy(Connection()))

    def test_half_closed(self) -> None:
        """An end that says nothing more is still spoken to; when both say nothing more, both are closed."""
        self.open()
        self.client.send(b"last words")
        self.client.protocol.readConnectionLost()
        self.assertEqual((b"last words", ["open", "half closed"]), (self.server.received(), self.states()))
        self.server.send(b"I see")
        self.assertEqual(b"I see", self.client.received())
        self.server.protocol.readConnectionLost()
        self.assertEqual(["closed", "closed"], self.states())
        self.assertEqual(0, self.over)

    def test_a_full_end_is_half_closed(self) -> None:
        """What waits for an end that takes no more still reaches it, and then the end of it."""
        self.open()
        self.server.transport.producer.pauseProducing()
        self.client.protocol.readConnectionLost()
        self.assertEqual((None, "half closed"), (self.server.transport.producer, state(self.server.transport)))

    def test_the_client_is_gone(self) -> None:
        """When the client is gone the server is closed behind what is on its way; then it is over, once."""
        self.open()
        self.part(self.client, self.server)

    def test_the_server_is_gone(self) -> None:
        """When the server is gone the client is closed behind what is on its way; then it is over, once."""
        self.open()
        self.part(self.server, self.client)

    def part(self, lost: Peer, left: Peer) -> None:
        lost.send(b"bye")
        lost.reset()
        self.assertEqual((b"bye", "closed", 0), (left.received(), state(left.transport), self.over))
        left.close()
        self.assertEqual((1, 0), (self.over, len(self.deadlines)))

    def test_nothing_is_said_to_who_is_gone(self) -> None:
        """What comes for an end that is gone, or closed, goes nowhere."""
        self.open()
        self.client.reset()
        self.server.send(b"hello?")
        self.assertEqual((b"", 0), (self.client.received(), self.tunnel.client.sent))

    # -- time ----------------------------------------------------------------------------------------------------------

    def test_idle(self) -> None:
        """Both ends are closed when nobody has said anything for the idle time."""
        self.open()
        self.wait(9)
        self.assertEqual(["open", "open"], self.states())
        self.wait(2)
        self.assertEqual(["closed", "closed"], self.states())

    def test_not_idle(self) -> None:
        """Either end keeps the tunnel open by what it says."""
        self.open()
        for peer in (self.client, self.server, self.client, self.server):
            self.wait(8)
            peer.send(b"x")
        self.assertEqual(["open", "open"], self.states())

    def test_half_closed_and_idle(self) -> None:
        """A server that goes on to be silent though its client says nothing more is not waited for for ever."""
        self.open()
        self.client.protocol.readConnectionLost()
        self.wait(12)
        self.assertEqual(["closed", "closed"], self.states())

    def test_who_does_not_take_what_is_on_its_way(self) -> None:
        """An end that does not fetch what is left for it is cut after the idle time."""
        self.open()
        self.client.reset()
        self.wait(12)
        self.assertEqual("cut", state(self.server.transport))

    def test_who_still_fetches(self) -> None:
        """While an end fetches some of what waits for it, however slowly, the tunnel is not idle; then it is."""
        queue = Queue()
        self.server.protocol.joined(self.tunnel.server)
        self.tunnel.client.join(queue, queue.write, full=False)
        self.tunnel.open(b"", b"")
        self.server.send(b"x" * 100)
        for left in (90, 80, 70):
            queue.dataBuffer = bytes(left)
            self.wait(10)
            self.assertEqual("open", state(self.server.transport))
        self.wait(10)
        self.assertEqual("closed", state(self.server.transport))


class Queue(Socket):
    """A socket whose kernel takes only what it is told to."""

    def __init__(self) -> None:
        self.dataBuffer = b""
        self.offset = self._tempDataLen = 0

    def write(self, data: bytes) -> None:
        self.dataBuffer += data

    def resumeProducing(self) -> None:
        """There is nothing to read."""

    def loseConnection(self) -> None:
        """It never has."""


def state(transport: Transport) -> str:
    if transport.disconnected:
        return "cut"
    if transport.disconnecting:
        return "closed"
    return "half closed" if transport.half_closed else "open"


def test_a_protocol_without_a_tunnel() -> None:
    """A connection that has not become an end of a tunnel has none."""
    connection = Connection()
    connection.readConnectionLost()
    connection.writeConnectionLost()
    assert (None, True) == (connection.end_of_tunnel, isinstance(connection, Protocol))
