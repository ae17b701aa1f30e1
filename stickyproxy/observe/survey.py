"""How the servers are at this moment: a frozen row for each, which the status page and the control socket show.

And what the requests of each upstream claimed of their sessions.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import frozen

from stickyproxy.balance.peer import Peer
from stickyproxy.observe.tally import Failure, Tallies, Tally
from stickyproxy.proxy.upstream import Upstream


class Check(Protocol):
    """What active checks know of one server.

    `rise` and `fall` count the last checks in a row that passed or failed; `port` is the one that is checked if it is
    not that of the traffic, else 0; `reason` is why the last check failed, empty if it passed.
    """

    @property
    def rise(self) -> int: ...
    @property
    def fall(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def reason(self) -> str: ...


@frozen
class Unchecked:
    """What stands where nobody checks."""

    rise: int = 0
    fall: int = 0
    type: str = "none"
    port: int = 0
    reason: str = ""


UNCHECKED = Unchecked()


@frozen
class Row:
    """One server. Moments are epoch seconds, None for what has not happened.

    `up` says whether it takes requests of its sessions. `state` is why or how, in one word: `up`, `drain` (no new
    sessions), `down` (by hand or by the file), `sick` (does not pass its checks) or `failed` (too many tries did).
    `clients` are those with a session here within the last ten minutes, `in_progress` the requests at this moment;
    what else is counted says Tally.
    """

    index: int
    upstream: str
    name: str
    id: str
    up: bool
    state: str
    check: Check
    weight: int
    backup: bool
    in_progress: int
    requests: int
    failures: int
    last_failure: Failure | None
    clients: int
    bound: int
    bound_since: float | None
    last_bound: float | None


@frozen
class Claims:
    """How many requests of one upstream claimed what, by `$sticky_status`, in the order of `Affinity`."""

    upstream: str
    counts: Mapping[str, int]


class Survey:
    """Looks at all servers of `upstreams`; `checks` gives what is known of one by checks, `seconds` the time.

    `tallies` is the observer that has to be told of every request; `generation` counts the configurations so far.
    """

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        tallies: Tallies,
        seconds: Callable[[], float],
        checks: Callable[[Peer], Check | None] = lambda peer: None,
    ) -> None:
        self.tallies = tallies
        self.generation = 1
        self._upstreams = upstreams
        self._seconds = seconds
        self._checks = checks

    def rows(self) -> list[Row]:
        """Return a row for each server, in the order of the configuration."""
        now = self._seconds()
        peers = [(upstream.name, peer) for upstream in self._upstreams.values() for peer in upstream.group.peers]
        return [
            _row(index, name.decode(), peer, self._checks(peer) or UNCHECKED, self.tallies.of(name, peer.name), now)
            for index, (name, peer) in enumerate(peers)
        ]

    def claims(self) -> list[Claims]:
        """Return what the requests of each upstream claimed so far, in the order of the configuration."""
        return [
            Claims(
                upstream.name.decode(),
                {affinity.value.decode(): n for affinity, n in self.tallies.affinities(upstream.name).items()},
            )
            for upstream in self._upstreams.values()
        ]


def _row(index: int, upstream: str, peer: Peer, check: Check, tally: Tally, now: float) -> Row:
    state = state_of(peer, now)
    return Row(
        index,
        upstream,
        peer.name.decode(),
        peer.server.id or "",
        up=state in ("up", "drain"),
        state=state,
        check=check,
        weight=peer.weight,
        backup=peer.server.backup,
        in_progress=peer.conns,
        requests=tally.requests,
        failures=tally.failures,
        last_failure=tally.last_failure,
        clients=tally.clients(now),
        bound=tally.bound,
        bound_since=tally.bound_since,
        last_bound=tally.last_bound,
    )


def state_of(peer: Peer, now: float) -> str:
    """Say in one word how a server is, what weighs most first."""
    if peer.down:
        return "down"
    if peer.sick:
        return "sick"
    if peer.has_failed(now):
        return "failed"
    return "drain" if peer.drain else "up"
