"""Every exception of the proxy: whose fault it is, which status the client gets, whether another try is safe.

Three families, one for each party that can be at fault: the operator (`ConfigError`), the client (`ClientFault`) and
the server (`ServerFault`).
"""

from typing import ClassVar

from attrs import frozen


class StickyProxyError(Exception):
    """The root of every exception raised on purpose in this package."""


# -- the operator ----------------------------------------------------------------------------------------------------


@frozen(order=True)
class Fault:
    """One mistake in a configuration: where it stands, and what was expected there."""

    file: str
    line: int
    section: str
    key: str
    message: str

    def __str__(self) -> str:
        section = f" [{self.section}]" if self.section else ""
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{section}{key} {self.message}"


class ConfigError(StickyProxyError):
    """The configuration cannot be used; `faults` holds every mistake found, in the order of the files."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class StartError(StickyProxyError):
    """The configuration is right, but the machine does not let it run: a port is taken, a log cannot be opened."""


# -- the client ------------------------------------------------------------------------------------------------------


class ClientFault(StickyProxyError):
    """The client's message cannot be served; it is answered with `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class MalformedMessage(StickyProxyError):
    """What arrived is no HTTP/1.1 message, or more than the limits allow; a client is answered with `status`.

    Whoever reads a connection makes it the fault of the party at the other end.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


# -- the server ------------------------------------------------------------------------------------------------------


class ServerFault(StickyProxyError):
    """A try at a server failed.

    `status` is what the client gets when no other server is left, `condition` is nginx's word for it in
    `proxy_next_upstream`, `unsent` says that not a byte of the request reached the server (any request may then be
    tried again), and `blames` says whether the server is to be counted as failed.
    """

    status: ClassVar[int] = 502
    condition: ClassVar[str] = "error"
    unsent: ClassVar[bool] = False
    blames: ClassVar[bool] = True


class ConnectFailed(ServerFault):
    """The server refused the connection, or could not be reached."""

    unsent = True


class NoDescriptors(ServerFault):
    """This process, or the machine, has no descriptor left for a connection: not the server's failure.

    Another server would find none either.
    """

    status = 503
    condition = ""
    unsent = True
    blames = False


class ConnectTimedOut(ServerFault):
    """The connection was not established within `proxy_connect_timeout`."""

    status = 504
    condition = "timeout"
    unsent = True


class HandshakeFailed(ServerFault):
    """No TLS came about: the server's certificate is refused, or either side broke off."""

    unsent = True


class ConnectionStale(ServerFault):
    """A kept connection had been closed by the server before it saw this request: nobody's failure."""

    blames = False


class ConnectionCut(ServerFault):
    """The server closed or reset the connection before its answer was whole."""


class ServerTimedOut(ServerFault):
    """The server neither read nor wrote anything for `proxy_send_timeout` or `proxy_read_timeout`."""

    status = 504
    condition = "timeout"


class MalformedResponse(ServerFault):
    """What the server sent is no HTTP/1.1 response (RFC 9112), or more than the limits allow."""

    condition = "invalid_header"
