"""The words between a channel and those who answer its requests."""

import re
from typing import Protocol, cast

from attrs import field, frozen
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.protocols.tls import TLSMemoryBIOProtocol

from stickyproxy.errors import ClientFault
from stickyproxy.http.proxy_protocol import ProxyHeader
from stickyproxy.http.request import Limits
from stickyproxy.http.transports import Transport

_INTERNET = (IPv4Address, IPv6Address)
# A client may write anything into SNI; what is no name must not reach a header or a log.
_NAME = re.compile(rb"[A-Za-z0-9_.-]+")


class RequestHandler(Protocol):
    """What answers one request. The channel calls it; it answers through the channel.

    `body_timeout` and `send_timeout` are seconds between two reads of the body and two writes of the answer.
    """

    @property
    def body_timeout(self) -> float: ...
    @property
    def send_timeout(self) -> float: ...

    def begin(self) -> None:
        """The request's turn has come: answer it, now or later."""

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        """More of the body is here; only after `Channel.want_body`."""

    def body_failed(self, fault: ClientFault) -> None:
        """The body cannot be read to its end."""

    def client_lost(self) -> bool:
        """The client is gone; return whether the request goes on all the same: its answer leads nowhere."""

    def client_paused(self) -> None:
        """The client does not read as fast as the answer comes."""

    def client_resumed(self) -> None:
        """The client has caught up."""

    def answered(self) -> None:
        """The answer is written to its end."""


@frozen
class TlsSession:
    """What was agreed on with a client that speaks TLS; `server_name` is the one it asked for, in SNI."""

    protocol: bytes
    cipher: bytes
    server_name: bytes

    @classmethod
    def of(cls, transport: Transport) -> "TlsSession":
        """Ask a transport whose handshake is done."""
        connection = cast(TLSMemoryBIOProtocol, transport).getHandle()
        name = connection.get_servername() or b""
        return cls(
            connection.get_protocol_version_name().encode(),
            (connection.get_cipher_name() or "").encode(),
            name if _NAME.fullmatch(name) else b"",
        )


@frozen
class Ends:
    """The two ends of a client's connection, whose number in this process is `serial`.

    A Unix socket has no address: nginx shows it as `unix:`. `proxied` is the PROXY header that it began with.

    Where somebody who is trusted tells who the client is, the peer is that client, and `socket` has the connection's
    own ends. `believed`: what the request's fields say of whom it is forwarded for comes from somebody who is trusted.
    """

    serial: int
    peer_host: bytes = b"unix:"
    peer_port: int = 0
    local_host: bytes = b"unix:"
    local_port: int = 0
    tls: TlsSession | None = None
    proxied: ProxyHeader | None = None
    socket: "Ends | None" = None
    believed: bool = False

    @classmethod
    def of(cls, transport: Transport, serial: int, proxied: ProxyHeader | None = None) -> "Ends":
        """Ask a transport for both."""
        peer, local = transport.getPeer(), transport.getHost()
        if not (isinstance(peer, _INTERNET) and isinstance(local, _INTERNET)):
            return cls(serial, proxied=proxied)
        return cls(serial, host_of(peer), peer.port, host_of(local), local.port, proxied=proxied)


def host_of(address: IAddress | None) -> bytes:
    """The host of one end of a connection, as in Ends."""
    return address.host.encode("ascii") if isinstance(address, _INTERNET) else b"unix:"


@frozen
class ChannelSettings:
    """What holds for every connection of a listener. Times are seconds."""

    header_timeout: float = 60.0
    keepalive_timeout: float = 75.0
    keepalive_requests: int = 1000
    limits: Limits = field(factory=Limits)
