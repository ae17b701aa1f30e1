"""Accepts connections as long as there is room for them, and leaves them to the kernel until there is some again.

Twisted's ports know no bound, and where descriptors have run out they accept all the same, close what came, and tell of
each. This is the one place that knows how they accept.
"""

import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime
from twisted.internet.tcp import Port, Server
from twisted.logger import Logger
from twisted.python.failure import Failure

# What the kernel answers where descriptors, or the memory for them, have run out: for this process, or for all.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# How long it is waited, in seconds, before it is looked whether there is room again (nginx waits half a second).
RETRY = 1.0

_log = Logger()


def nobody(host: bytes) -> bool:
    """Say of no host that it is trusted."""
    return False


class Accepting:
    """What all ports accept together: at most `most` connections at a time, `count` of which are open.

    Where there is no room all ports pause, and go on when a connection has ended or descriptors are to be had again.
    That is told once, however often room comes and goes meanwhile. `most_each` bounds those of one address, 0 for no
    bound: what comes beyond it is closed.
    """

    def __init__(self, clock: IReactorTime, most: int, most_each: int = 0) -> None:
        self.count = 0
        self.most = most
        self.most_each = most_each
        # How many connections each address has, which a bound may need that comes later, and which have too many.
        self._of: dict[str, int] = {}
        self._told: set[str] = set()
        self._clock = clock
        self._ports: list[Port] = []
        self._paused = self._held = False
        # Runs from a shortage until all was well for RETRY.
        self._shortage: IDelayedCall | None = None

    def watch(self, port: IListeningPort, trusts: Callable[[bytes], bool] = nobody) -> None:
        """Have `port`, which listens, accept as this allows; one that is not Twisted's own accepts as it will.

        Hosts that it `trusts` may have as many connections as they like: they come for others.
        """
        if isinstance(port, Port):
            port.socket = _Door(port.socket, self, trusts)
            port.transport = _counted(port.transport, self)
            self._ports.append(port)
            if self._paused or self._held:
                port.pauseProducing()

    def leave(self, port: IListeningPort) -> None:
        """That port is closed: let it be."""
        self._ports = [each for each in self._ports if each is not port]

    def close(self) -> None:
        """The ports are closed: let them be."""
        self._ports.clear()
        if self._shortage is not None:
            self._shortage.cancel()
            self._shortage = None

    @property
    def full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return self.count >= self.most

    def pause(self, why: str) -> None:
        """There is no room for a connection that waits: accept none until there is."""
        self._paused = True
        for port in self._ports:
            port.pauseProducing()
        if self._shortage is None:
            _log.error("accepting pauses: {why}", why=why)
            self._shortage = self._clock.callLater(RETRY, self._look)
        else:
            self._shortage.reset(RETRY)

    def has_enough(self, host: str) -> bool:
        """Whether an address has as many connections as it may; tell of it when it first wants more."""
        if self._of.get(host, 0) < self.most_each:
            return False
        if host not in self._told:
            self._told.add(host)
            _log.warn("{host} has {most} connections: more are closed", host=host, most=self.most_each)
        return True

    def opened(self, host: str) -> None:
        """A connection from `host` has begun; a Unix socket's come from none."""
        self.count += 1
        if host:
            self._of[host] = self._of.get(host, 0) + 1

    def closed(self, host: str) -> None:
        """A connection has ended, and left room for another one."""
        self.count -= 1
        if host:
            left = self._of.pop(host) - 1
            self._told.discard(host)
            if left:
                self._of[host] = left
        if self._paused:
            self._resume()

    def hold(self) -> None:
        """Accept none until told to go on; who connects meanwhile waits in the kernel's queue."""
        self._held = True
        for port in self._ports:
            port.pauseProducing()

    def go_on(self) -> None:
        """Accept again."""
        self._held = False
        self._resume()

    def _resume(self) -> None:
        """There is room: accept, unless that is held."""
        self._paused = False
        if not self._held:
            for port in self._ports:
                port.resumeProducing()

    def _look(self) -> None:
        """Some time has passed since the last shortage: is there room, and has there been all the while?"""
        self._shortage = None
        if not self._paused:
            _log.info("accepting goes on")
            return
        self._shortage = self._clock.callLater(RETRY, self._look)
        if not self.full and _descriptor_left():
            self._resume()


class _Door:
    """A listening socket at which nobody waits, as far as its port can see, when there is no room.

    A port accepts until it is told so, and says nothing then.
    """

    def __init__(self, listener: socket.socket, accepting: Accepting, trusts: Callable[[bytes], bool]) -> None:
        self._listener = listener
        self._accepting = accepting
        self._trusts = trusts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def accept(self) -> tuple[socket.socket, Any]:
        if self._accepting.full:
            self._refuse(f"{self._accepting.most} connections are open, as many as worker_connections allows")
        try:
            accepted, address = self._listener.accept()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self._refuse(os.strerror(error.errno).lower())
        host = _host(address)
        if self._accepting.most_each and not self._trusts(host.encode()) and self._accepting.has_enough(host):
            accepted.close()
            # The reactor comes again if others wait.
            raise BlockingIOError(errno.EAGAIN, "closed")
        return accepted, address

    def _refuse(self, why: str) -> NoReturn:
        # A port asks until nobody is left, and the kernel looks for a descriptor before it looks who waits.
        if self._somebody_waits():
            self._accepting.pause(why)
        raise BlockingIOError(errno.EAGAIN, why)

    def _somebody_waits(self) -> bool:
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        return bool(waiting.poll(0))


def _counted(kind: type[Server], accepting: Accepting) -> type[Server]:
    """Return `kind` of transport, each of which tells when it begins and when it has ended."""

    class Counted(kind):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            accepting.opened(_host(self.client))

        def connectionLost(self, reason: Failure) -> None:
            # Twisted may tell twice of a connection that was aborted.
            once = self.connected
            try:
                super().connectionLost(reason)
            finally:
                if once:
                    accepting.closed(_host(self.client))

    return Counted


def _host(address: Any) -> str:
    """Return the host of a peer's address as sockets have it; a Unix socket's peer has none."""
    return str(address[0]) if isinstance(address, tuple) else ""


def _descriptor_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True
