from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.config.addresses import UnixAddress
from stickyproxy.config.settings import Server

MakeServer = Callable[..., Server]


def peers_of(make: MakeServer, *weights: int) -> list[Peer]:
    """Make peers a, b, c... of these weights."""
    return [Peer(make(name, weight=weight)) for name, weight in zip("abcdefg", weights, strict=False)]


def turns(balancer: RoundRobin, count: int, now: float = 100.0) -> str:
    """Let the balancer choose, and spell the names of the peers chosen."""
    return "".join(peer.server.name if (peer := balancer.pick((), now, None)) else "-" for _ in range(count))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((5, 1, 1), "aabacaa" * 2),
        ((1, 1, 1), "abcabc"),
        ((2, 1), "abaaba"),
        ((1, 2), "babbab"),
        ((3, 2, 1), "abacba" * 2),
        ((4, 4), "abab"),
        ((7,), "aaa"),
    ],
)
def test_smooth(server: MakeServer, weights: tuple[int, ...], expected: str) -> None:
    """Peers take turns by weight, as evenly spread as can be, and the first among equals begins."""
    assert expected == turns(RoundRobin(peers_of(server, *weights)), len(expected))


@given(weights=st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=6))
def test_shares_are_exact(weights: list[int]) -> None:
    """In as many turns as the weights add up to, each peer gets just its weight, and the cycle is closed."""
    peers = [Peer(Server("", UnixAddress(""), weight=weight)) for weight in weights]
    balancer = RoundRobin(peers)
    chosen = [balancer.pick((), 0.0, None) for _ in range(sum(weights))]
    assert weights == [chosen.count(peer) for peer in peers]
    assert [0] * len(peers) == [peer.current_weight for peer in peers]


def test_only_usable_and_untried(server: MakeServer) -> None:
    """Who is down, sick or draining, has failed, is full or was tried in this request is passed over."""
    down, draining, sick = Peer(server("a", down=True)), Peer(server("f", drain=True)), Peer(server("g"))
    sick.sick = True
    failed = Peer(server("b"))
    failed.failure(100.0)
    full = Peer(server("c", max_conns=1))
    full.acquire()
    tried, left = Peer(server("d")), Peer(server("e"))
    balancer = RoundRobin([down, draining, sick, failed, full, tried, left])
    assert [left] * 3 == [balancer.pick((tried,), 100.0, None) for _ in range(3)]
    assert None is balancer.pick((tried, left), 100.0, None)


def test_no_peers() -> None:
    """Of no peers none is chosen."""
    assert None is RoundRobin([]).pick((), 100.0, None)


def test_weight_is_won_back(server: MakeServer) -> None:
    """A peer that lost weight by failures wins it back one by one, a choice at a time."""
    peers = [Peer(server("a", weight=4, max_fails=2)), Peer(server("b", weight=4))]
    peers[0].failure(100.0)
    balancer = RoundRobin(peers)
    weights = []
    for _ in range(3):
        balancer.pick((), 100.0, None)
        weights.append(peers[0].effective_weight)
    assert [3, 4, 4] == weights


def test_weight_is_not_won_back_while_out(server: MakeServer) -> None:
    """A peer that takes no part in a choice wins nothing back by it."""
    peers = peers_of(server, 4, 4)
    peers[0].failure(100.0)
    RoundRobin(peers).pick((), 100.0, None)
    assert 0 == peers[0].effective_weight


def test_bound_requests_are_turns(server: MakeServer) -> None:
    """A request that follows its session takes one turn of its peer's, and the next ones go to the others."""
    peers = peers_of(server, 1, 1, 1)
    balancer = RoundRobin(peers)
    balancer.count(peers[0])
    assert "bcabc" == turns(balancer, 5)


def test_a_busy_session_owes_one_turn(server: MakeServer) -> None:
    """However busy a session is, its server owes the others no more than one turn."""
    peers = peers_of(server, 1, 1, 1)
    balancer = RoundRobin(peers)
    for _ in range(1000):
        balancer.count(peers[0])
    assert "bcabc" == turns(balancer, 5)


def test_bound_and_new_requests_share(server: MakeServer) -> None:
    """Where every other request follows a session to the first server, the new ones make up for it."""
    peers = peers_of(server, 1, 1)
    balancer = RoundRobin(peers)
    chosen = ""
    for _ in range(4):
        balancer.count(peers[0])
        chosen += turns(balancer, 1)
    assert "bbbb" == chosen
