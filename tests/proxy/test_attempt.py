from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.balance.peer import Peer
from stickyproxy.config.proxying import parse_server
from stickyproxy.errors import ConnectFailed, ServerFault
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.proxy.attempt import Attempt
from stickyproxy.proxy.outcome import Try
from tests.http.test_connection import TERMS, Receiver
from tests.wire import Servers


class Asking:
    """Who asks for a connection, and notes what becomes of it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.surprise: Exception | None = None

    def connected(self, connection: ServerConnection) -> None:
        self.told.append(connection)
        if self.surprise is not None:
            raise self.surprise

    def server_failed(self, fault: ServerFault) -> None:
        self.told.append(type(fault))

    def broken(self, failure: Failure) -> None:
        self.told.append(failure.value)


class AttemptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.servers = Servers(self.reactor)
        self.agent = Agent(self.reactor, Deadlines(self.reactor), AgentSettings(8, 60.0, 1000))
        self.peer = Peer(parse_server(["10.0.0.1:80"]))
        self.facts = Try(b"app", b"10.0.0.1:80", 1.0)
        self.attempt = Attempt(self.agent, self.peer, self.facts)
        self.asking = Asking()

    def connect(self) -> None:
        self.attempt.connect(self.asking, 5, b"hi ")

    def test_a_peer_is_busy_as_long_as_the_try(self) -> None:
        """A try counts as a connection of its peer until it ends."""
        self.assertEqual(1, self.peer.conns)
        self.attempt.end(2.0, failed=False)
        self.assertEqual((0, 0, 2.0), (self.peer.conns, self.peer.fails, self.facts.ended))

    def test_a_failed_try(self) -> None:
        """A try that failed is its peer's failure."""
        self.attempt.end(2.0, failed=True)
        self.assertEqual((0, 1), (self.peer.conns, self.peer.fails))

    def test_connected(self) -> None:
        """A new connection begins with what it has to, is handed over, and goes when the try ends before it does."""
        self.connect()
        server = self.servers.accept()
        self.assertEqual(([self.attempt.connection], b"hi "), (self.asking.told, server.received()))
        self.attempt.end(2.0, failed=False)
        self.assertEqual((True, None), (server.transport.disconnecting, self.attempt.connection))

    def test_refused(self) -> None:
        """Who asked is told that no connection came about."""
        self.connect()
        self.servers.refuse()
        self.assertEqual([ConnectFailed], self.asking.told)

    def test_given_up(self) -> None:
        """A try that ends while it connects gives that up, and nobody is told."""
        self.connect()
        self.attempt.end(2.0, failed=False)
        self.assertEqual([], self.asking.told)

    def test_broken(self) -> None:
        """What goes wrong with who was told of the connection is told as well."""
        self.asking.surprise = ZeroDivisionError()
        self.connect()
        self.servers.accept()
        self.assertEqual([self.attempt.connection, self.asking.surprise], self.asking.told)

    def kept(self) -> None:
        """Have the agent keep a connection that has served a request."""
        connecting = self.agent.connect(self.peer.address, 5)
        self.server = self.servers.accept()
        self.kept_connection = self.successResultOf(connecting)
        self.kept_connection.send(b"GET / HTTP/1.1\r\n\r\n", Receiver(), b"GET", True, TERMS)
        self.server.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    def test_reuse(self) -> None:
        """A connection that is kept is taken."""
        self.assertIsNone(self.attempt.reuse())
        self.kept()
        self.assertIs(self.kept_connection, self.attempt.reuse())
        self.assertIs(self.kept_connection, self.attempt.connection)

    def test_stale(self) -> None:
        """A connection that the server has closed is not taken."""
        self.kept()
        self.kept_connection.stale = lambda: True
        self.assertEqual((None, None), (self.attempt.reuse(), self.attempt.connection))
