from collections.abc import Callable

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.ranges import Ranges


def test_places(peers: Callable[..., list[Peer]]) -> None:
    """Each peer has as many places as its weight, in the order of the peers, and keeps them when it is down."""
    three = peers(2, 1, 3)
    three[0].down = True
    ranges = Ranges(three)
    assert (6, "aabccc") == (ranges.total, "".join(ranges.at(place).server.name for place in range(6)))
    assert "abc" == "".join(ranges.at(place).server.name for place in (1.999, 2.0, 5.999))


def test_no_peers() -> None:
    """Nobody has no places."""
    assert 0 == Ranges([]).total
