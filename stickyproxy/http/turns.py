"""Steps that many connections take side by side, within one turn of the reactor.

Under load a turn finds some thirty sockets ready. To go all the way with one connection after the other took a quarter
longer than to go one step with each of them, and then the next: what a step needs, code and data, the processor has at
hand when it has just been taken. What a step leaves for later it posts, as nginx posts events (ngx_event_posted.c).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import cast

from twisted.internet.protocol import Protocol
from twisted.logger import Logger

from stickyproxy.http.transports import Transport

# How many connections go together at most. One for which more bytes were read than so many is the last of them: by the
# time that the others had been read from, its bytes would be out of the processor's sight, as would all that is held.
TOGETHER = 32
LARGE = 24 * 1024

Step = Callable[[], object]
# Has a step taken later, or at once.
Post = Callable[[Step], object]

_log = Logger()


def at_once(step: Step) -> None:
    """Post a step where nothing takes turns."""
    step()


class Stepwise(Protocol):
    """A protocol that deals with what it is given in steps."""

    __slots__ = ()

    transport: Transport  # type: ignore[assignment]

    def take(self, data: bytes) -> None:
        """Understand what was read."""
        raise NotImplementedError

    def go_on(self) -> None:
        """Do what was understood. What others did since may have ended the connection, or what it was read for."""
        raise NotImplementedError

    def dataReceived(self, data: bytes) -> None:
        self.take(data)
        self.go_on()


class Turns:
    """The turns of a reactor, which reads from some connections and then has them `go` together."""

    def __init__(self) -> None:
        self._posted: deque[Step] = deque()
        self._going = False

    def post(self, step: Step) -> None:
        """Have a step taken when all have taken those before it; at once where no connections go together."""
        if self._going:
            self._posted.append(step)
        else:
            step()

    def go(self, read: Iterable[tuple[Protocol, bytes]]) -> None:
        """Have each protocol take what was read for it, and take all steps that follow from that, so many at a time.

        Any other protocol gets its data as ever; behind it may be one that posts steps, as a channel does behind TLS.
        """
        self._going = True
        reading = iter(read)
        while self._some_go(reading):
            pass
        self._going = False

    def _some_go(self, reading: Iterator[tuple[Protocol, bytes]]) -> bool:
        """Have those that are next go together; return whether there were any."""
        some = False
        taken: list[Stepwise] = []
        for protocol, data in islice(reading, TOGETHER):
            some = True
            try:
                if isinstance(protocol, Stepwise):
                    protocol.take(data)
                    taken.append(protocol)
                else:
                    protocol.dataReceived(data)
            except BaseException:  # noqa: BLE001 - as in Twisted: whatever it is, it ends this one alone
                _end(protocol)
            if len(data) > LARGE:
                break
        for stepwise in taken:
            try:
                stepwise.go_on()
            except BaseException:  # noqa: BLE001
                _end(stepwise)
        posted = self._posted
        while posted:
            step = posted.popleft()
            try:
                step()
            except BaseException:  # noqa: BLE001
                whose = getattr(step, "__self__", None)
                if isinstance(whose, Stepwise):
                    _end(whose)
                else:
                    _log.failure("a step failed")
        return some


def _end(protocol: Protocol) -> None:
    _log.failure("a connection failed")
    cast(Transport, protocol.transport).abortConnection()
