"""The fewest connections per weight (nginx's `least_conn`)."""

from collections.abc import Collection, Sequence
from math import inf

from stickyproxy.balance.peer import Peer, available, shares, weights
from stickyproxy.balance.round_robin import RoundRobin


class LeastConn(RoundRobin):
    """Chooses who has the fewest connections for its weight; equals take turns."""

    __slots__ = ()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        peers = available(self._peers, tried, now)
        idlest = least(peers, weights(peers, now), [peer.conns for peer in peers])
        return self.turn(idlest, shares(idlest, now))


def least(peers: Sequence[Peer], weights: Sequence[float], loads: Sequence[float]) -> list[Peer]:
    """Return the peers that have the least load for their weight."""
    relative = [load / weight if weight else inf for load, weight in zip(loads, weights, strict=True)]
    lowest = min(relative, default=inf)
    return [peer for peer, load in zip(peers, relative, strict=True) if load == lowest]
