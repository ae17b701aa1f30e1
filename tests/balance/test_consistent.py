from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.consistent import ConsistentHash, points
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import ATTEMPTS
from stickyproxy.config.addresses import UnixAddress
from stickyproxy.config.settings import Server

KEYS = [b"key %d" % number for number in range(4000)]


def peer_of(name: str, weight: int = 1) -> Peer:
    """Make a peer of a `server` line with that text."""
    return Peer(Server(name, UnixAddress(name), weight=weight))


def balancer_of(*peers: Peer) -> ConsistentHash:
    """Build a ring whose keys are the askers."""
    return ConsistentHash(peers, lambda asker: asker)


def owners(*peers: Peer) -> list[str]:
    """Name whom each key belongs to."""
    balancer = balancer_of(*peers)
    return [peer.server.name for key in KEYS if (peer := balancer.pick((), 100.0, key))]


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("10.0.0.1:8080", b"10.0.0.1\x008080"),
        ("10.0.0.1", b"10.0.0.1\0"),
        ("[::1]:80", b"[::1]\x0080"),
        ("[::1]", b"[::1]\0"),
        ("app.example", b"app.example\0"),
        ("unix:/run/a:80", b"/run/a:80\0"),
    ],
)
def test_points(name: str, hashed: bytes) -> None:
    """The points go out from the host and the port as they are written, each from the one before."""
    first = crc32(hashed + bytes(4))
    second = crc32(hashed + first.to_bytes(4, "little"))
    assert (160, [first, second]) == (len(points(name, 1)), points(name, 1)[:2])


def test_weight_is_points() -> None:
    """A weight gives so many times as many points; those of a smaller one are among them."""
    assert points("a:1", 3)[:160] == points("a:1", 1)
    assert 480 == len(points("a:1", 3))


def test_first_point_behind_the_key() -> None:
    """A key belongs to the first point that is not before it, and behind the last one to the first."""
    a, b = peer_of("a:1"), peer_of("b:1")
    balancer = balancer_of(a, b)
    ring = sorted((point, peer.server.name) for peer in (a, b) for point in points(peer.server.name, 1))

    def owner(key: bytes) -> str:
        return next((name for point, name in ring if point >= crc32(key)), ring[0][1])

    assert [owner(key) for key in KEYS] == [balancer.pick((), 100.0, key).server.name for key in KEYS]


@given(
    weights=st.lists(st.integers(1, 3), min_size=2, max_size=8),
    leaves=st.integers(0, 7),
    down=st.booleans(),
)
def test_few_keys_move(weights: list[int], leaves: int, down: bool) -> None:
    """When a server leaves, or goes down, its own keys move, about its share of them all, and no others."""
    peers = [peer_of(f"10.0.0.{number}:80", weight) for number, weight in enumerate(weights)]
    gone = peers[leaves % len(peers)]
    before = owners(*peers)
    if down:
        gone.down = True
        after = owners(*peers)
    else:
        after = owners(*(peer for peer in peers if peer is not gone))
    moved = [old for old, new in zip(before, after, strict=True) if old != new]
    assert {gone.server.name} == set(moved)
    assert gone.server.name not in after
    assert gone.weight / sum(weights) == pytest.approx(len(moved) / len(KEYS), rel=0.5)


def test_those_of_one_text_share() -> None:
    """Servers of the same text share their points by turns, by weight; one that is down leaves them to the other."""
    one, two, other = peer_of("a:1"), peer_of("a:1", weight=3), peer_of("b:1")
    balancer = balancer_of(one, two, other)
    mine = next(key for key in KEYS if balancer.pick((), 100.0, key) is not other)
    turns = [balancer.pick((), 100.0, mine) for _ in range(8)]
    assert (2, 6) == (turns.count(one), turns.count(two))
    two.down = True
    assert [one] * 3 == [balancer.pick((), 100.0, mine) for _ in range(3)]


def test_round_robin_after_many_points() -> None:
    """When nobody at many points on end can take the request, round robin chooses, and where there is no key."""
    heavy, a, b = peer_of("heavy:1", weight=100), peer_of("a:1"), peer_of("b:1")
    heavy.down = True
    balancer = balancer_of(heavy, a, b)
    light = sorted(point for peer in (a, b) for point in points(peer.server.name, 1))
    ring = sorted(light + points("heavy:1", 100))

    def far(key: bytes) -> bool:
        behind = [point for point in ring if point >= crc32(key)]
        return len(behind) > ATTEMPTS and not set(light) & set(behind[:ATTEMPTS])

    keys = [key for key in KEYS[:200] if far(key)]
    assert len(keys) > 10
    turns = [balancer.pick((), 100.0, key) for key in keys]
    assert turns[:4] in ([a, b, a, b], [b, a, b, a])
    assert {a, b} == {balancer.pick((), 100.0, b"") for _ in range(2)}


def test_tried_is_passed_over() -> None:
    """A request whose server failed goes to the owner of the next point."""
    a, b = peer_of("a:1"), peer_of("b:1")
    balancer = balancer_of(a, b)
    assert {b} == {balancer.pick((a,), 100.0, key) for key in KEYS[:50]}


def test_no_peers() -> None:
    """Of no peers none is chosen."""
    assert None is balancer_of().pick((), 100.0, b"key")
