"""One upstream's servers at work: who takes this request, and what that means for its session."""

from collections.abc import Collection, Sequence

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import Assignment, Balancer, Reason
from stickyproxy.config.settings import Server
from stickyproxy.sticky.words import Affinity, Claim

# What becomes of a claim that names no server of this group (a VALID one has lost its server), and why.
_UNBOUND = {
    Affinity.NONE: (Affinity.NONE, Reason.NEW),
    Affinity.EXPIRED: (Affinity.EXPIRED, Reason.EXPIRED),
    Affinity.INVALID: (Affinity.INVALID, Reason.UNKNOWN),
    Affinity.VALID: (Affinity.INVALID, Reason.UNKNOWN),
}
# The reasons for which `fallback=off` refuses: there is a session, and it would move.
_MOVES = frozenset({Reason.UNKNOWN, Reason.DOWN, Reason.FAILED, Reason.FULL})


class Group:
    """The peers of one upstream, in the order of its `server` lines: primaries, and backups for when they are out.

    `now` is the time on one clock of the caller's, in seconds; `tried` are the peers that failed in this request.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self.peers = tuple(Peer(server) for server in servers)
        if len(self.peers) == 1:
            # The only server is never taken out: there is nobody to spare it for (nginx, "single").
            self.peers[0].max_fails = 0
        self._tiers: tuple[Balancer, Balancer] = (
            RoundRobin([peer for peer in self.peers if not peer.server.backup]),
            RoundRobin([peer for peer in self.peers if peer.server.backup]),
        )
        self._bound = {
            peer.server: (peer, Assignment(peer, Affinity.VALID, Reason.BOUND)) for peer in reversed(self.peers)
        }

    def assign(self, claim: Claim, tried: Collection[Peer], now: float, fallback: bool) -> Assignment:
        """Say who takes the request, if anybody does.

        When nobody can, the failures of all are forgotten and whoever has not been tried in this request is asked
        once more. With `fallback` off nobody takes the request of a session that would have to move.
        """
        assignment = self._assign(claim, tried, now, fallback)
        if assignment.peer is None and (fallback or assignment.reason not in _MOVES):
            for peer in self.peers:
                peer.forgive()
            assignment = self._assign(claim, tried, now, fallback)
        if assignment.peer is not None:
            assignment.peer.chosen(now)
        return assignment

    def _assign(self, claim: Claim, tried: Collection[Peer], now: float, fallback: bool) -> Assignment:
        bound = self._bound.get(claim.server) if claim.server is not None else None
        if bound is None:
            affinity, reason = _UNBOUND[claim.affinity]
        else:
            peer, assignment = bound
            if peer not in tried and peer.usable(now):
                self._tiers[peer.server.backup].count(peer)
                return assignment
            affinity, reason = Affinity.DOWN, _obstacle(peer, tried, now)
        if not fallback and reason in _MOVES:
            return Assignment(None, affinity, reason)
        for tier in self._tiers:
            chosen = tier.pick(tried, now)
            if chosen is not None:
                return Assignment(chosen, affinity, reason)
        return Assignment(None, affinity, reason)


def _obstacle(peer: Peer, tried: Collection[Peer], now: float) -> Reason:
    """Why the session's own peer cannot take the request."""
    if peer.down:
        return Reason.DOWN
    if peer in tried or peer.has_failed(now):
        return Reason.FAILED
    return Reason.FULL
