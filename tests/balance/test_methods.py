from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.methods import METHODS, balancer_maker
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Balancer
from stickyproxy.config.addresses import UnixAddress
from stickyproxy.config.settings import Server

# What may be the matter with a peer.
STATES = ("well", "down", "sick", "drain", "failed", "full", "tried")

every_method = pytest.mark.parametrize("method", METHODS)


def peers_of(weights: list[int]) -> list[Peer]:
    """Make peers of these weights."""
    return [Peer(Server(f"10.0.0.{at}:80", UnixAddress(""), weight=weight)) for at, weight in enumerate(weights)]


def build(method: str, peers: list[Peer], seed: int = 0) -> Balancer:
    """Build the balancer of a method, whose askers are keys."""
    return balancer_maker(method, lambda asker: asker, Random(seed).random)(peers)


def bring_into(peer: Peer, state: str) -> None:
    """Let something be the matter with the peer."""
    if state in ("down", "sick", "drain"):
        setattr(peer, state, True)
    elif state == "failed":
        peer.failure(100.0)
    elif state == "full":
        peer.max_conns = peer.conns = 2


@every_method
@given(
    states=st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 5)), max_size=6),
    keys=st.lists(st.binary(max_size=8), min_size=1, max_size=12),
    seed=st.integers(0, 99),
)
def test_only_who_may(method: str, states: list[tuple[str, int]], keys: list[bytes], seed: int) -> None:
    """Nobody is chosen who is down, sick, draining, failed, full or tried; somebody is, if anybody is well."""
    peers = peers_of([weight for _, weight in states])
    for peer, (state, _) in zip(peers, states, strict=True):
        bring_into(peer, state)
    well = [peer for peer, (state, _) in zip(peers, states, strict=True) if state == "well"]
    tried = [peer for peer, (state, _) in zip(peers, states, strict=True) if state == "tried"]
    balancer = build(method, peers, seed)
    for key in keys:
        chosen = balancer.pick(tried, 100.0, key)
        assert chosen in well if well else chosen is None
        if chosen is not None:
            balancer.count(chosen)
            chosen.acquire()


@pytest.mark.parametrize("method", ["round_robin", "fair"])
@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_turns_match_weights(method: str, weights: list[int]) -> None:
    """Of requests one after the other each peer gets just its share."""
    peers = peers_of(weights)
    balancer = build(method, peers)
    chosen = [balancer.pick((), 100.0, b"") for _ in range(sum(weights))]
    assert weights == [chosen.count(peer) for peer in peers]


@pytest.mark.parametrize("method", ["round_robin", "least_conn", "least_time"])
@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_connections_match_weights(method: str, weights: list[int]) -> None:
    """Of requests at the same time each peer has just its share."""
    peers = peers_of(weights)
    balancer = build(method, peers)
    for _ in range(sum(weights)):
        chosen = balancer.pick((), 100.0, b"")
        assert chosen is not None
        chosen.acquire()
    assert weights == [peer.conns for peer in peers]


@pytest.mark.parametrize("method", ["random", "random two", "ip_hash", "hash", "hash consistent"])
@given(weights=st.lists(st.integers(1, 4), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_lots_match_weights(method: str, weights: list[int], seed: int) -> None:
    """Of many requests of many clients each peer gets about its share."""
    peers = peers_of(weights)
    balancer = build(method, peers, seed)
    numbers = Random(seed)
    count = 3000
    chosen = [balancer.pick((), 100.0, numbers.randbytes(3)) for _ in range(count)]
    for peer, weight in zip(peers, weights, strict=True):
        assert weight / sum(weights) == pytest.approx(chosen.count(peer) / count, abs=0.12)


@pytest.mark.parametrize("method", ["ip_hash", "hash", "hash consistent"])
@given(weights=st.lists(st.integers(1, 4), min_size=2, max_size=6), key=st.binary(min_size=1))
def test_keys_stay(method: str, weights: list[int], key: bytes) -> None:
    """A key leads to the same peer ever again, and comes back to it when that was out."""
    peers = peers_of(weights)
    balancer = build(method, peers)
    first = balancer.pick((), 100.0, key)
    assert first is not None
    first.sick = True
    assert first is not balancer.pick((), 100.0, key)
    first.sick = False
    assert first is balancer.pick((), 100.0, key)


@every_method
def test_who_failed_comes_back(method: str) -> None:
    """Who failed takes requests again when `fail_timeout` is over, and not only when all others are out."""
    failed, other = peers_of([1, 1])
    balancer = build(method, [failed, other])
    failed.failure(100.0)
    for at in range(100):
        chosen = balancer.pick((), 200.0, b"%d" % at)
        assert chosen is not None
        chosen.acquire()
    assert 50 == pytest.approx(failed.conns, abs=15)


def test_key_is_read_from_the_asker() -> None:
    """Who asks is handed to the reader of keys as it is, and to nobody else."""
    asked: list[object] = []

    def read(asker: object) -> bytes:
        asked.append(asker)
        return b"key"

    asker = object()
    for method in METHODS:
        balancer_maker(method, read, Random(0).random)(peers_of([1, 1])).pick((), 100.0, asker)
    assert [asker] * 3 == asked
