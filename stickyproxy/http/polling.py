"""Turns of the reactor without the logging context that Twisted puts round each event.

Twisted calls every socket that is ready through `log.callWithLogger`, which names it in whatever is logged meanwhile.
Nothing here reads that name, and it cost a tenth of the time of a request. This is what EPollReactor does, without it.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.epollreactor import EPollReactor


def poll_plainly(reactor: Any) -> Callable[[], None]:
    """Have `reactor` take its turns so, until what is returned is called; any but Twisted's on epoll stays as it is."""
    if not issubclass(type(reactor), EPollReactor):
        return lambda: None
    poll, selectables, read_or_write = reactor._poller.poll, reactor._selectables, reactor._doReadOrWrite

    def turn(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, len(selectables))
        except InterruptedError:
            return
        for descriptor, event in events:
            # One that was ready may have closed another.
            selectable = selectables.get(descriptor)
            if selectable is not None:
                read_or_write(selectable, descriptor, event)

    usual = reactor.doIteration
    reactor.doIteration = turn

    def restore() -> None:
        reactor.doIteration = usual

    return restore
