"""One upstream's servers at work: who takes this request, and what that means for its session."""

from collections.abc import Callable, Collection, Mapping, Sequence

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import Assignment, Balancer, Reason
from stickyproxy.sticky.words import Affinity, Claim

# What becomes of a claim that names no server of this group (a VALID one has lost its server), and why.
_UNBOUND = {
    Affinity.NONE: (Affinity.NONE, Reason.NEW),
    Affinity.EXPIRED: (Affinity.EXPIRED, Reason.EXPIRED),
    Affinity.INVALID: (Affinity.INVALID, Reason.UNKNOWN),
    Affinity.VALID: (Affinity.INVALID, Reason.UNKNOWN),
}
# The reasons for which `fallback=off` refuses: there is a session, and it would move.
_MOVES = frozenset({Reason.UNKNOWN, Reason.DOWN, Reason.SICK, Reason.FAILED, Reason.FULL})


class Group:
    """The peers of one upstream, in the order of its `server` lines: primaries, and backups for when they are out.

    The peers may outlive the group: another one takes them over, with all that is known of them. `make_balancer`
    builds the algorithm, once for the primaries and once for the backups.

    `now` is the time on one clock of the caller's, in seconds; `tried` are the peers that failed in this request;
    `asker` is the request, for balancers that choose by a key of it.
    """

    def __init__(self, peers: Sequence[Peer], make_balancer: Callable[[Sequence[Peer]], Balancer] = RoundRobin) -> None:
        self.peers = tuple(peers)
        for peer in self.peers:
            # The only server is never taken out: there is nobody to spare it for (nginx, "single").
            peer.max_fails = 0 if len(self.peers) == 1 else peer.server.max_fails
        self.make_balancer = make_balancer
        self._tiers = self._make_tiers()
        self._bound = {
            peer.server: (peer, Assignment(peer, Affinity.VALID, Reason.BOUND)) for peer in reversed(self.peers)
        }

    def _make_tiers(self) -> tuple[Balancer, Balancer]:
        return (
            self.make_balancer([peer for peer in self.peers if not peer.server.backup]),
            self.make_balancer([peer for peer in self.peers if peer.server.backup]),
        )

    def weigh(self, weights: Mapping[Peer, int]) -> None:
        """Give peers other weights, from 1 up; new sessions are shared out by them at once."""
        for peer, weight in weights.items():
            peer.weight = peer.effective_weight = weight
        # Turns that the old weights gave or took may be a thousand times what the new ones give.
        for each in self.peers:
            each.current_weight = 0.0
        self._tiers = self._make_tiers()

    def is_another_left(self, tried: Collection[Peer]) -> bool:
        """Whether a new session would find a peer that is not among `tried`, if failures were forgotten."""
        return any(peer.may_return and peer not in tried for peer in self.peers)

    def assign(self, claim: Claim, tried: Collection[Peer], now: float, fallback: bool, asker: object) -> Assignment:
        """Say who takes the request, if anybody does.

        When nobody can, the failures of all are forgotten and whoever has not been tried in this request is asked
        once more. With `fallback` off nobody takes the request of a session that would have to move.
        """
        assignment = self._assign(claim, tried, now, fallback, asker)
        if assignment.peer is None and (fallback or assignment.reason not in _MOVES):
            for peer in self.peers:
                peer.forgive()
            assignment = self._assign(claim, tried, now, fallback, asker)
        if assignment.peer is not None:
            assignment.peer.chosen(now)
        return assignment

    def _assign(self, claim: Claim, tried: Collection[Peer], now: float, fallback: bool, asker: object) -> Assignment:
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
            chosen = tier.pick(tried, now, asker)
            if chosen is not None:
                return Assignment(chosen, affinity, reason)
        return Assignment(None, affinity, reason)


def _obstacle(peer: Peer, tried: Collection[Peer], now: float) -> Reason:
    """Why the session's own peer cannot take the request."""
    if peer.down:
        return Reason.DOWN
    if peer.sick:
        return Reason.SICK
    if peer in tried or peer.has_failed(now):
        return Reason.FAILED
    return Reason.FULL
