"""What servers keep when a configuration is loaded anew: two of them, one after the other, in memory."""

import sys

import pytest
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.assembly import build_upstreams
from stickyproxy.balance.changes import DRAIN, Change, Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.config.load import loads
from stickyproxy.config.proxying import parse_server
from stickyproxy.http.agent import Agent
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.proxy.upstream import Upstream, Upstreams
from stickyproxy.sticky.learn import Sessions
from stickyproxy.sticky.policies import learned
from stickyproxy.sticky.words import NO_MEMORY
from stickyproxy.succession import take_over
from tests.sticky.asking import ASKER

A, B = "10.0.0.1:80", "10.0.0.2:80"


class Generations:
    """The upstreams of one configuration after the other."""

    def __init__(self, *lines: str, more: str = "") -> None:
        self.reactor = MemoryReactorClock()
        self.deadlines = Deadlines(self.reactor)
        self.changes = Changes()
        self.upstreams = Upstreams()
        self.load(*lines, more=more)

    def load(self, *lines: str, more: str = "", name: str = "app") -> None:
        """Put another configuration in the place of the one before."""
        servers = "".join(f"    {line}\n" for line in lines)
        settings = loads(f"[upstream {name}]\nserver =\n{servers}{more}\n[server www]\nreturn = 200\n")
        after = build_upstreams(settings, tuple, lambda each: Agent(self.reactor, self.deadlines, each))
        take_over(self.upstreams, after, self.changes)
        self.upstreams.become(after)

    @property
    def app(self) -> Upstream:
        return self.upstreams["app"]

    @property
    def peers(self) -> tuple[Peer, ...]:
        return self.app.group.peers


def test_same_line_is_the_same_peer() -> None:
    """A server whose line has not changed is the peer that it was; one whose line is gone is not there."""
    house = Generations(A, B)
    _, b = house.peers
    house.load("10.0.0.9:80", B)
    assert ("10.0.0.9:80", b) == (house.peers[0].name.decode(), house.peers[1])
    assert 2 == len(house.peers)


def test_another_line_for_a_server() -> None:
    """A server whose line has changed goes on with its failures and times, under the new line's weight and limits."""
    house = Generations(A, B)
    old, _ = house.peers
    old.failure(5.0)
    old.response_time = 0.25
    house.load(f"{A} weight=7 max_conns=3", B)
    new, _ = house.peers
    assert (7, 3, 1, 5.0, 0.25) == (new.weight, new.max_conns, new.fails, new.accessed, new.response_time)


def test_requests_in_progress_count_on() -> None:
    """Requests of before count as a server's load until they end, through any number of generations."""
    house = Generations(A, B)
    first, _ = house.peers
    first.acquire()
    house.load(f"{A} weight=2", B)
    second, _ = house.peers
    second.acquire()
    house.load(f"{A} weight=3", B)
    third, _ = house.peers
    assert 2 == third.conns
    # One more try of a request of before.
    first.acquire()
    assert 3 == third.conns
    for peer in (first, first, second):
        peer.release()
    assert [0, 0, 0] == [peer.conns for peer in (first, second, third)]


def test_request_outlives_very_many_generations() -> None:
    """One that lasts, such as a WebSocket, is counted to its end, however often its server's line has changed."""
    peer = last = Peer(parse_server([A]))
    peer.acquire()
    for _ in range(sys.getrecursionlimit()):
        last, before = Peer(last.server), last
        last.succeed(before)
    peer.release()
    assert (0, 0) == (peer.conns, last.conns)


def test_twins_are_told_apart() -> None:
    """Of several servers at one address each goes on as itself, by its line or by its id."""
    house = Generations(f"{A} id=one", f"{A} id=two")
    one, two = house.peers
    one.fails, two.fails = 1, 2
    house.load(f"{A} id=two weight=2", f"{A} id=one")
    assert [2, 1] == [peer.fails for peer in house.peers]
    assert one is house.peers[1]


def test_other_upstream_is_another() -> None:
    """The same address in another upstream knows nothing of this one."""
    house = Generations(A)
    (old,) = house.peers
    house.load(A, name="other")
    (new,) = house.upstreams["other"].group.peers
    assert (["other"], False) == ([*house.upstreams], new is old)


def test_sessions_are_told_nothing_anew() -> None:
    """A session whose server has not changed gets no cookie again, however often the configuration is loaded."""
    house = Generations(A, B, more="session_sticky = hash=plain")
    for _ in range(2):
        house.load(A, B, more="session_sticky = hash=plain")
        claim = house.app.policy.recall([b"route=" + B.encode()], ASKER, 0.0)
        peer = house.app.group.assign(claim, (), 0.0, True, ASKER).peer
        assert peer is house.peers[1]
        assert NO_MEMORY is house.app.policy.remember([], claim, peer.server, 200, 0.0, ASKER)


@pytest.mark.parametrize("line", [f"{A} id=a", f"{A} id=a weight=9", "10.0.0.7:80 id=a"])
def test_changes_by_command_hold(line: str) -> None:
    """What an operator has changed holds for whoever has that id, whatever else its line says now."""
    house = Generations(f"{A} id=a", B)
    house.changes.make("app", house.app.group, house.peers[0], DRAIN.then(Change(weight=5)))
    house.load(line, B)
    assert (True, 5) == (house.peers[0].drain, house.peers[0].weight)
    house.load(B)
    house.load(line, B)
    assert (True, 5) == (house.peers[0].drain, house.peers[0].weight)


def test_connections_are_kept() -> None:
    """Where `keepalive` and its companions stay the agent does, with its connections; else it keeps none any more."""
    house = Generations(A)
    agent = house.app.agent
    house.load(A, B)
    assert agent is house.app.agent
    house.load(A, B, more="keepalive = 7")
    assert agent is not house.app.agent


LEARN = "sticky = learn create=$upstream_cookie_sid lookup=$cookie_sid zone=sessions:{}"


def tables(house: Generations) -> list[Sessions]:
    """What the upstream has learned."""
    return learned(house.app.policy)


@pytest.mark.parametrize("size", ["1m", "2m"])
def test_learned_sessions(size: str) -> None:
    """What was learned stands, whatever the size of the table is now, and leads to the line that a server has now."""
    house = Generations(A, B, more=LEARN.format("1m"))
    for weight in (2, 3):
        (before,) = tables(house)
        if weight == 2:
            before.put(b"s", house.peers[0].server, 1.0)
        house.load(f"{A} weight={weight}", B, more=LEARN.format(size))
        (after,) = tables(house)
        assert house.peers[0].server is after.find(b"s", 2.0)
        assert after is not before


def test_request_in_progress_teaches_the_table_of_now() -> None:
    """What a request of before has learned when it ends is known now, too."""
    house = Generations(A, B, more=LEARN.format("1m"))
    (before,) = tables(house)
    old = house.peers[0].server
    house.load(f"{A} weight=2", B, more=LEARN.format("1m"))
    before.put(b"s", old, 1.0)
    (after,) = tables(house)
    assert house.peers[0].server is after.find(b"s", 2.0)
