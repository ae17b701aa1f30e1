"""What becomes of an upstream when servers come and go: those that stay go on as if nothing had happened."""

from collections.abc import Iterable, Mapping, Sequence

from twisted.logger import Logger

from stickyproxy.balance.changes import Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.checking import Checks
from stickyproxy.config.addresses import HostAddress
from stickyproxy.config.settings import Server
from stickyproxy.http.agent import Agent
from stickyproxy.proxy.upstream import Upstreams
from stickyproxy.sticky.policies import learned

_log = Logger()


class Turnover:
    """Gives upstreams other servers, with all that hangs on that: checks, connections, and what operators changed."""

    def __init__(self, upstreams: Upstreams, checks: Checks, changes: Changes) -> None:
        self._upstreams = upstreams
        self._checks = checks
        self._changes = changes

    def __call__(self, name: str, servers: Sequence[Server], weights: Mapping[Server, int]) -> None:
        """Give the upstream those servers, and other weights to some of them.

        What operators changed holds for those who come, and is undone by nothing but another weight.
        """
        before = self._upstreams[name]
        after = before.among(servers)
        come = _without(after.group.peers, before.group.peers)
        gone = _without(before.group.peers, after.group.peers)
        if weights:
            after.group.weigh({peer: weights[peer.server] for peer in after.group.peers if peer.server in weights})
        heirs = _succeed(gone, come)
        for sessions in learned(after.policy):
            sessions.take_over(sessions, heirs)
        self._changes.apply(name, after.group, come)
        self._checks.turn(name, gone, come)
        self._upstreams.replace(name, after)
        assert isinstance(after.agent, Agent)
        after.agent.keep_only([peer.address for peer in after.group.peers])
        told = [f"{peer.name.decode()} comes" for peer in come if _is_there(peer)]
        told += [f"{peer.name.decode()} goes" for peer in gone if _is_there(peer)]
        if told:
            _log.info("upstream {upstream}: {told}", upstream=name, told=", ".join(told))


def _without(peers: Sequence[Peer], others: Sequence[Peer]) -> list[Peer]:
    known = set(others)
    return [peer for peer in peers if peer not in known]


def _succeed(gone: Iterable[Peer], come: Iterable[Peer]) -> dict[Server, Server]:
    """Have those who come to the address of one who is gone go on as that one; return whose places they take."""
    at = {peer.address: peer for peer in gone}
    heirs = {}
    for peer in come:
        old = at.get(peer.address)
        if old is not None:
            peer.succeed(old)
            heirs[old.server] = peer.server
    return heirs


def _is_there(peer: Peer) -> bool:
    """Whether it is more than a name without addresses."""
    return not isinstance(peer.server.address, HostAddress)
