"""The control socket: for the proxy's own user alone, a command a connection."""

import os
import socket
import stat
from collections.abc import Callable

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IReactorTime,
    IReactorUNIX,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

from stickyproxy.errors import StartError

# How long a command may be, in bytes, and how many seconds it may take to arrive and its answer to be read.
_LONGEST = 1024
_PATIENCE = 10

# Takes a command and gives the answer; both are text.
Answer = Callable[[str], str]


def open_control(reactor: IReactorUNIX, clock: IReactorTime, path: str, answer: Answer) -> IListeningPort:
    """Take commands at `path`, with mode 0600.

    What a process that is gone left there is replaced. Raises StartError where another one listens, where something
    else is in the way, and where no socket can be made.
    """
    try:
        _clear(path)
        # The mode has to hold from the first moment on, not from a chmod on.
        before = os.umask(0o177)
        try:
            return reactor.listenUNIX(path, ControlFactory(clock, answer), mode=0o600)
        finally:
            os.umask(before)
    except CannotListenError as error:
        raise StartError(f"control: cannot listen on unix:{path}: {error.socketError.strerror}") from None
    except OSError as error:
        raise StartError(f"control: cannot take unix:{path} away: {error.strerror}") from None


def _clear(path: str) -> None:
    """Take away a socket that nobody listens at."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StartError(f"control: unix:{path} is no socket, but something else; expected a path that is free")
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except BlockingIOError:
            """One that has more callers than it can take lives, too."""
    raise StartError(f"control: another process listens on unix:{path}; expected a path for this one alone")


class ControlFactory(Factory):
    """Answers whoever connects."""

    noisy = False

    def __init__(self, clock: IReactorTime, answer: Answer) -> None:
        self.clock = clock
        self.answer = answer

    def buildProtocol(self, addr: IAddress | None) -> "ControlProtocol":
        return ControlProtocol(self.clock, self.answer)


class ControlProtocol(LineOnlyReceiver, TimeoutMixin):
    """Reads a line, answers it, and closes."""

    transport: ITCPTransport
    delimiter = b"\n"
    MAX_LENGTH = _LONGEST

    def __init__(self, clock: IReactorTime, answer: Answer) -> None:
        self._clock = clock
        self._answer = answer
        self._asked = False

    def callLater(self, period: float, func: Callable[[], object]) -> IDelayedCall:
        return self._clock.callLater(period, func)

    def connectionMade(self) -> None:
        self.setTimeout(_PATIENCE)

    def lineReceived(self, line: bytes) -> None:
        if not self._asked:
            self._asked = True
            # Not within a turn of the reactor: sockets that a command closes may have events in the same turn, and
            # those that it opens, with the same descriptors, would get them.
            self._clock.callLater(0, self._obey, line.decode("utf-8", "replace").strip())

    def _obey(self, command: str) -> None:
        self._close_with(self._answer(command))

    def lineLengthExceeded(self, line: bytes) -> None:
        self._close_with(f"error: a longer line than any command; expected at most {_LONGEST} bytes\n")

    def _close_with(self, text: str) -> None:
        self.transport.write(text.encode())
        self.transport.loseConnection()

    def timeoutConnection(self) -> None:
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.setTimeout(None)
