from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.changes import DOWN, DRAIN, UP, Change, Changes
from stickyproxy.balance.group import Group
from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import parse_address
from stickyproxy.config.settings import Server

changes = st.builds(Change, st.none() | st.booleans(), st.none() | st.booleans(), st.none() | st.integers(1, 9))


def group_of(*addresses: str, **settings: object) -> Group:
    """A group as it is built from the configuration."""
    return Group([Peer(Server(address, parse_address(address), **settings)) for address in addresses])


def flags(peer: Peer) -> tuple[bool, bool, int]:
    """What an operator can change about a server."""
    return peer.down, peer.drain, peer.weight


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([], (False, False, 1)),
        ([DRAIN], (False, True, 1)),
        ([DOWN], (True, False, 1)),
        ([DRAIN, DOWN], (True, False, 1)),
        ([DOWN, DRAIN], (False, True, 1)),
        ([DRAIN, DOWN, UP], (False, False, 1)),
        ([Change(weight=3)], (False, False, 3)),
        ([Change(weight=3), DRAIN, Change(weight=2)], (False, True, 2)),
    ],
)
def test_changes_are_made(made: list[Change], expected: tuple[bool, bool, int]) -> None:
    """Each verb sets what it is about: the state is the last one that was said, and the weight is apart from it."""
    group = group_of("10.0.0.1:80", "10.0.0.2:80")
    changes = Changes()
    for change in made:
        changes.make("app", group, group.peers[0], change)
    assert [expected, (False, False, 1)] == [flags(peer) for peer in group.peers]


def test_up_undoes_the_file() -> None:
    """A server that is `down` or in `drain` by the file is brought up all the same."""
    group = group_of("10.0.0.1:80", down=True, drain=True)
    Changes().make("app", group, group.peers[0], UP)
    assert (False, False, 1) == flags(group.peers[0])


def test_name_that_did_not_resolve_stays_down() -> None:
    """Nobody can connect to a name without an address, so that bringing it up changes nothing."""
    group = group_of("app.invalid:80", down=True)
    Changes().make("app", group, group.peers[0], UP)
    assert group.peers[0].down


def test_weight_counts_at_once() -> None:
    """New sessions are shared out by the new weight from the next request on."""
    group = group_of("10.0.0.1:80", "10.0.0.2:80")
    Changes().make("app", group, group.peers[0], Change(weight=3))
    assert [3, 3] == [group.peers[0].weight, group.peers[0].effective_weight]


@pytest.mark.parametrize("name", [None, "a"])
def test_changes_outlive_their_peers(name: str | None) -> None:
    """Peers that are built anew are changed as those before them were, found by `id=`, or without one by address."""
    before, after = (group_of("10.0.0.1:80", id=name) for _ in range(2))
    changes = Changes()
    changes.make("app", before, before.peers[0], DRAIN)
    changes.make("app", before, before.peers[0], Change(weight=4))
    changes.apply("app", after, after.peers)
    assert (False, True, 4) == flags(after.peers[0])


def test_id_outlives_the_address() -> None:
    """A server that has moved to another address is the same one under its `id=`."""
    before, after = group_of("10.0.0.1:80", id="a"), group_of("10.0.0.9:80", id="a")
    changes = Changes()
    changes.make("app", before, before.peers[0], DOWN)
    changes.apply("app", after, after.peers)
    assert after.peers[0].down


@pytest.mark.parametrize(("upstream", "address"), [("other", "10.0.0.1:80"), ("app", "10.0.0.2:80")])
def test_others_are_left_alone(upstream: str, address: str) -> None:
    """A change is for one server of one upstream."""
    before, after = group_of("10.0.0.1:80"), group_of(address)
    changes = Changes()
    changes.make("app", before, before.peers[0], DOWN)
    changes.apply(upstream, after, after.peers)
    assert (False, False, 1) == flags(after.peers[0])


@given(changes, changes, changes)
def test_changes_add_up(one: Change, two: Change, three: Change) -> None:
    """It does not matter where a row of changes is parted, and one that says nothing changes nothing."""
    assert one.then(two).then(three) == one.then(two.then(three))
    assert one == one.then(Change()) == Change().then(one)


def test_a_session_stays_in_drain(peers: Callable[..., list[Peer]]) -> None:
    """What a change says is what the group goes by: nobody new comes to a server that drains."""
    group = Group(peers(1, 1))
    Changes().make("app", group, group.peers[0], DRAIN)
    assert [False, True] == [peer.available(0.0) for peer in group.peers]
    assert [True, True] == [peer.usable(0.0) for peer in group.peers]
