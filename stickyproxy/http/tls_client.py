"""TLS towards servers: connections that are lent out only when the server has proved who it is."""

from collections.abc import Hashable
from typing import Protocol, cast

from OpenSSL.crypto import X509
from OpenSSL.SSL import VERIFY_PEER, Connection, Error, X509VerificationCodes
from service_identity import VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from stickyproxy.config.settings import ProxySsl
from stickyproxy.errors import ConnectionCut, ConnectTimedOut, HandshakeFailed
from stickyproxy.http.agent import Address, Agent, translate
from stickyproxy.http.certificates import ContextSource, reason_of
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.transports import hasten

_WORDS = {
    code: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, code in vars(X509VerificationCodes).items()
    if name.startswith("ERR_")
}


class Judging(Protocol):
    """What speaks over the TLS of a server, and wants to know why that does not come about."""

    def distrust(self, reason: str) -> None:
        """Tell what is wrong with the server's certificate."""


@implementer(IOpenSSLClientConnectionCreator)
class ClientTls:
    """How TLS is spoken to servers: with which certificates, and whose name they have to prove.

    The protocol above it is one for Judging.
    """

    def __init__(self, settings: ProxySsl, source: ContextSource) -> None:
        self.settings = settings
        self._source = source
        self._verifies = settings.verify
        self._name = settings.name
        is_address = isIPAddress(settings.name) or isIPv6Address(settings.name)
        self._identity = IPAddress_ID(settings.name) if is_address else DNS_ID(settings.name)
        # An IP address is no server name (RFC 6066 section 3).
        self._server_name = None if is_address or not settings.server_name else settings.name.encode("ascii")

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        connection = Connection(self._source.context)
        if self._server_name:
            connection.set_tlsext_host_name(self._server_name)
        if self._verifies:
            connection.set_verify(VERIFY_PEER, self._judge)
        return connection

    def _judge(self, connection: Connection, certificate: X509, code: int, depth: int, trusted: int) -> bool:
        """Say whether a certificate of the server's chain will do; what is wrong goes to the connection."""
        server: Judging = connection.get_app_data().wrappedProtocol
        if not trusted:
            server.distrust(_WORDS.get(code, f"error {code}"))
        elif depth == 0:
            try:
                verify_service_identity(extract_patterns(certificate), [self._identity], [])
            except VerificationError:
                server.distrust(f'it is not for "{self._name}"')
                return False
        return bool(trusted)


class SecureAgent:
    """The connections over TLS of an agent; it keeps them among its others."""

    def __init__(self, agent: Agent, tls: ClientTls) -> None:
        self._agent = agent
        self._tls = tls
        self._key = tls.settings
        self.deadlines = agent.deadlines

    def take(self, address: Address) -> ServerConnection | None:
        """Take an idle connection to `address`, or None."""
        return self._agent.take((address, self._key))

    def connect(self, address: Address, timeout: float, opening: bytes = b"") -> "Deferred[ServerConnection]":
        """Make a new connection: `timeout` seconds for TCP, and as many for TLS; `opening` goes out before TLS.

        Fires with it, or fails with ConnectFailed, ConnectTimedOut or HandshakeFailed. Cancelling gives it up.
        """
        requests = 1 if opening else self._agent.settings.keepalive_requests
        factory = _SecureFactory(self._agent, (address, self._key), timeout, requests)
        secure = _TlsFactory(self._tls, True, factory, cast(IReactorTime, self._agent.reactor))
        secure.opening = opening
        connecting = self._agent.endpoint(address, timeout).connect(secure).addCallback(_established)
        return cast("Deferred[ServerConnection]", connecting.addErrback(translate))


def _established(transport: IProtocol) -> "Deferred[SecureConnection]":
    connection = cast(TLSMemoryBIOProtocol, transport).wrappedProtocol
    assert isinstance(connection, SecureConnection)
    return connection.established


class _SecureFactory(Factory):
    noisy = False

    def __init__(self, agent: Agent, key: Hashable, timeout: float, requests: int) -> None:
        self._agent = agent
        self._key = key
        self._timeout = timeout
        self._requests = requests

    def buildProtocol(self, addr: IAddress | None) -> "SecureConnection":
        return SecureConnection(self._agent, self._key, self._timeout, self._requests)


class _Tls(TLSMemoryBIOProtocol):
    """Speaks TLS behind the opening."""

    def makeConnection(self, transport: ITransport) -> None:
        hasten(transport)
        transport.write(cast(_TlsFactory, self.factory).opening)
        super().makeConnection(transport)


class _TlsFactory(TLSMemoryBIOFactory):
    protocol = _Tls
    opening = b""


@implementer(IHandshakeListener)
class SecureConnection(ServerConnection):
    """A connection that is there only when the handshake is done; `established` fires with it then."""

    def __init__(self, agent: Agent, key: Hashable, timeout: float, requests: int) -> None:
        super().__init__(agent, key, agent.settings.keepalive_timeout, requests)
        self.established: Deferred[SecureConnection] = Deferred(lambda _: self.close())
        self._agent = agent
        self._timeout = timeout
        self._distrust = ""

    def distrust(self, reason: str) -> None:
        """Tell what is wrong with the server's certificate."""
        self._distrust = self._distrust or reason

    def connectionMade(self) -> None:
        # Until the handshake is done nothing is sent here, and no more than the deadline is needed.
        self.deadline = self._seconds() + self._timeout
        self._agent.deadlines.watch(self)

    def handshakeCompleted(self) -> None:
        super().connectionMade()
        self.established.callback(self)

    def timed_out(self) -> None:
        if self.established.called:
            super().timed_out()
        else:
            self.established.errback(ConnectTimedOut("no TLS handshake in time"))
            self.close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        words = reason_of(reason.value) if isinstance(reason.value, Error) else "the server closed the connection"
        if not self.established.called:
            if self._distrust:
                fault = f"the server's certificate is refused: {self._distrust}"
            else:
                fault = f"the TLS handshake failed: {words}"
            self.established.errback(HandshakeFailed(fault))
        elif self._receiver is not None and isinstance(reason.value, Error):
            # The server's word on a certificate of ours comes only after a handshake that we took for done (TLSv1.3).
            self._gone = True
            self._fail(ConnectionCut(f"the server broke off TLS: {words}"))
        super().connectionLost(reason)
