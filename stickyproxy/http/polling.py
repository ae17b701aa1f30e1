"""Turns of the reactor that connections take together, without the logging context that Twisted puts round each event.

Twisted calls every socket that is ready through `log.callWithLogger`, which names it in whatever is logged meanwhile.
Nothing here reads that name, and it cost a tenth of the time of a request. This is what EPollReactor does, without it;
what is ready to be read and nothing else, as nearly always, is read without asking for anything else, and what a TCP
connection has read goes to its protocol by no other way, together with what others have read (`turns`).
"""

from collections.abc import Callable
from select import EPOLLIN
from typing import Any, cast

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.logger import Logger

from stickyproxy.http.turns import TOGETHER, Turns

_log = Logger()
_DO_READ = Connection.doRead


def poll_plainly(reactor: Any, turns: Turns) -> Callable[[], None]:
    """Have `reactor` take its turns so, until what is returned is called; any but Twisted's on epoll stays as it is."""
    if not issubclass(type(reactor), EPollReactor):
        return lambda: None
    poll, selectables = reactor._poller.poll, reactor._selectables
    read_or_write, disconnect = reactor._doReadOrWrite, reactor._disconnectSelectable

    def turn(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, len(selectables))
        except InterruptedError:
            return
        read: list[tuple[Protocol, bytes]] = []
        for descriptor, event in events:
            # One that was ready may have closed another.
            selectable = selectables.get(descriptor)
            if selectable is None:
                continue
            if event != EPOLLIN:
                read_or_write(selectable, descriptor, event)
                continue
            try:
                why = _read(selectable, read) if type(selectable).doRead is _DO_READ else selectable.doRead()
            except BaseException as fault:  # noqa: BLE001 - as in Twisted: whatever it is, it ends this one alone
                _log.failure("a connection failed")
                why = fault
            if why:
                disconnect(selectable, why, True)
            elif len(read) == TOGETHER:
                turns.go(read)
                read = []
        turns.go(read)

    usual = reactor.doIteration
    reactor.doIteration = turn

    def restore() -> None:
        reactor.doIteration = usual

    return restore


def _read(connection: Connection, read: list[tuple[Protocol, bytes]]) -> Exception | None:
    """Do what `Connection.doRead` does, but that what was read for a protocol is added to what was `read` for others.

    Return why the connection is over, if it is.
    """
    try:
        data = connection.socket.recv(connection.bufferSize)
    except BlockingIOError:
        return None
    except OSError:
        return CONNECTION_LOST
    if not data:
        return CONNECTION_DONE
    read.append((cast(Protocol, connection.protocol), data))
    return None
