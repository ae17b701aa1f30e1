"""The names of servers inside cookies: from sid to server and back, in each dialect's way."""

import hmac
from collections.abc import Callable, Sequence
from hashlib import md5

from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import is_plausible

# Bytes of a keyed sid, and of the seal on dates: nobody guesses 128 bits. They are written in as many hex digits.
_SEAL = 16
SEAL_LENGTH = 2 * _SEAL


def md5_sid(server: Server) -> bytes:
    """`hash=md5`: lower-case hex md5 of the address in nginx's spelling; the `id=` does not matter."""
    return md5(str(server.address).encode(), usedforsecurity=False).hexdigest().encode()


def plain_sid(server: Server) -> bytes:
    """`hash=plain`: the server's `id=`, else its address."""
    return (server.id or str(server.address)).encode()


def keyed_sid(key: bytes) -> Callable[[Server], bytes]:
    """`hash=hmac`: what nobody can tell the server from, or name it by, who does not have the key."""
    return lambda server: seal(key, b"sid " + plain_sid(server))


def blinding(key: bytes) -> Callable[[bytes], bytes]:
    """By what keyed sids are looked up: a guess is compared as what only the key makes of it.

    So how long it takes to find no server tells nothing about how much of a guess was right.
    """
    return lambda sid: seal(key, b"look up " + sid) if len(sid) == SEAL_LENGTH else b""


def seal(key: bytes, text: bytes) -> bytes:
    """Half an HMAC-SHA256 in lower-case hex (RFC 2104 section 5 allows to cut it)."""
    return hmac.digest(key, text, "sha256")[:_SEAL].hex().encode()


def nginx_sid(server: Server) -> bytes:
    """nginx: the server's `route=`, else the md5 of its address."""
    return server.route.encode() if server.route else md5_sid(server)


def haproxy_sid(server: Server) -> bytes:
    """HAProxy: the server's `cookie=`, else as `hash=plain`."""
    return server.cookie.encode() if server.cookie else plain_sid(server)


def apache_sid(server: Server) -> bytes:
    """Apache: a dot, and the server's `route=`, else as `hash=plain`."""
    return b"." + (server.route.encode() if server.route else plain_sid(server))


def before_the_bar(value: bytes) -> bytes:
    """What HAProxy takes for the sid, dates or no dates behind it."""
    return value.partition(b"|")[0]


def from_the_dot(value: bytes) -> bytes:
    """What Apache takes for the route, and the dot before it."""
    return value[value.find(b".") :]


class Sids:
    """Which server each sid names, and which sid each server has. Of two servers with one sid the first is named.

    `find` finds a server by its sid, `named` by a cookie's value; `within` says which part of that is the sid, where it
    is not all. With `blind` sids are looked up by what it makes of them.
    """

    __slots__ = ("find", "named", "sid_of")

    def __init__(
        self,
        servers: Sequence[Server],
        sid: Callable[[Server], bytes],
        within: Callable[[bytes], bytes] | None = None,
        blind: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.sid_of = {server: sid(server) for server in servers}
        table = {sid: server for server, sid in reversed(self.sid_of.items())}
        find: Callable[[bytes], Server | None] = table.get
        if blind is not None:
            blinded = {blind(sid): server for sid, server in table.items()}
            find = lambda sid: blinded.get(blind(sid))  # noqa: E731
        self.find = self.named = find
        if within is not None:
            # A sid alone is found to the byte; what may stand beside one is not to be just anything.
            self.named = lambda value: find(within(value)) if is_plausible(value) else None
