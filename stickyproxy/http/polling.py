"""Turns of the reactor that connections take together, without the logging context that Twisted puts round each event.

Twisted calls every socket that is ready through `log.callWithLogger`, which names it in whatever is logged meanwhile.
Nothing here reads that name, and it cost a tenth of the time of a request. This is what EPollReactor does, without it;
what is ready to be read and nothing else, as nearly always, is read without asking for anything else, and what a TCP
connection has read goes to its protocol by no other way, together with what others have read (`turns`).
"""

from collections.abc import Callable, Iterator
from select import EPOLLIN
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.logger import Logger

from stickyproxy.http.transports import EpollParts
from stickyproxy.http.turns import Turns

_log = Logger()
_DO_READ = Connection.doRead


def poll_plainly(reactor: Any, turns: Turns) -> Callable[[], None]:
    """Have `reactor` take its turns so, until what is returned is called; any but Twisted's on epoll stays as it is."""
    if not issubclass(type(reactor), EPollReactor):
        return lambda: None
    parts = EpollParts.of(reactor)
    poll, selectables = parts.poll, parts.selectables

    def turn(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, len(selectables))
        except InterruptedError:
            return
        turns.go(_ready(parts, events))

    usual = reactor.doIteration
    reactor.doIteration = turn

    def restore() -> None:
        reactor.doIteration = usual

    return restore


def _ready(parts: EpollParts, events: list[tuple[int, int]]) -> Iterator[tuple[Protocol, bytes]]:
    """Read from each that is ready, when what was read for those before it has been taken.

    Bytes on their way would be out of sight for whoever asks the kernel whether a connection that is kept is silent.
    """
    selectables = parts.selectables
    for descriptor, event in events:
        # One that was ready may have closed another.
        selectable = selectables.get(descriptor)
        if selectable is None:
            continue
        read = None
        try:
            if event != EPOLLIN:
                parts.read_or_write(selectable, descriptor, event)
            else:
                read = _read(selectable) if type(selectable).doRead is _DO_READ else selectable.doRead()
        except BaseException as fault:  # noqa: BLE001 - as in Twisted: whatever it is, it ends this one alone
            _log.failure("a connection failed")
            read = fault
        if isinstance(read, bytes):
            yield selectable.protocol, read
        elif read:
            _end(parts, selectable, read)


def _end(parts: EpollParts, selectable: Any, why: BaseException) -> None:
    """Tell one that it is lost; if that fails, the others still go on with what they took."""
    try:
        parts.disconnect(selectable, why, True)
    except BaseException:  # noqa: BLE001
        _log.failure("a connection could not be ended")


def _read(connection: Connection) -> bytes | Exception | None:
    """Do what `Connection.doRead` does, but that what was read for the protocol is returned.

    Or why the connection is over, or None if there is nothing to be read yet.
    """
    try:
        return connection.socket.recv(connection.bufferSize) or CONNECTION_DONE
    except BlockingIOError:
        return None
    except OSError:
        return CONNECTION_LOST
