from collections.abc import Callable

import pytest

from stickyproxy.balance.least_time import Fair, LeastTime, waits
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin

MakePeers = Callable[..., list[Peer]]


def measured(peers: list[Peer], *times: float) -> list[Peer]:
    """Let each peer have answered a moment ago, after so many seconds (0: never)."""
    for peer, seconds in zip(peers, times, strict=True):
        if seconds:
            peer.success(seconds, 100.0)
    return peers


def chosen(balancer: RoundRobin, count: int, now: float = 100.0) -> str:
    """Let the balancer choose so many times, and spell the peers."""
    return "".join(peer.server.name for _ in range(count) if (peer := balancer.pick((), now, None)))


# -- waits -----------------------------------------------------------------------------------------------------------


def test_wait(peers: MakePeers) -> None:
    """A wait is the response time for each of the requests in flight and for one more."""
    a, b = measured(peers(1, 1), 0.1, 0.3)
    b.conns = 3
    assert [0.1, 1.2] == pytest.approx(waits([a, b], 100.0))


def test_wait_of_the_unknown(peers: MakePeers) -> None:
    """Who has never answered is taken to be as quick as the quickest; if nobody has, all are alike."""
    assert [0.2, 0.5, 0.2] == pytest.approx(waits(measured(peers(1, 1, 1), 0.2, 0.5, 0), 100.0))
    assert [1.0, 1.0] == waits(peers(1, 1), 100.0)
    assert [] == waits([], 100.0)


def test_wait_of_the_silent(peers: MakePeers) -> None:
    """Who was slow and has not been asked since is, with time, taken to be as quick as the quickest again."""
    a, b = measured(peers(1, 1), 0.1, 0.9)
    seconds = [waits([a, b], now)[1] for now in (100.0, 107.0, 120.0, 1000.0)]
    assert [0.9, 0.5, 0.2, 0.1] == pytest.approx(seconds, abs=0.01)


# -- least_time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "times", "conns", "expected"),
    [
        ((1, 1), (0.2, 0.1), (0, 0), "b"),
        ((1, 1), (0.2, 0.1), (0, 2), "a"),
        ((3, 1), (0.2, 0.1), (0, 0), "a"),
        ((1, 1), (0.1, 0.1), (0, 0), "a"),
        ((1, 1), (0.2, 0), (0, 0), "a"),
        ((1, 1), (0.2, 0), (1, 0), "b"),
    ],
)
def test_least_time(
    peers: MakePeers, weights: tuple[int, ...], times: tuple[float, ...], conns: tuple[int, ...], expected: str
) -> None:
    """The peer with the shortest wait for its weight is chosen, of equals the first in turn."""
    all_of_them = measured(peers(*weights), *times)
    for peer, count in zip(all_of_them, conns, strict=True):
        peer.conns = count
    assert expected == chosen(LeastTime(all_of_them), 1)


# -- fair ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "times", "conns", "expected"),
    [
        ((5, 1, 1), (0.1, 0.1, 0.1), (0, 0, 0), "aabacaa"),
        ((1, 1, 1), (0, 0, 0), (0, 0, 0), "abc"),
        ((1, 1), (0.4, 0.1), (0, 0), "bbabb"),
        ((1, 1), (0.1, 0.1), (1, 0), "bab"),
        ((3, 1), (0.3, 0.1), (0, 0), "abab"),
    ],
)
def test_fair(
    peers: MakePeers, weights: tuple[int, ...], times: tuple[float, ...], conns: tuple[int, ...], expected: str
) -> None:
    """Turns go by weight, and by how quick and how idle a peer is beside the others."""
    all_of_them = measured(peers(*weights), *times)
    for peer, count in zip(all_of_them, conns, strict=True):
        peer.conns = count
    assert expected == chosen(Fair(all_of_them), len(expected))


@pytest.mark.parametrize("method", [LeastTime, Fair])
def test_who_grows_gets_little(peers: MakePeers, method: Callable[[list[Peer]], RoundRobin]) -> None:
    """With `slow_start` a peer that is back counts for what it has grown to."""
    old, back = measured(peers(1, 1), 0.1, 0.1)
    back.slow_start = 10.0
    back.sick = True
    back.sick = False
    balancer = method([old, back])
    assert "aaaa" == chosen(balancer, 4)
    assert "b" in chosen(balancer, 2, now=110.0)


@pytest.mark.parametrize("method", [LeastTime, Fair])
def test_sessions_take_turns_away(peers: MakePeers, method: Callable[[list[Peer]], RoundRobin]) -> None:
    """Between equals a request of a session counts as its server's turn."""
    a, b = peers(1, 1)
    balancer = method([a, b])
    balancer.count(a)
    assert "ba" == chosen(balancer, 2)
