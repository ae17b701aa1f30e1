"""Names that are asked for again and again, each when what is known of it has grown old, as long as the proxy runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.resolver import Resolver
from stickyproxy.config.settings import Server
from stickyproxy.names.lookup import AGAIN, Answer, Ask, Found, Lookup
from stickyproxy.names.servers import servers_of

_log = Logger()

# How long clients wait for the first addresses when the proxy starts, in seconds.
PATIENCE = 3.0

# Gives the upstream of that name other servers, and other weights to some of them.
Become = Callable[[str, Sequence[Server], Mapping[Server, int]], None]


class Renewals:
    """All names that are asked for; `become` hears of every change. What those `before` have found stands at first."""

    def __init__(
        self, clock: IReactorTime, ask: Ask, settings: Resolver, become: Become, before: "Renewals | None" = None
    ) -> None:
        self._clock = clock
        self._ask = ask
        self._settings = settings
        self._become = become
        self._before = before._names if before is not None else []  # noqa: SLF001
        self._names: list[_Name] = []
        self._started: Deferred[None] = Deferred()
        self._patience: IDelayedCall | None = None

    def watch(self, upstream: str, servers: Sequence[Server]) -> None:
        """Ask for the names of those servers that say `resolve`; the others of the upstream stay as they are."""
        roster = _Roster(upstream, servers, self._become)
        for place, server in enumerate(servers):
            if server.resolve:
                lookup = Lookup(server, self._ask, self._settings)
                name = _Name(self._clock, server, lookup, roster, place, self._heard)
                before = _known(self._before, upstream, server)
                if before is not None:
                    lookup.take_over(before.lookup)
                    roster.begin_with(place, before.stands(server))
                self._names.append(name)

    def stands(self, upstream: str, server: Server) -> Sequence[Server]:
        """Return the servers that stand for one now: the addresses that its name has, or itself if it has none."""
        known = _known(self._names, upstream, server)
        return [*known.stands(server)] if server.resolve and known is not None else [server]

    def start(self) -> "Deferred[None]":
        """Begin; fires when every name has been asked for once, or when PATIENCE is over."""
        self._before = []
        self._patience = self._clock.callLater(PATIENCE, self._go_on)
        for name in self._names:
            name.ask()
        self._heard()
        return self._started

    def stop(self) -> None:
        """Ask for nothing any more."""
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        for name in self._names:
            name.stop()

    def _heard(self) -> None:
        if not self._started.called and all(name.heard for name in self._names):
            self._go_on()

    def _go_on(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._started.callback(None)


def _known(names: Iterable["_Name"], upstream: str, server: Server) -> "_Name | None":
    """Return the name of that line, or of what was it before it changed: several lines may have one name."""
    named = [name for name in names if name.key == (upstream, server.name, server.service)]
    return max(named, key=lambda name: name.line == server, default=None)


class _Roster:
    """The servers of one upstream, by the `server` lines that they come from."""

    def __init__(self, upstream: str, servers: Sequence[Server], become: Become) -> None:
        self.upstream = upstream
        self._become = become
        self._places = [{server: server.weight} for server in servers]

    def stands(self, place: int) -> Mapping[Server, int]:
        """Return the servers that stand there, with the weights that they have."""
        return self._places[place]

    def begin_with(self, place: int, servers: Mapping[Server, int]) -> None:
        """Take for known what stands there."""
        self._places[place] = dict(servers)

    def renew(self, place: int, line: Server, answer: Answer) -> None:
        """Have the answer stand at the place of that line; a name without addresses is a server that is down."""
        before = self._places[place]
        after = servers_of(line, answer.found, before) or {line: line.weight}
        if after == before and list(after) == list(before):
            return
        places = [*self._places[:place], after, *self._places[place + 1 :]]
        weights = {server: weight for server, weight in after.items() if weight != before.get(server, server.weight)}
        self._become(self.upstream, [server for servers in places for server in servers], weights)
        self._places = places


class _Name:
    """One line with `resolve`: asks, has the answer stand, and asks again when that has grown old."""

    def __init__(
        self,
        clock: IReactorTime,
        line: Server,
        lookup: Lookup,
        roster: _Roster,
        place: int,
        told: Callable[[], None],
    ) -> None:
        self.heard = False
        self.key = roster.upstream, line.name, line.service
        self.line = line
        self._clock = clock
        self.lookup = lookup
        self._roster = roster
        self._place = place
        self._told = told
        self._fault = ""
        self._asking: Deferred[None] | None = None
        self._next: IDelayedCall | None = None

    def stands(self, line: Server) -> Mapping[Server, int]:
        """Return the servers that stand for the line, which may have changed in all but its name."""
        standing = self._roster.stands(self._place)
        if line == self.line:
            return standing
        weighs, is_backup = self.line.service is not None, self.line.backup
        found = [
            Found(each.address, each.name, weight if weighs else None, each.backup and not is_backup)
            for each, weight in standing.items()
            if isinstance(each.address, InetAddress)
        ]
        return servers_of(line, found, ()) or {line: line.weight}

    def ask(self) -> None:
        """Ask now."""
        asking = Deferred.fromCoroutine(self.lookup.find())
        self._asking = asking.addCallback(self._answered).addErrback(self._broken)

    def stop(self) -> None:
        """Ask no more."""
        self.lookup.stopped = True
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _answered(self, answer: Answer) -> None:
        if self.lookup.stopped:
            return
        self._next = self._clock.callLater(answer.ttl, self.ask)
        if answer.fault and answer.fault != self._fault:
            told = "upstream {upstream}: {line} stays as it is: {fault}"
            _log.warn(told, upstream=self._roster.upstream, line=self.line.name, fault=answer.fault)
        self._fault = answer.fault
        self._roster.renew(self._place, self.line, answer)
        self._hear()

    def _broken(self, failure: Failure) -> None:
        _log.failure("{line} could not be renewed", failure, line=self.line.name)
        if self._next is None or not self._next.active():
            self._next = self._clock.callLater(AGAIN, self.ask)
        self._hear()

    def _hear(self) -> None:
        self.heard = True
        self._told()
