"""By a key of the request, so that a server that comes or goes moves no keys but its own: `hash KEY consistent`.

Each server has many points on a ring, and a key belongs to the first point behind it. The points are nginx's
(ngx_http_upstream_hash_module.c), which are those of Perl's Cache::Memcached::Fast (libketama).
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from zlib import crc32

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import ATTEMPTS, Key

# For each unit of weight.
_POINTS = 160


class ConsistentHash(RoundRobin):
    """Goes along the ring from a key; round robin chooses when there is no key, or nobody at many points.

    The points of a server come from its `server` line as it is written, and those of one text (a name with several
    addresses, for one) share their points by turns.
    """

    __slots__ = ("_key", "_owners", "_points")

    def __init__(self, peers: Sequence[Peer], key: Key) -> None:
        super().__init__(peers)
        self._key = key
        alike: dict[str, list[Peer]] = {}
        for peer in peers:
            alike.setdefault(peer.server.name, []).append(peer)
        ring: dict[int, RoundRobin] = {}
        for name, twins in alike.items():
            owner = RoundRobin(twins)
            for point in points(name, max(peer.weight for peer in twins)):
                ring.setdefault(point, owner)
        self._points = sorted(ring)
        self._owners = [ring[point] for point in self._points]

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        if self._peers and (key := self._key(asker)):
            at = bisect_left(self._points, crc32(key))
            for nth in range(at, at + ATTEMPTS):
                peer = self._owners[nth % len(self._owners)].pick(tried, now, asker)
                if peer is not None:
                    return peer
        return super().pick(tried, now, asker)


def points(name: str, weight: int) -> list[int]:
    """Return the points of a server on the ring; `name` is its address as it is written."""
    base = crc32(b"%b\0%b" % _host_and_port(name))
    found = []
    point = 0
    for _ in range(weight * _POINTS):
        point = crc32(point.to_bytes(4, "little"), base)
        found.append(point)
    return found


def _host_and_port(name: str) -> tuple[bytes, bytes]:
    """Part the address as nginx does here: at its last colon, if only digits follow; a Unix socket is its path."""
    if name[:5].lower() == "unix:":
        return name[5:].encode(), b""
    host, colon, port = name.rpartition(":")
    if colon and (port.isdecimal() or not port):
        return host.encode(), port.encode()
    return name.encode(), b""
