from collections.abc import Sequence
from ipaddress import ip_address

from attrs import evolve
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.balance.group import Group
from stickyproxy.balance.least_conn import LeastConn
from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.proxy.upstream import Upstream, Upstreams
from stickyproxy.sticky.unsticky import Unsticky
from stickyproxy.sticky.words import StickyPolicy

A, B, C = (Server(name, InetAddress(ip_address(f"10.0.0.{nth}"), 80)) for nth, name in enumerate("abc", 1))


def upstream(*servers: Server) -> Upstream:
    """An upstream with these servers."""
    reactor = MemoryReactorClock()
    agent = Agent(reactor, Deadlines(reactor), AgentSettings(1, 60.0, 1000))
    group = Group([Peer(server) for server in servers], LeastConn)
    return Upstream(b"app", Unsticky(), group, agent, lambda servers: Unsticky())


def test_upstreams_are_told_apart() -> None:
    """An upstream holds its own servers and connections: two are never one, unless they share them all."""
    one = upstream()
    assert one == Upstream(b"app", one.policy, one.group, one.agent, one.make_policy)
    assert one != Upstream(b"app", one.policy, Group(()), one.agent, one.make_policy)


def test_other_servers() -> None:
    """Among other servers those that stay are the peers that they were, chosen from as before; nothing else changes."""
    before = upstream(A, B)
    after = before.among([C, B])
    assert [C, B] == [peer.server for peer in after.group.peers]
    assert before.group.peers[1] is after.group.peers[1]
    assert (before.agent, LeastConn) == (after.agent, after.group.make_balancer)
    assert [A, B] == [peer.server for peer in before.group.peers]
    assert before.policy is not after.policy


def test_policy_knows_the_very_servers() -> None:
    """The policy is made for the servers of the peers that stay, not for others that only look like them."""
    known: list[Server] = []

    def make_policy(servers: Sequence[Server]) -> StickyPolicy:
        known.extend(servers)
        return Unsticky()

    evolve(upstream(A, B), make_policy=make_policy).among([C, evolve(B)])
    assert [C, B] == known
    assert B is known[1]


def test_only_server_is_never_taken_out() -> None:
    """How many failures take a server out depends on whether there is another one now."""
    before = upstream(A, B)
    (peer,) = before.among([A]).group.peers
    assert 0 == peer.max_fails
    before.among([A, C])
    assert 1 == peer.max_fails


def test_followers_are_told() -> None:
    """Who follows an upstream is handed the one that there is, and each that takes its place."""
    upstreams = Upstreams()
    upstreams["app"], upstreams["other"] = first, other = upstream(A), upstream(B)
    told: list[Upstream] = []
    upstreams.follow("app", told.append)
    second = first.among([C])
    upstreams.replace("app", second)
    upstreams.replace("other", other.among([A]))
    assert [first, second] == told
    assert second is upstreams["app"]


def test_upstreams_become_others() -> None:
    """The others take their place, and are followed by those who follow the others."""
    upstreams, others = Upstreams(), Upstreams()
    upstreams["app"], others["other"] = upstream(A), upstream(B)
    told: list[Upstream] = []
    others.follow("other", told.append)
    upstreams.become(others)
    assert ["other"] == list(upstreams)
    upstreams.replace("other", next_one := upstream(C))
    assert next_one == told[-1]
