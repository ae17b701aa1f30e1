"""TLS towards clients: each is shown the certificate of the server that it names (SNI), else the default one."""

from collections.abc import Callable

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory, IReactorTime, ITransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from stickyproxy.http.certificates import ContextSource, NamingConnection
from stickyproxy.http.transports import Transport, hasten

# The type of the record in which a ClientHello comes (RFC 8446 section 5.1): no HTTP request begins with it.
_HANDSHAKE = b"\x16"

_PLAIN_REQUEST = b"The plain HTTP request was sent to an HTTPS port.\n"
_REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Server: stickyproxy\r\n"
    b"Content-Type: text/plain\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n" % len(_PLAIN_REQUEST)
) + _PLAIN_REQUEST


@implementer(IOpenSSLServerConnectionCreator)
class ServerTls:
    """The certificates of one listener: what `choose` finds for the name a client asks for, and for `""`, no name."""

    def __init__(self, choose: Callable[[bytes], ContextSource]) -> None:
        self._choose = choose

    def wrap(self, factory: IProtocolFactory, clock: IReactorTime) -> TLSMemoryBIOFactory:
        """Return a factory whose connections speak TLS to the client, and plainly to those of `factory`."""
        secure = TLSMemoryBIOFactory(self, False, factory, clock)
        secure.protocol = _ClientTransport
        return secure

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        return NamingConnection(self._choose(b"").context, self._choose)


class _ClientTransport(TLSMemoryBIOProtocol):
    """The TLS of one client, which may turn out to speak none: then it is told so (400, as nginx's 497)."""

    transport: Transport  # type: ignore[assignment]
    _begun = _plain = False

    def makeConnection(self, transport: ITransport) -> None:
        hasten(transport)
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._plain = not data.startswith(_HANDSHAKE)
            if self._plain:
                self.transport.write(_REFUSAL)
                self.transport.loseConnection()
        if not self._plain:
            super().dataReceived(data)
