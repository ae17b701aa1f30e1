"""By a key of the request, so that the same key leads to the same server: nginx's `ip_hash` and `hash KEY`.

A key gives an endless row of numbers; each is a place in the row of peers. The first peer that can take the request is
chosen. Keys, numbers and places are nginx's, so that the same keys lead to the same servers there and here.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count, islice
from zlib import crc32

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.ranges import Ranges
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import ATTEMPTS, Key


class Hash(RoundRobin):
    """Goes by the numbers of a key; round robin chooses when there is no key, or nobody after many numbers."""

    __slots__ = ("_key", "_numbers", "_ranges")

    def __init__(self, peers: Sequence[Peer], key: Key, numbers: Callable[[bytes], Iterator[int]]) -> None:
        super().__init__(peers)
        self._ranges = Ranges(peers)
        self._key = key
        self._numbers = numbers

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        if self._peers and (key := self._key(asker)):
            ranges = self._ranges
            for number in islice(self._numbers(key), ATTEMPTS):
                peer = ranges.at(number % ranges.total)
                if peer not in tried and peer.available(now):
                    return peer
        return super().pick(tried, now, asker)


def ip_numbers(address: bytes) -> Iterator[int]:
    """Yield the numbers of an address (ngx_http_upstream_ip_hash_module.c), each going on from the one before."""
    number = 89
    while True:
        for byte in address:
            number = (number * 113 + byte) % 6271
        yield number


def key_numbers(key: bytes) -> Iterator[int]:
    """Yield the numbers of a key (ngx_http_upstream_hash_module.c, which follows Perl's Cache::Memcached)."""
    number = crc32(key) >> 16 & 0x7FFF
    yield number
    for nth in count(1):
        number += crc32(b"%d%b" % (nth, key)) >> 16 & 0x7FFF
        yield number
