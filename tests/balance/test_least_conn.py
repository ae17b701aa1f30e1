from collections.abc import Callable

import pytest

from stickyproxy.balance.least_conn import LeastConn, least
from stickyproxy.balance.peer import Peer

MakePeers = Callable[..., list[Peer]]


def chosen(balancer: LeastConn, count: int, keep: bool = False) -> str:
    """Let the balancer choose so many times, and spell the peers; `keep` has each request last."""
    names = ""
    for _ in range(count):
        peer = balancer.pick((), 100.0, None)
        assert peer is not None
        names += peer.server.name
        if keep:
            peer.acquire()
    return names


@pytest.mark.parametrize(
    ("weights", "conns", "expected"),
    [
        ((1, 1, 1), (2, 1, 3), "b"),
        ((1, 1, 1), (0, 0, 0), "a"),
        ((1, 1, 1), (1, 0, 0), "b"),
        ((4, 1), (3, 1), "a"),
        ((4, 1), (5, 1), "b"),
        ((3, 1), (3, 1), "a"),
    ],
)
def test_fewest_for_the_weight(
    peers: MakePeers, weights: tuple[int, ...], conns: tuple[int, ...], expected: str
) -> None:
    """Who has the fewest connections for its weight is chosen, of equals the first in turn."""
    all_of_them = peers(*weights)
    for peer, count in zip(all_of_them, conns, strict=True):
        peer.conns = count
    assert expected == chosen(LeastConn(all_of_them), 1)


def test_equals_take_turns(peers: MakePeers) -> None:
    """While nobody is busy the peers take turns by weight; those of sessions count."""
    balancer = LeastConn(peers(5, 1, 1))
    assert "aabacaa" == chosen(balancer, 7)
    first, second = peers(1, 1)
    balancer = LeastConn([first, second])
    balancer.count(first)
    assert "ba" == chosen(balancer, 2)


def test_sessions_are_load(peers: MakePeers) -> None:
    """Connections of sessions are connections: new sessions go where there are fewer."""
    busy, idle = peers(1, 1)
    busy.acquire()
    assert "bab" == chosen(LeastConn([busy, idle]), 3, keep=True)


def test_who_grows_gets_little(peers: MakePeers) -> None:
    """With `slow_start` a peer that is back counts for what it has grown to, and at first for nothing."""
    old, back = peers(2, 2)
    old.acquire()
    back.slow_start = 10.0
    back.sick = True
    back.sick = False
    balancer = LeastConn([old, back])
    assert [old, back] == [balancer.pick((), now, None) for now in (100.0, 101.0)]
    back.acquire()
    assert old is balancer.pick((), 104.0, None)
    old.acquire()
    assert back is balancer.pick((), 110.0, None)


def test_least_of_none() -> None:
    """Of nobody nobody is the least, and those without any weight are equal."""
    assert [] == least([], [], [])


def test_least_without_weight(peers: MakePeers) -> None:
    """Who has no weight yet comes last, whatever its load; among themselves they are equal."""
    a, b = peers(1, 1)
    assert [b] == least([a, b], [0.0, 1.0], [0.0, 5.0])
    assert [a, b] == least([a, b], [0.0, 0.0], [0.0, 5.0])
