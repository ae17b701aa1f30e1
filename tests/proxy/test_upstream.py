from twisted.internet.testing import MemoryReactorClock

from stickyproxy.balance.group import Group
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.proxy.upstream import Upstream
from stickyproxy.sticky.unsticky import Unsticky


def test_upstreams_are_told_apart() -> None:
    """An upstream holds its own servers and connections: two are never one, unless they share them all."""
    reactor = MemoryReactorClock()
    agent = Agent(reactor, Deadlines(reactor), AgentSettings(1, 60.0, 1000))
    policy, group = Unsticky(), Group(())
    upstream = Upstream(b"app", policy, group, agent)
    assert upstream == Upstream(b"app", policy, group, agent)
    assert upstream != Upstream(b"app", policy, Group(()), agent)
