from collections.abc import Callable
from itertools import islice
from zlib import crc32

import pytest

from stickyproxy.balance.hashing import Hash, ip_numbers, key_numbers
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import ATTEMPTS

MakePeers = Callable[..., list[Peer]]


def key(asker: bytes) -> bytes:
    """Have the asker for a key."""
    return asker


def chosen(balancer: Hash, *keys: bytes) -> str:
    """Spell whom the keys lead to."""
    return "".join(peer.server.name for each in keys if (peer := balancer.pick((), 100.0, each)))


def test_numbers_of_an_address() -> None:
    """The three bytes of a network give nginx's numbers, each row going on from the number before."""
    first = ((89 * 113 + 10) % 6271 * 113 + 20) % 6271
    first = (first * 113 + 30) % 6271
    second = ((first * 113 + 10) % 6271 * 113 + 20) % 6271
    second = (second * 113 + 30) % 6271
    assert [first, second] == list(islice(ip_numbers(bytes([10, 20, 30])), 2))


def test_numbers_of_a_key() -> None:
    """A key gives the numbers of Cache::Memcached: half of a CRC, to which those with a count in front are added."""
    parts = [(crc32(each) >> 16) & 0x7FFF for each in (b"key", b"1key", b"2key")]
    assert [parts[0], parts[0] + parts[1], sum(parts)] == list(islice(key_numbers(b"key"), 3))


def test_a_number_is_a_place(peers: MakePeers) -> None:
    """A number leads to the peer whose range it falls into, round and round."""
    balancer = Hash(peers(2, 1), key, iter)
    assert "aabaab" == chosen(balancer, *(bytes([number]) for number in range(6)))


def test_next_number(peers: MakePeers) -> None:
    """A peer that cannot take the request, or was tried in it, is passed over; others' keys stay."""
    a, b, c = peers(1, 1, 1)
    balancer = Hash([a, b, c], key, iter)
    a.down = True
    assert "bbc" == chosen(balancer, b"\x00\x01", b"\x01", b"\x02")
    assert c is balancer.pick((b,), 100.0, b"\x00\x01\x02")


def test_round_robin_after_many_numbers(peers: MakePeers) -> None:
    """When all numbers lead to who cannot take the request, round robin chooses."""
    a, b, c = peers(1, 1, 1)
    a.down = True
    balancer = Hash([a, b, c], key, iter)
    assert "c" == chosen(balancer, bytes(ATTEMPTS - 1) + b"\x02")
    assert "bcb" == chosen(balancer, *[bytes(ATTEMPTS) + b"\x02"] * 3)


def test_no_key(peers: MakePeers) -> None:
    """Who has no key is balanced by round robin, in which the turns of sessions count."""
    a, b = peers(1, 1)
    balancer = Hash([a, b], key, key_numbers)
    assert "aba" == chosen(balancer, b"", b"", b"")
    balancer.count(b)
    assert "a" == chosen(balancer, b"")


@pytest.mark.parametrize("numbers", [ip_numbers, key_numbers])
def test_no_peers(numbers: Callable[..., object]) -> None:
    """Of no peers none is chosen, and no key is asked for."""

    def no_key(asker: object) -> bytes:
        raise AssertionError

    assert None is Hash([], no_key, numbers).pick((), 100.0, b"key")
