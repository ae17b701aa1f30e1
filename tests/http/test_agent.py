import errno
from ipaddress import ip_address

from attrs import define
from twisted.internet.error import ConnectBindError, TCPTimedOutError, TimeoutError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.errors import ConnectFailed, ConnectTimedOut, NoDescriptors
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.deadlines import Deadlines
from tests.http.test_connection import TERMS, Receiver
from tests.wire import Servers

A = InetAddress(ip_address("10.0.0.1"), 8080)
B = InetAddress(ip_address("2001:db8::1"), 80)


class AgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.servers = Servers(self.reactor)
        self.agent = Agent(self.reactor, Deadlines(self.reactor), AgentSettings(1, 60.0, 1000))

    def connected(self, address: InetAddress = A) -> ServerConnection:
        connecting = self.agent.connect(address, 5)
        self.server = self.servers.accept()
        return self.successResultOf(connecting)

    def serve(self, connection: ServerConnection) -> None:
        """Have a connection serve one request to its end."""
        connection.send(b"GET / HTTP/1.1\r\n\r\n", Receiver(), b"GET", True, TERMS)
        self.server.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    def test_connect(self) -> None:
        """A connection leads to the address asked for, IPv4 or IPv6."""
        self.connected(A)
        self.connected(B)
        self.assertEqual([("10.0.0.1", 8080), ("2001:db8::1", 80)], self.servers.asked)

    def test_unix(self) -> None:
        """A Unix socket is connected to by its path."""
        self.agent.connect(UnixAddress("/run/app.sock"), 5)
        self.assertEqual("/run/app.sock", self.reactor.unixClients[0][0])

    def test_kept(self) -> None:
        """A connection that has served its request is there for the next one to the same address."""
        connection = self.connected()
        self.assertIsNone(self.agent.take(A))
        self.serve(connection)
        self.assertIsNone(self.agent.take(B))
        self.assertIs(connection, self.agent.take(A))
        self.assertIsNone(self.agent.take(A))

    def test_one_too_many(self) -> None:
        """As many as `keepalive` are kept; the one idle longest is closed."""
        first = self.connected()
        server = self.server
        second = self.connected()
        self.serve(second)
        self.server = server
        self.serve(first)
        self.assertIs(first, self.agent.take(A))
        self.assertIsNone(self.agent.take(A))

    def test_refused(self) -> None:
        """A server that refuses is one that failed, and the message says how."""
        connecting = self.agent.connect(A, 5)
        self.servers.refuse()
        self.assertIn("refused", str(self.failureResultOf(connecting, ConnectFailed).value))

    def test_no_connection_in_time(self) -> None:
        """The timeout is the reactor's to keep, and a fault of its own."""
        for number, error in enumerate((TimeoutError(), TCPTimedOutError())):
            connecting = self.agent.connect(A, 5)
            _, _, factory, timeout, _ = self.reactor.tcpClients[number]
            self.assertEqual(5, timeout)
            factory.clientConnectionFailed(None, Failure(error))
            self.failureResultOf(connecting, ConnectTimedOut)

    def test_no_descriptors(self) -> None:
        """Where this process can open no connection the server is not to blame, be it on TCP or on a Unix socket."""
        for number, error in enumerate((ConnectBindError(errno.EMFILE, ""), OSError(errno.ENFILE, ""))):
            connecting = self.agent.connect(A, 5)
            self.reactor.tcpClients[number][2].clientConnectionFailed(None, Failure(error))
            self.assertIn("too many open files", str(self.failureResultOf(connecting, NoDescriptors).value))

    def test_close(self) -> None:
        """Closing the agent closes what is idle."""
        self.serve(self.connected())
        self.agent.close()
        self.assertTrue(self.server.dropped)
        self.assertIsNone(self.agent.take(A))

    def test_keep_only(self) -> None:
        """What is idle and leads elsewhere is closed, with TLS or without; the rest is kept."""
        agent = Agent(self.reactor, Deadlines(self.reactor), AgentSettings(3, 60.0, 1000))
        kept = [Idle(A), Idle((A, "tls")), Idle(B)]
        for connection in kept:
            agent.keep(connection)
        agent.keep_only([B])
        self.assertEqual([True, True, False], [connection.closed for connection in kept])
        self.assertIs(kept[2], agent.take(B))
        late = [Idle((A, "tls")), Idle((B, "tls"))]
        for connection in late:
            agent.keep(connection)
        self.assertEqual([True, False], [connection.closed for connection in late])


@define(eq=False)
class Idle:
    """An idle connection."""

    key: object
    closed: bool = False

    def close(self) -> None:
        self.closed = True
