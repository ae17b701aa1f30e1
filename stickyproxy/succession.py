"""What becomes of upstreams when a configuration is loaded anew: the servers that stay go on as they were."""

from collections.abc import Collection, Mapping

from attrs import evolve

from stickyproxy.balance.changes import Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.config.settings import Server
from stickyproxy.http.agent import Agent
from stickyproxy.proxy.upstream import Upstream, Upstreams
from stickyproxy.sticky.policies import learned


def take_over(before: Mapping[str, Upstream], after: Upstreams, changes: Changes) -> None:
    """Have those `after` go on with what is known of the servers of those `before`, and with what was changed.

    Connections to servers that are gone are closed when they are idle.
    """
    for name, upstream in list(after.items()):
        known: Collection[Peer] = ()
        if name in before:
            known = set(before[name].group.peers)
            after.replace(name, _heir(before[name], upstream))
        group = after[name].group
        changes.apply(name, group, [peer for peer in group.peers if peer not in known])
    kept = {upstream.agent for upstream in after.values()}
    for upstream in before.values():
        if upstream.agent not in kept:
            _agent(upstream).keep_only(())
    for upstream in after.values():
        _agent(upstream).keep_only([peer.address for peer in upstream.group.peers])


def _heir(before: Upstream, after: Upstream) -> Upstream:
    there: dict[object, list[Peer]] = {}
    for peer in before.group.peers:
        there.setdefault(peer.address, []).append(peer)
    heirs: dict[Server, Server] = {}
    peers = []
    for peer in after.group.peers:
        old = _ancestor(there.get(peer.address, []), peer.server)
        if old is None:
            peers.append(peer)
        elif old.server == peer.server:
            # Nothing is said of it that was not said before.
            peers.append(old)
        else:
            peer.succeed(old)
            heirs[old.server] = peer.server
            peers.append(peer)
    for learned_before, learned_after in zip(learned(before.policy), learned(after.policy), strict=False):
        learned_after.take_over(learned_before, heirs)
    agent = before.agent if _agent(before).settings == _agent(after).settings else after.agent
    return evolve(after.with_peers(peers), agent=agent)


def _ancestor(peers: list[Peer], server: Server) -> Peer | None:
    """Take out of the peers at the server's address the one that was it: of twins that with the same line, or id."""
    if not peers:
        return None
    found = max(peers, key=lambda peer: (peer.server == server, peer.server.id == server.id))
    peers.remove(found)
    return found


def _agent(upstream: Upstream) -> Agent:
    assert isinstance(upstream.agent, Agent)
    return upstream.agent
