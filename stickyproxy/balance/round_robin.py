"""Smooth weighted round robin, as nginx does it: weights 5, 1, 1 give a a b a c a a, not a a a a a b c."""

from collections.abc import Collection, Sequence
from operator import attrgetter

from stickyproxy.balance.peer import Peer

_CURRENT_WEIGHT = attrgetter("current_weight")


class RoundRobin:
    """Takes turns by weight. The turns themselves are kept in the peers.

    What sessions take of their servers' turns is noted, and settled when the next choice is made, so that a session's
    request costs the same among two servers and among a thousand.
    """

    __slots__ = ("_owing", "_peers", "_total_weight")

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = peers
        self._total_weight = sum(peer.weight for peer in peers)
        self._owing: set[Peer] = set()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        owing, self._owing = self._owing, set()
        turns = 1 + len(owing)
        available = [peer for peer in self._peers if peer not in tried and peer.available(now)]
        total = 0
        for peer in available:
            credit = peer.effective_weight
            total += credit
            peer.current_weight += credit * turns
            if credit < peer.weight:
                peer.effective_weight = min(credit + turns, peer.weight)
        for peer in owing:
            peer.current_weight -= total
        if not available:
            return None
        # The first among equals.
        best = max(available, key=_CURRENT_WEIGHT)
        best.current_weight -= total
        return best

    def count(self, peer: Peer) -> None:
        # A busy session is not to keep new ones from its server for ever: it owes one turn at most, as in nginx.
        if peer.current_weight > peer.weight - self._total_weight:
            self._owing.add(peer)
