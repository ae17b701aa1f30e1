from collections.abc import Callable, Collection, Iterable
from random import random

import pytest

from stickyproxy.balance.group import Group
from stickyproxy.balance.methods import balancer_maker
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment, Reason
from stickyproxy.config.settings import Server
from stickyproxy.sticky.words import Affinity, Claim

MakeServer = Callable[..., Server]
NEW = Claim(Affinity.NONE, ())


def group_of(servers: Iterable[Server]) -> Group:
    """Make a group of these servers' peers."""
    return Group([Peer(server) for server in servers])


def bound_to(server: Server) -> Claim:
    """Claim a session on that server."""
    return Claim(Affinity.VALID, (), server)


def assign(
    group: Group, claim: Claim = NEW, tried: Collection[Peer] = (), now: float = 100.0, fallback: bool = True
) -> Assignment:
    """Assign at a time at which nothing has aged, unless told otherwise."""
    return group.assign(claim, tried, now, fallback, None)


def names(group: Group, count: int, claim: Claim = NEW) -> str:
    """Spell the names of the peers that so many requests go to."""
    return "".join(assign(group, claim).peer.server.name for _ in range(count))


# -- new sessions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("affinity", "reason"),
    [
        (Affinity.NONE, Reason.NEW),
        (Affinity.EXPIRED, Reason.EXPIRED),
        (Affinity.INVALID, Reason.UNKNOWN),
    ],
)
def test_who_has_no_server_is_balanced(server: MakeServer, affinity: Affinity, reason: Reason) -> None:
    """A claim without a server takes turns, and the assignment says why."""
    group = group_of([server("a", weight=5), server("b"), server("c")])
    claim = Claim(affinity, ())
    assert Assignment(group.peers[0], affinity, reason) == assign(group, claim)
    assert "abacaa" == names(group, 6, claim)


def test_down_server_takes_no_new_session(server: MakeServer) -> None:
    """A server marked `down` is passed over."""
    group = group_of([server("a", down=True), server("b")])
    assert "bb" == names(group, 2)


def test_backups_wait(server: MakeServer) -> None:
    """Backups are asked only when no primary can take the request, and take turns then."""
    group = group_of([server("x", backup=True), server("a"), server("y", backup=True), server("b")])
    assert "abab" == names(group, 4)
    group.peers[1].failure(100.0)
    assert "bb" == names(group, 2)
    group.peers[3].failure(100.0)
    assert "xyxy" == names(group, 4)


def test_failed_in_this_request(server: MakeServer) -> None:
    """A server that failed in this request is not tried again, though it is not out."""
    group = group_of([server("a", max_fails=0), server("b"), server("x", backup=True)])
    a, b, x = group.peers
    assert b is assign(group, tried=[a]).peer
    assert x is assign(group, tried=[a, b]).peer
    assert assign(group, tried=[a, b, x]).peer is None


def test_after_fail_timeout_one_request_probes(server: MakeServer) -> None:
    """A server that was out gets one request after `fail_timeout`, and no other until that has succeeded."""
    group = group_of([server("a", weight=3, fail_timeout=10.0), server("b")])
    group.peers[0].failure(100.0)
    assert ["b", "b", "b"] == [assign(group, now=now).peer.server.name for now in (100.0, 105.0, 110.0)]
    probes = [assign(group, now=111.0).peer.server.name for _ in range(8)]
    assert 1 == probes.count("a")
    group.peers[0].success(0.01, 112.0)
    assert "a" in [assign(group, now=112.0).peer.server.name for _ in range(8)]


def test_backups_relieve_who_drains(server: MakeServer) -> None:
    """When no primary takes new sessions any more, the backups do, and the sessions of the primaries stay."""
    servers = [server("a", drain=True), server("x", backup=True)]
    group = group_of(servers)
    assert "xx" == names(group, 2)
    assert "aa" == names(group, 2, bound_to(servers[0]))


def test_weigh(server: MakeServer) -> None:
    """A weight may change at any time, up or down, and the shares change with it."""
    group = group_of([server("a"), server("b", weight=3)])
    group.weigh({group.peers[0]: 3})
    assert 3 == names(group, 6).count("a")
    group.weigh({group.peers[1]: 1})
    assert 6 == names(group, 8).count("a")


def test_weighing_forgets_turns(server: MakeServer) -> None:
    """What heavy servers owe each other is not paid in the small coin of the weights that they are given."""
    group = group_of([server("a", weight=1000), server("b", weight=1000)])
    assert "a" == names(group, 1)
    group.weigh(dict.fromkeys(group.peers, 1))
    assert "abab" == names(group, 4)


def test_peers_outlive_their_group(server: MakeServer) -> None:
    """Another group takes peers over as they are, and spares the one that is left alone."""
    a, b = peers = [Peer(server("a", max_fails=1)), Peer(server("b"))]
    first = Group(peers)
    a.failure(100.0)
    assert b is assign(first).peer
    assert a is assign(Group([a])).peer
    assert b is assign(Group(peers)).peer


