from collections.abc import Callable, Iterable

import pytest

from stickyproxy.balance.draws import Draw, DrawTwo
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import ATTEMPTS

MakePeers = Callable[..., list[Peer]]


def lots(numbers: Iterable[float]) -> Callable[[], float]:
    """Draw these numbers, one after the other."""
    return iter(numbers).__next__


@pytest.mark.parametrize(
    ("numbers", "expected"), [((0.0,), "a"), ((0.49,), "a"), ((0.5,), "b"), ((0.75,), "c"), ((0.999,), "c")]
)
def test_by_weight(peers: MakePeers, numbers: tuple[float, ...], expected: str) -> None:
    """Each peer wins as many lots as its weight gives it."""
    assert expected == Draw(peers(2, 1, 1), lots(numbers)).pick((), 100.0, None).server.name


@pytest.mark.parametrize("method", [Draw, DrawTwo])
def test_drawn_again(peers: MakePeers, method: Callable[..., Draw]) -> None:
    """Who cannot take the request, or was tried in it, is drawn again."""
    a, b, c, d = peers(1, 1, 1, 1)
    a.down = True
    balancer = method([a, b, c, d], lots([0.0, 0.25, 0.5, 0.75]))
    assert c is balancer.pick((b,), 100.0, None)


@pytest.mark.parametrize("method", [Draw, DrawTwo])
def test_round_robin_after_many_lots(peers: MakePeers, method: Callable[..., Draw]) -> None:
    """When all lots fall on who cannot take the request, round robin chooses."""
    a, b, c = peers(1, 1, 1)
    a.down = True
    numbers = iter([0.0] * (ATTEMPTS * 3 + 1))
    balancer = method([a, b, c], numbers.__next__)
    assert [b, c, b] == [balancer.pick((), 100.0, None) for _ in range(3)]
    assert 1 == len(list(numbers))


@pytest.mark.parametrize(
    ("weights", "conns", "numbers", "expected"),
    [
        ((1, 1), (1, 2), (0.0, 0.5), "a"),
        ((1, 1), (1, 2), (0.5, 0.0), "a"),
        ((1, 1), (2, 1), (0.0, 0.5), "b"),
        ((1, 1), (1, 1), (0.0, 0.5), "a"),
        ((1, 1), (1, 1), (0.5, 0.0), "b"),
        ((3, 1), (2, 1), (0.0, 0.75), "a"),
        ((3, 1), (4, 1), (0.0, 0.75), "b"),
        # One that is drawn twice is one.
        ((1, 1), (1, 2), (0.5, 0.6, 0.9, 0.1), "a"),
    ],
)
def test_two(
    peers: MakePeers, weights: tuple[int, ...], conns: tuple[int, ...], numbers: tuple[float, ...], expected: str
) -> None:
    """Of two that are drawn the one with fewer connections for its weight is chosen, of equals the first."""
    both = peers(*weights)
    for peer, count in zip(both, conns, strict=True):
        peer.conns = count
    assert expected == DrawTwo(both, lots(numbers)).pick((), 100.0, None).server.name


def test_two_of_one(peers: MakePeers) -> None:
    """Where there is but one that can take the request, it is chosen."""
    a, b = peers(1, 1)
    b.down = True
    assert a is DrawTwo([a, b], lots([0.0, 0.5] * ATTEMPTS)).pick((), 100.0, None)


@pytest.mark.parametrize("method", [Draw, DrawTwo])
def test_no_peers(method: Callable[..., Draw]) -> None:
    """Of no peers none is drawn, and no lot is."""
    assert None is method([], lots([])).pick((), 100.0, None)
