"""Smooth weighted round robin, as nginx does it: weights 5, 1, 1 give a a b a c a a, not a a a a a b c."""

from collections.abc import Collection, Sequence

from stickyproxy.balance.peer import Peer


class RoundRobin:
    """Takes turns by weight. The turns themselves are kept in the peers."""

    __slots__ = ("_peers", "_total_weight")

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = peers
        self._total_weight = sum(peer.weight for peer in peers)

    def pick(self, tried: Collection[Peer], now: float) -> Peer | None:
        best, total = self._round(tried, now)
        if best is not None:
            best.current_weight -= total
        return best

    def count(self, peer: Peer, tried: Collection[Peer], now: float) -> None:
        # A busy session is not to keep new ones from its server for ever: it owes one turn at most, as in nginx.
        if peer.current_weight > peer.weight - self._total_weight:
            _, total = self._round(tried, now)
            peer.current_weight -= total

    def _round(self, tried: Collection[Peer], now: float) -> tuple[Peer | None, int]:
        """Credit every peer that may take the request; return who is owed most and the sum of the credits."""
        best = None
        total = 0
        for peer in self._peers:
            if peer in tried or not peer.usable(now):
                continue
            credit = peer.effective_weight
            total += credit
            peer.current_weight += credit
            if credit < peer.weight:
                peer.effective_weight = credit + 1
            if best is None or peer.current_weight > best.current_weight:
                best = peer
        return best, total
