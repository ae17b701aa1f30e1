"""The commands of the control socket: a line in, the answer out, as text for people or as JSON."""

import shlex
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen
from twisted.logger import Logger

from stickyproxy.balance.changes import DOWN, DRAIN, UP, Change, Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.config import values
from stickyproxy.config.balancing import MOST_CONSISTENT
from stickyproxy.config.suggest import suggest
from stickyproxy.control.answers import Answer, as_json, as_text, failure_as_json, failure_as_text
from stickyproxy.observe.survey import Survey
from stickyproxy.proxy.upstream import Upstream

_log = Logger()
# Whatever the method: none may be told to keep more points than the file could tell it to.
_read_weight = values.number(1, MOST_CONSISTENT)


@frozen
class _Verb:
    """A command that changes a server: what stands behind its name, and the change that this comes to."""

    arguments: str
    change: Callable[[Sequence[str]], Change]


# The verbs by which a server is changed.
_VERBS = {
    "drain": _Verb("UPSTREAM SERVER", lambda words: DRAIN),
    "down": _Verb("UPSTREAM SERVER", lambda words: DOWN),
    "up": _Verb("UPSTREAM SERVER", lambda words: UP),
    "weight": _Verb("UPSTREAM SERVER N", lambda words: Change(weight=_read_weight(words[2]))),
}
NAMES = ("status", "reload", *_VERBS)


class Commands:
    """What is done on a command; `changes` keeps what was changed, `seconds` is the clock.

    `reload` loads the configuration anew, or returns what is wrong with it.
    """

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        survey: Survey,
        changes: Changes,
        seconds: Callable[[], float],
        reload: Callable[[], Sequence[str]],
    ) -> None:
        self._upstreams = upstreams
        self._survey = survey
        self._changes = changes
        self._seconds = seconds
        self._reload = reload

    def answer(self, line: str) -> str:
        """Do what the line says, and return the lines to answer with; `--json` at its end asks for JSON."""
        wants_json = line.split()[-1:] == ["--json"]
        show, fail = (as_json, failure_as_json) if wants_json else (as_text, failure_as_text)
        try:
            return show(self._do(shlex.split(line)[: -1 if wants_json else None]), self._seconds())
        except ValueError as error:
            return fail(str(error))

    def _do(self, words: Sequence[str]) -> Answer:
        """Do what the words say. Raises ValueError with what is wrong and what was expected."""
        name, *arguments = words or [""]
        if name in ("status", "reload"):
            if arguments:
                raise ValueError(f"{name} with {len(arguments)} words behind it; expected {name} alone")
            if name == "reload" and (faults := self._reload()):
                raise ValueError("\n".join(faults))
            return Answer(self._survey.rows(), self._survey.claims())
        verb = _VERBS.get(name)
        if verb is None:
            raise ValueError(f'"{name}" is no command; expected {values.listed(NAMES)}{suggest(name, NAMES)}')
        if len(arguments) != len(verb.arguments.split()):
            raise ValueError(f"{' '.join(words)}; expected {name} {verb.arguments}")
        change = verb.change(arguments)
        upstream = self._upstream(arguments[0])
        peer = _peer(upstream, arguments[1])
        self._changes.make(arguments[0], upstream.group, peer, change)
        if change.weight is None:
            self._survey.tallies.of(upstream.name, peer.name).restart(self._seconds())
        _log.info("control: {command}", command=shlex.join(words))
        told = (arguments[0], peer.name.decode(), peer.server.id or "")
        return Answer([row for row in self._survey.rows() if told == (row.upstream, row.name, row.id)])

    def _upstream(self, name: str) -> Upstream:
        upstream = self._upstreams.get(name)
        if upstream is None:
            expected = values.listed(sorted(self._upstreams)) if self._upstreams else "none, since there is none"
            raise ValueError(f'no upstream "{name}"; expected {expected}{suggest(name, self._upstreams)}')
        return upstream


def _peer(upstream: Upstream, name: str) -> Peer:
    """The only server of that `id=`, or else of that address. Raises ValueError."""
    peers = upstream.group.peers
    found = [peer for peer in peers if peer.server.id == name] or [peer for peer in peers if peer.name.decode() == name]
    if len(found) == 1:
        return found[0]
    names = [peer.server.id or peer.name.decode() for peer in peers]
    what = f'{len(found)} servers "{name}"' if found else f'no server "{name}"'
    raise ValueError(f"{what} in {upstream.name.decode()}; expected {values.listed(names)}{suggest(name, names)}")
