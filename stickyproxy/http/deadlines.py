"""Ends what has waited too long: one sweep a second over all connections instead of a timer for each."""

from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

NEVER = float("inf")

_log = Logger()


class Waiting(Protocol):
    """Something that can wait too long: `deadline` is a moment of the clock in seconds, or `NEVER`."""

    deadline: float

    def timed_out(self) -> None:
        """The deadline has passed; set another, or end what waits."""


class Deadlines:
    """Everything that waits, and the one timer that looks after it.

    A deadline is noticed at the first sweep after it: up to `interval` seconds late.
    """

    def __init__(self, clock: IReactorTime, interval: float = 1.0) -> None:
        self.seconds = clock.seconds
        # In the order in which they came, so that what happens at one moment happens in the same order every time.
        self._watched: dict[Waiting, None] = {}
        self._interval = interval
        self._loop = LoopingCall(self._sweep)
        self._loop.clock = clock

    def __len__(self) -> int:
        return len(self._watched)

    def start(self) -> None:
        """Begin to sweep."""
        self._loop.start(self._interval, now=False)

    def stop(self) -> None:
        """Sweep no more."""
        if self._loop.running:
            self._loop.stop()

    def watch(self, waiting: Waiting) -> None:
        """Look after `waiting` from now on."""
        self._watched[waiting] = None

    def unwatch(self, waiting: Waiting) -> None:
        """Look after `waiting` no more."""
        self._watched.pop(waiting, None)

    def _sweep(self) -> None:
        now = self.seconds()
        for waiting in [waiting for waiting in self._watched if waiting.deadline <= now]:
            # One that timed out may have ended another.
            if waiting in self._watched:
                try:
                    waiting.timed_out()
                except Exception:  # noqa: BLE001 - whatever is wrong with one, the others are still watched
                    _log.failure("a connection could not be timed out")
