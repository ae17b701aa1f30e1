"""What the process does when it is sent a signal, and how that is undone."""

import signal
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads


class Signals:
    """Acts on signals in the reactor's own turn, and puts back what was there before."""

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._before: dict[int, Any] = {}

    def on(self, number: int, act: Callable[[], object]) -> None:
        """Call `act` whenever the process is sent that signal."""
        before = signal.signal(number, lambda *_: self._reactor.callFromThread(act))
        self._before.setdefault(number, before)

    def restore(self) -> None:
        """Act on none any more."""
        for number, before in self._before.items():
            # None: it was not installed from Python, and cannot be put back.
            if before is not None:
                signal.signal(number, before)
        self._before.clear()