# -- nobody left -----------------------------------------------------------------------------------------------------


def test_all_failed_are_forgiven(server: MakeServer) -> None:
    """When all servers are out, all marks of failure are forgotten and they are tried once more."""
    group = group_of([server("a"), server("b"), server("x", backup=True)])
    for peer in group.peers:
        peer.failure(100.0)
    assert "a" == assign(group).peer.server.name
    assert [0, 0, 0] == [peer.fails for peer in group.peers]


def test_forgiven_are_tried_once_a_request(server: MakeServer) -> None:
    """Forgiving does not bring back who was tried in this request: each is tried at most once, then nobody is left."""
    group = group_of([server("a"), server("b")])
    tried: list[Peer] = []
    for expected in "ab":
        peer = assign(group, tried=tried).peer
        assert expected == peer.server.name
        peer.failure(100.0)
        tried.append(peer)
    assert assign(group, tried=tried).peer is None
    assert True is assign(group).peer.usable(100.0)


def test_down_and_full_are_not_forgiven(server: MakeServer) -> None:
    """Forgiving brings back no server that is marked `down` or `drain`, is sick or is full."""
    group = group_of(
        [server("a", down=True), server("b", max_conns=1), server("c"), server("d", drain=True), server("e")]
    )
    a, b, c, d, e = group.peers
    b.acquire()
    c.sick = True
    e.failure(100.0)
    assert e is assign(group).peer
    assert assign(group, tried=[e]).peer is None
    assert (True, False) == (group.is_another_left([a, c, d]), group.is_another_left([b, e]))


@pytest.mark.parametrize("claimed", [False, True])
def test_single_server_is_never_taken_out(server: MakeServer, claimed: bool) -> None:
    """The only server of a group is asked however often it failed."""
    only = server("a", weight=4)
    group = group_of([only])
    for _ in range(3):
        group.peers[0].failure(100.0)
    claim = bound_to(only) if claimed else NEW
    assert group.peers[0] is assign(group, claim, fallback=False).peer
    assert 4 == group.peers[0].effective_weight


def test_single_server_can_be_down(server: MakeServer) -> None:
    """The only server of a group takes nothing when it is marked `down`."""
    assert assign(group_of([server("a", down=True)])).peer is None


# -- sessions --------------------------------------------------------------------------------------------------------


def test_session_stays(server: MakeServer) -> None:
    """A session goes to its own server, whoever's turn it is."""
    servers = [server("a"), server("b")]
    group = group_of(servers)
    assert Assignment(group.peers[1], Affinity.VALID, Reason.BOUND) == assign(group, bound_to(servers[1]))
    assert "bbbbb" == names(group, 5, bound_to(servers[1]))


def test_sessions_need_no_key(server: MakeServer) -> None:
    """A request that follows its session does so without its key being read."""

    def read(asker: object) -> bytes:
        raise AssertionError

    servers = [server("a"), server("b")]
    group = Group([Peer(each) for each in servers], balancer_maker("hash", read, random))
    assert "aba" == "".join(names(group, 1, bound_to(servers[at])) for at in (0, 1, 0))


def test_keys_are_of_who_asks(server: MakeServer) -> None:
    """Who asks is handed on to the balancer, of the primaries and of the backups."""
    group = Group(
        [Peer(server("a")), Peer(server("b")), Peer(server("x", backup=True)), Peer(server("y", backup=True))],
        balancer_maker("hash", lambda asker: asker, random),
    )

    def name(asker: bytes) -> str:
        peer = group.assign(NEW, (), 100.0, True, asker).peer
        assert peer is not None
        return str(peer.server.name)

    assert {"a", "b"} == {name(b"%d" % number) for number in range(20)}
    for primary in group.peers[:2]:
        primary.sick = True
    assert {"x", "y"} == {name(b"%d" % number) for number in range(20)}


def test_session_stays_on_a_backup(server: MakeServer) -> None:
    """A session that began on a backup stays there when the primaries are back."""
    servers = [server("a"), server("x", backup=True)]
    group = group_of(servers)
    assert group.peers[1] is assign(group, bound_to(servers[1])).peer


def test_sessions_take_turns_away(server: MakeServer) -> None:
    """A request of a session counts as its server's turn."""
    servers = [server("a"), server("b"), server("c")]
    group = group_of(servers)
    assign(group, bound_to(servers[0]))
    assert "bca" == names(group, 3)


def test_moved_because_down(server: MakeServer) -> None:
    """A server marked `down` is down for its sessions too."""
    servers = [server("a", down=True), server("b")]
    group = group_of(servers)
    assert Assignment(group.peers[1], Affinity.DOWN, Reason.DOWN) == assign(group, bound_to(servers[0]))


