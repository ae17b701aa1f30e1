"""By lot (nginx's `random` and `random two least_conn`)."""

from collections.abc import Callable, Collection, Iterator, Sequence

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.ranges import Ranges
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import ATTEMPTS


class Draw(RoundRobin):
    """Draws a peer by weight; round robin chooses when those that are drawn cannot take the request.

    `chance` gives a number from 0 up to, and without, 1.
    """

    __slots__ = ("_chance", "_ranges")

    def __init__(self, peers: Sequence[Peer], chance: Callable[[], float]) -> None:
        super().__init__(peers)
        self._ranges = Ranges(peers)
        self._chance = chance

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        drawn = next(self._draw(tried, now), None)
        return drawn or super().pick(tried, now, asker)

    def _draw(self, tried: Collection[Peer], now: float) -> Iterator[Peer]:
        ranges, chance = self._ranges, self._chance
        if self._peers:
            for _ in range(ATTEMPTS):
                peer = ranges.at(chance() * ranges.total)
                if peer not in tried and peer.available(now):
                    yield peer


class DrawTwo(Draw):
    """Draws two different peers by weight, and chooses who of them has fewer connections for its weight."""

    __slots__ = ()

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        drawn = self._draw(tried, now)
        first = next(drawn, None)
        second = next((peer for peer in drawn if peer is not first), None)
        if first is None or second is None:
            return RoundRobin.pick(self, tried, now, asker)
        # Of equals the first, which is drawn by weight among all; with nginx's second the light ones would gain.
        return second if second.conns * first.weight < first.conns * second.weight else first
