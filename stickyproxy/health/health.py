"""All servers under check, and what their checks say of each: what a status page shows.

`Health.checks` has a `ServerCheck` for each of them, in the order in which they came; `Health.of` finds that of one.
"""

from collections.abc import Callable, Hashable
from copy import copy

from attrs import evolve
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Check
from stickyproxy.health.checker import Checker
from stickyproxy.health.conversations import conversation
from stickyproxy.health.standing import Standing
from stickyproxy.health.words import Address, Connect, Patient

_log = Logger()


class ServerCheck:
    """One server of one upstream, as its checks find it.

    `rise` and `fall` count the last checks in a row that passed or failed; `reason` is why the last one failed, empty
    if it passed. `port` 0 is that of the traffic.
    """

    def __init__(self, upstream: str, patient: Patient, check: Check, checker: Checker) -> None:
        self.upstream = upstream
        self.patient = patient
        self.check = check
        self.standing = checker.standing
        # What the operator takes it for. Of one that begins as down he has heard nothing.
        self._told: bool | None = self.up or None
        patient.sick = not self.up

    @property
    def name(self) -> str:
        """The address of the server, in nginx's spelling."""
        return self.patient.name.decode()

    @property
    def type(self) -> str:
        return self.check.type

    @property
    def port(self) -> int:
        return self.check.port

    @property
    def up(self) -> bool:
        return self.standing.up

    @property
    def rise(self) -> int:
        return self.standing.rise

    @property
    def fall(self) -> int:
        return self.standing.fall

    @property
    def reason(self) -> str:
        return self.standing.reason

    def refresh(self) -> None:
        """Do as the state says, and log it if that is news."""
        self.patient.sick = not self.up
        if self.up == self._told or not (self.up or self.fall):
            return
        self._told = self.up
        if self.up:
            _log.info("upstream {upstream}: {server} is up", upstream=self.upstream, server=self.name)
        else:
            count = "1 failed check" if self.fall == 1 else f"{self.fall} failed checks"
            told = "upstream {upstream}: {server} is down: {reason} ({count})"
            _log.info(told, upstream=self.upstream, server=self.name, reason=self.reason, count=count)


class Health:
    """The checks of all servers that are to be checked; `random` gives numbers from 0 to 1.

    What those `before` have found of an address stands, where it is to be checked in the same way.
    """

    def __init__(self, clock: IReactorTime, random: Callable[[], float], before: "Health | None" = None) -> None:
        self._clock = clock
        self._random = random
        self._running = False
        # Those who have a checker in common have the same key.
        self._checkers: dict[Hashable, Checker] = {}
        self._found: dict[Patient, tuple[ServerCheck, Hashable]] = {}
        # What is known of an address, by upstream; forgotten when the checks begin.
        self._before: dict[tuple[Address, Check], dict[str, Standing]] = {}
        for each in before.checks if before else ():
            self._before.setdefault((each.patient.address, each.check), {})[each.upstream] = each.standing

    @property
    def checks(self) -> list[ServerCheck]:
        """All servers under check."""
        return [found for found, _ in self._found.values()]

    def of(self, patient: Patient) -> ServerCheck | None:
        """Return what is known of a server; None if it is not checked."""
        found = self._found.get(patient)
        return found[0] if found else None

    def watch(self, upstream: str, patient: Patient, check: Check, connect: Connect) -> None:
        """Check a server of `upstream`, from now on if others are checked already."""
        address = _checked_address(patient.address, check.port)
        # With `unique` an address is checked once for all who ask the same of it in the same way.
        key: Hashable = (address, check, connect) if check.unique else patient
        checker = self._checkers.get(key)
        if checker is None:
            standing = self._known(upstream, patient.address, check)
            checker = Checker(self._clock, self._random, check, conversation(check), connect(address), standing)
            self._checkers[key] = checker
            if self._running:
                checker.start()
        found = ServerCheck(upstream, patient, check, checker)
        self._found[patient] = (found, key)
        checker.listeners.append(found.refresh)

    def _known(self, upstream: str, address: Address, check: Check) -> Standing | None:
        """Return what is known of an address already: to that upstream, or else, with `unique`, to any other."""
        before = self._before.get((address, check), {})
        others = before.values() if check.unique else ()
        known = before.get(upstream) or next(iter(others), None)
        return copy(known) if known is not None else None

    def drop(self, patient: Patient) -> None:
        """Check a server no more, since it is gone."""
        found, key = self._found.pop(patient)
        checker = self._checkers[key]
        checker.listeners.remove(found.refresh)
        if not checker.listeners:
            del self._checkers[key]
            checker.stop()
            checker.let_go()

    def hand_over(self, patient: Patient, successor: Patient) -> None:
        """Have what is known of a server stand for another one at its address, which is checked in its place."""
        found, key = self._found.pop(patient)
        found.patient = successor
        successor.sick = not found.up
        self._found[successor] = found, key

    def start(self) -> "Deferred[None]":
        """Begin; fires when the first round of checks is over, where a server is down without it."""
        self._running = True
        self._before.clear()
        waiting = [checker.first for checker in self._checkers.values() if not checker.standing.up]
        for checker in self._checkers.values():
            checker.start()
        return gatherResults(waiting).addCallback(lambda _: None)

    def stop(self) -> None:
        """Check nobody any more; who waits for the start to be over waits for what comes instead."""
        self._running = False
        for checker in self._checkers.values():
            checker.stop()


def _checked_address(address: Address, port: int) -> Address:
    return evolve(address, port=port) if port and isinstance(address, InetAddress) else address
