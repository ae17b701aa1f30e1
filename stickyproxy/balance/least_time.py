"""By measured response times: the least expected wait (`least_time`), or shares as large as a server is quick (`fair`).

A wait is what a response takes, times the requests in flight and this one. Measured is the time to the response's head,
so that a server is not blamed for long answers and slow clients.
"""

from collections.abc import Collection, Sequence

from stickyproxy.balance.least_conn import least
from stickyproxy.balance.peer import Peer, available, shares, weights
from stickyproxy.balance.round_robin import RoundRobin


class LeastTime(RoundRobin):
    """Chooses where the wait is the shortest for the weight; equals take turns."""

    __slots__ = ()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        peers = available(self._peers, tried, now)
        quickest = least(peers, weights(peers, now), waits(peers, now))
        return self.turn(quickest, shares(quickest, now))


class Fair(RoundRobin):
    """Takes turns by weight, in which a peer gets the less credit the longer its wait is beside the shortest one."""

    __slots__ = ()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        peers = available(self._peers, tried, now)
        expected = waits(peers, now)
        shortest = min(expected, default=0.0)
        weights = shares(peers, now)
        return self.turn(peers, [weight * shortest / wait for weight, wait in zip(weights, expected, strict=True)])


def waits(peers: Sequence[Peer], now: float) -> list[float]:
    """Return how long a request is expected to take at each of the peers, in seconds; never 0.

    A peer of which nothing is known is taken to be as quick as the quickest; and so is, ever more, one that has not
    answered for long, since else a server that was slow once would never be asked again.
    """
    quickest = min((peer.response_time for peer in peers if peer.response_time), default=1.0)
    return [(quickest + (peer.response_time - quickest) * peer.trust(now)) * (peer.conns + 1) for peer in peers]
