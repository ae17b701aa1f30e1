"""Smooth weighted round robin, as nginx does it: weights 5, 1, 1 give a a b a c a a, not a a a a a b c."""

from collections.abc import Collection, Sequence
from operator import attrgetter

from stickyproxy.balance.peer import Peer, available, shares

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
        peers = available(self._peers, tried, now)
        return self.turn(peers, shares(peers, now))

    def turn(self, peers: Sequence[Peer], credits_: Sequence[float]) -> Peer | None:
        """Say which of the peers has its turn, where a turn brings each of them so much nearer to its next one."""
        owing, self._owing = self._owing, set()
        turns = 1 + len(owing)
        total = sum(credits_)
        for peer, credit in zip(peers, credits_, strict=True):
            peer.current_weight += credit * turns
            if peer.effective_weight < peer.weight:
                peer.effective_weight = min(peer.effective_weight + turns, peer.weight)
        for peer in owing:
            peer.current_weight -= total
        if not peers:
            return None
        # The first among equals.
        best = max(peers, key=_CURRENT_WEIGHT)
        best.current_weight -= total
        return best

    def count(self, peer: Peer) -> None:
        # A busy session is not to keep new ones from its server for ever: it owes one turn at most, as in nginx.
        if peer.current_weight > peer.weight - self._total_weight:
            self._owing.add(peer)
