"""What became of the requests at each server: an observer that counts, and remembers who was there of late.

It counts besides what the requests of each upstream claimed, which is `$sticky_status` in the access log.
"""

from collections import OrderedDict

from attrs import define, field, frozen

from stickyproxy.balance.words import Reason
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.sticky.words import Affinity

# How long, in seconds, a client counts as held after its last request to its own server.
WINDOW = 600.0
# Of how many clients a server, and of how many servers and upstreams the process, remembers anything; the oldest go
# first.
_MOST_CLIENTS = 10_000
_MOST_SERVERS = 10_000
_MOST_UPSTREAMS = 10_000


@frozen
class Failure:
    """A failed try: when it ended, in epoch seconds, and what was wrong."""

    at: float
    reason: str


@define
class Tally:
    """The requests of one server, each counted when it is over. Moments are epoch seconds.

    `requests` are all tries there, `failures` those that failed. `bound` are the requests of its own sessions, those
    that came with a claim to this server, since the last `restart`; `last_bound` is when the last of them was over.
    """

    requests: int = 0
    failures: int = 0
    last_failure: Failure | None = None
    bound: int = 0
    bound_since: float | None = None
    last_bound: float | None = None
    _clients: OrderedDict[bytes, float] = field(factory=OrderedDict)

    def failed(self, failure: Failure) -> None:
        """Count a failed try."""
        self.failures += 1
        self.last_failure = failure

    def held(self, client: bytes, now: float) -> None:
        """Count a request of one of the server's own sessions, by the address of its client."""
        self.bound += 1
        self.last_bound = now
        clients = self._clients
        clients[client] = now
        clients.move_to_end(client)
        if len(clients) > _MOST_CLIENTS:
            clients.popitem(last=False)

    def restart(self, now: float) -> None:
        """Count the requests of its own sessions from now on."""
        self.bound = 0
        self.bound_since = now

    def clients(self, now: float) -> int:
        """How many clients with a session here there were within the last WINDOW, told apart by their addresses."""
        clients = self._clients
        while clients and next(iter(clients.values())) < now - WINDOW:
            clients.popitem(last=False)
        return len(clients)


class Tallies:
    """The observer: a tally for each server that was ever asked, by the names of its upstream and of itself."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[tuple[bytes, bytes], Tally] = OrderedDict()
        self._affinities: OrderedDict[bytes, dict[Affinity, int]] = OrderedDict()

    def of(self, upstream: bytes, server: bytes) -> Tally:
        """Return the tally of the server with that address in nginx's spelling."""
        key = upstream, server
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
            if len(self._tallies) > _MOST_SERVERS:
                self._tallies.popitem(last=False)
        return tally

    def affinities(self, upstream: bytes) -> dict[Affinity, int]:
        """Return how many requests of an upstream claimed what, those included that were refused."""
        counts = self._affinities.get(upstream)
        if counts is None:
            counts = self._affinities[upstream] = dict.fromkeys(Affinity, 0)
            if len(self._affinities) > _MOST_UPSTREAMS:
                self._affinities.popitem(last=False)
        return counts

    def __call__(self, outcome: Outcome) -> None:
        assignment = outcome.assignment
        if assignment is None:
            return
        self.affinities(outcome.upstream_name)[assignment.affinity] += 1
        for attempt in outcome.tries:
            tally = self.of(attempt.upstream_name, attempt.address)
            tally.requests += 1
            if attempt.fault:
                tally.failed(Failure(attempt.ended or outcome.finished, attempt.fault))
        if assignment.reason is Reason.BOUND:
            tally.held(outcome.ends.peer_host, outcome.finished)
