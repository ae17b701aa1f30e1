"""The fewest connections per weight (nginx's `least_conn`)."""

from collections.abc import Collection, Sequence
from math import inf

from stickyproxy.balance.peer import Peer, available, shares
from stickyproxy.balance.round_robin import RoundRobin


class LeastConn(RoundRobin):
    """Chooses who has the fewest connections for its weight; equals take turns."""

    __slots__ = ()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        peers = available(self._peers, tried, now)
        return self.turn(*least(peers, shares(peers, now), [peer.conns for peer in peers]))


def least(
    peers: Sequence[Peer], weights: Sequence[float], loads: Sequence[float]
) -> tuple[Sequence[Peer], Sequence[float]]:
    """Return the peers that have the least load for their weight, and the weights of these."""
    relative = [load / weight if weight else inf for load, weight in zip(loads, weights, strict=True)]
    lowest = min(relative, default=inf)
    chosen = [at for at, load in enumerate(relative) if load == lowest]
    return [peers[at] for at in chosen], [weights[at] for at in chosen]
