from collections.abc import Hashable
from ipaddress import ip_address

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import ProxySsl
from stickyproxy.errors import ConnectFailed, ConnectTimedOut, HandshakeFailed
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.tls_client import ClientTls, SecureAgent

ADDRESS = InetAddress(ip_address("10.0.0.1"), 443)


class ConnectTests(SynchronousTestCase):
    """What becomes of connections whose handshake does not end well; those where it does are shown on real sockets."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.deadlines = Deadlines(self.reactor)
        self.deadlines.start()
        settings = ProxySsl("app", True, True, None, None)
        agent = Agent(self.reactor, self.deadlines, AgentSettings(1, 60, 100))
        self.connecting = SecureAgent(agent, ClientTls(settings, Certificates().for_servers(settings))).connect(
            ADDRESS, 5
        )

    def accept(self) -> None:
        """Accept the connection; the handshake is begun."""
        factory = self.reactor.tcpClients[0][2]
        self.protocol: Protocol = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)
        self.assertTrue(self.transport.value().startswith(b"\x16"))

    def lose(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(0, len(self.deadlines))

    def test_refused(self) -> None:
        """A server that refuses TCP is one that failed, as without TLS."""
        self.reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(ConnectionRefusedError("refused")))
        self.failureResultOf(self.connecting, ConnectFailed)

    def test_silent(self) -> None:
        """A server that says nothing to the handshake has `proxy_connect_timeout` for it."""
        self.accept()
        self.reactor.advance(4)
        self.assertNoResult(self.connecting)
        self.reactor.advance(1)
        self.failureResultOf(self.connecting, ConnectTimedOut)
        self.assertTrue(self.transport.disconnecting)
        self.lose()

    def test_hung_up(self) -> None:
        """A server that closes the connection within the handshake has not seen the request."""
        self.accept()
        self.lose()
        fault = self.failureResultOf(self.connecting, HandshakeFailed).value
        self.assertEqual("the TLS handshake failed: the server closed the connection", str(fault))

    def test_no_tls(self) -> None:
        """A server that speaks no TLS is told by what it says instead."""
        self.accept()
        self.protocol.dataReceived(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.lose()
        fault = self.failureResultOf(self.connecting, HandshakeFailed).value
        self.assertIn(
            str(fault),
            {f"the TLS handshake failed: {words}" for words in ("wrong version number", "packet length too long")},
        )

    def test_given_up(self) -> None:
        """A connection that nobody waits for any more is ended."""
        self.accept()
        self.connecting.cancel()
        self.assertTrue(self.transport.disconnecting)
        self.lose()
        self.failureResultOf(self.connecting, ConnectFailed, CancelledError)


class Asked(Agent):
    """Remembers under what connections were looked for."""

    keys: tuple[Hashable, ...] = ()

    def take(self, key: Hashable) -> None:
        self.keys += (key,)


def test_settings_tell_connections_apart() -> None:
    """Connections under other settings are others, be they to the same address."""
    reactor = MemoryReactorClock()
    agent = Asked(reactor, Deadlines(reactor), AgentSettings(3, 60, 100))
    certificates = Certificates()
    for settings in [ProxySsl("app", verify, True, None, None) for verify in (True, False, True)]:
        SecureAgent(agent, ClientTls(settings, certificates.for_servers(settings))).take(ADDRESS)
    checked, unchecked, again = agent.keys
    assert checked == again != unchecked


@pytest.mark.parametrize(("name", "sent"), [("app", b"app"), ("10.0.0.1", None), ("::1", None)])
def test_server_name(name: str, sent: bytes | None) -> None:
    """A name is sent to the server, an address is not."""
    settings = ProxySsl(name, True, True, None, None)
    tls = ClientTls(settings, Certificates().for_servers(settings))
    assert sent == tls.clientConnectionForTLS(None).get_servername()