def test_moved_because_sick(server: MakeServer) -> None:
    """A server that does not pass its checks is out for its sessions too, until it does."""
    servers = [server("a"), server("b")]
    group = group_of(servers)
    group.peers[0].sick = True
    assert Assignment(group.peers[1], Affinity.DOWN, Reason.SICK) == assign(group, bound_to(servers[0]))
    group.peers[0].sick = False
    assert Reason.BOUND is assign(group, bound_to(servers[0])).reason


def test_draining_keeps_sessions(server: MakeServer) -> None:
    """A draining server keeps its sessions until something else is the matter with it."""
    servers = [server("a", max_fails=3, drain=True), server("b")]
    group = group_of(servers)
    assert Assignment(group.peers[0], Affinity.VALID, Reason.BOUND) == assign(group, bound_to(servers[0]))
    assert Reason.FAILED is assign(group, bound_to(servers[0]), tried=[group.peers[0]]).reason


def test_moved_because_failed(server: MakeServer) -> None:
    """A server that failures have taken out is out for its sessions too, until one request may probe it."""
    servers = [server("a", fail_timeout=10.0), server("b")]
    group = group_of(servers)
    group.peers[0].failure(100.0)
    assert Assignment(group.peers[1], Affinity.DOWN, Reason.FAILED) == assign(group, bound_to(servers[0]), now=110.0)
    assert Reason.BOUND is assign(group, bound_to(servers[0]), now=111.0).reason
    assert Reason.FAILED is assign(group, bound_to(servers[0]), now=111.0).reason


def test_moved_because_tried(server: MakeServer) -> None:
    """A session whose server failed in this request moves, though the server is not out yet."""
    servers = [server("a", max_fails=3), server("b")]
    group = group_of(servers)
    moved = assign(group, bound_to(servers[0]), tried=[group.peers[0]])
    assert Assignment(group.peers[1], Affinity.DOWN, Reason.FAILED) == moved


def test_moved_because_full(server: MakeServer) -> None:
    """`max_conns` counts the requests of sessions and holds for them."""
    servers = [server("a", max_conns=1), server("b")]
    group = group_of(servers)
    first = assign(group, bound_to(servers[0]))
    first.peer.acquire()
    assert Assignment(group.peers[1], Affinity.DOWN, Reason.FULL) == assign(group, bound_to(servers[0]))
    first.peer.release()
    assert first == assign(group, bound_to(servers[0]))


def test_all_failed_leads_home(server: MakeServer) -> None:
    """When the failures of all are forgotten, a session goes back to its own server."""
    servers = [server("a"), server("b")]
    group = group_of(servers)
    for peer in group.peers:
        peer.failure(100.0)
    assert Assignment(group.peers[1], Affinity.VALID, Reason.BOUND) == assign(group, bound_to(servers[1]))


def test_first_of_two_alike(server: MakeServer) -> None:
    """Of two `server` lines alike the first has the sessions."""
    servers = [server("a"), server("a")]
    group = group_of(servers)
    assert group.peers[0] is assign(group, bound_to(servers[1])).peer


def test_server_of_another_group(server: MakeServer) -> None:
    """A claim of a server that the group does not have is one of an unknown server."""
    group = group_of([server("a")])
    assert Assignment(group.peers[0], Affinity.INVALID, Reason.UNKNOWN) == assign(group, bound_to(server("z")))


# -- fallback=off ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("affinity", [Affinity.NONE, Affinity.EXPIRED])
def test_first_request_is_served(server: MakeServer, affinity: Affinity) -> None:
    """With fallback=off a client without a session, or with an expired one, is balanced and may be tried again."""
    group = group_of([server("a"), server("b")])
    claim = Claim(affinity, ())
    assert group.peers[0] is assign(group, claim, fallback=False).peer
    assert group.peers[1] is assign(group, claim, tried=[group.peers[0]], fallback=False).peer


def test_unknown_is_refused(server: MakeServer) -> None:
    """With fallback=off a claim that names no server is refused."""
    refusal = assign(group_of([server("a")]), Claim(Affinity.INVALID, ()), fallback=False)
    assert Assignment(None, Affinity.INVALID, Reason.UNKNOWN) == refusal


@pytest.mark.parametrize("reason", [b"down", b"sick", b"failed", b"full"])
def test_move_is_refused(server: MakeServer, reason: bytes) -> None:
    """With fallback=off a session is refused rather than moved, whatever is the matter with its server."""
    servers = [server("a", down=reason == b"down", max_conns=1), server("b")]
    group = group_of(servers)
    group.peers[0].sick = reason == b"sick"
    if reason == b"failed":
        group.peers[0].failure(100.0)
    if reason == b"full":
        group.peers[0].acquire()
    refusal = assign(group, bound_to(servers[0]), fallback=False)
    assert Assignment(None, Affinity.DOWN, Reason(reason)) == refusal


def test_failed_try_is_refused_another(server: MakeServer) -> None:
    """With fallback=off a session whose server failed in this request gets no other."""
    servers = [server("a", max_fails=3), server("b")]
    group = group_of(servers)
    assert assign(group, bound_to(servers[0]), tried=[group.peers[0]], fallback=False).peer is None
