"""The names of servers inside cookies: from sid to server and back."""

from collections.abc import Callable, Sequence
from hashlib import md5

from stickyproxy.config.settings import Server


def md5_sid(server: Server) -> bytes:
    """`hash=md5`: lower-case hex md5 of the address in nginx's spelling; the `id=` does not matter."""
    return md5(str(server.address).encode(), usedforsecurity=False).hexdigest().encode()


def plain_sid(server: Server) -> bytes:
    """`hash=plain`: the server's `id=`, else its address."""
    return (server.id or str(server.address)).encode()


class Sids:
    """Which server each sid names, and which sid each server has. Of two servers with one sid the first is named."""

    __slots__ = ("server_of", "sid_of")

    def __init__(self, servers: Sequence[Server], sid: Callable[[Server], bytes]) -> None:
        self.sid_of = {server: sid(server) for server in servers}
        self.server_of = {self.sid_of[server]: server for server in reversed(servers)}
