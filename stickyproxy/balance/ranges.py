"""Peers laid end to end, each as long as its weight: what `hash` walks along, and what `random` draws from."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from stickyproxy.balance.peer import Peer


class Ranges:
    """Says whose range a place is in, from 0 up to `total`. A peer that is out keeps its range."""

    __slots__ = ("_ends", "_peers", "total")

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = peers
        self._ends = list(accumulate(peer.weight for peer in peers))
        self.total = self._ends[-1] if self._ends else 0

    def at(self, place: float) -> Peer:
        return self._peers[bisect_right(self._ends, place)]
