"""A connection for checks: it carries one conversation, or one after the other, and holds the time that each has."""

import os
from collections.abc import Callable
from typing import Any

from OpenSSL.SSL import Error
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectBindError, ConnectError, ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from stickyproxy.health.words import Conversation, Failed, Moot, Passed, Verdict

# How much of an answer is read, in bytes.
ANSWER_LIMIT = 64 * 1024

# A timer that fires so many seconds late tells that this process was short of CPU, and nothing of the server.
LATE = 0.1

# Takes what a check came to.
Tell = Callable[[Verdict], None]


class Probe(Protocol):
    """A connection to a server, which can be asked up to `limit` times; each has `timeout` seconds.

    Whoever asks is told exactly once, unless he closes the probe before. A check is moot where a kept connection turns
    out to be gone, and where this process has no socket left. `kept`: it can be asked again.
    """

    transport: ITCPTransport

    def __init__(self, clock: IReactorTime, timeout: float, limit: int) -> None:
        self.kept = False
        self._clock = clock
        self._timeout = timeout
        self._left = limit
        self._connecting: Deferred[Any] | None = None
        self._conversation: Conversation | None = None
        self._tell: Tell | None = None
        self._received = b""
        self._was_kept = False
        self._distrust = ""
        self._timer: IDelayedCall | None = None

    def open(self, endpoint: IStreamClientEndpoint, conversation: Conversation, tell: Tell) -> None:
        """Connect, which takes of the `timeout`, and begin a conversation."""
        self._prepare(conversation, tell)
        self._connecting = endpoint.connect(_Once(self)).addErrback(self._unconnected)

    def ask(self, conversation: Conversation, tell: Tell) -> None:
        """Begin another conversation on a connection that was kept."""
        self._prepare(conversation, tell)
        self._was_kept = True
        self._speak(conversation)

    def close(self) -> None:
        """End whatever is going on, at once."""
        self.kept = False
        self._tell = None
        self._rest()
        if self.connected:
            self.transport.abortConnection()
        elif self._connecting is not None:
            self._connecting.cancel()

    def distrust(self, reason: str) -> None:
        """Tell what is wrong with the server's certificate."""
        self._distrust = self._distrust or reason

    # -- the conversation ----------------------------------------------------------------------------------------------

    def _prepare(self, conversation: Conversation, tell: Tell) -> None:
        self.kept = False
        self._left -= 1
        self._conversation = conversation
        self._tell = tell
        self._received = b""
        self._wait(self._timeout, self._timed_out)

    def connectionMade(self) -> None:
        assert self._conversation is not None
        self._speak(self._conversation)

    def _speak(self, conversation: Conversation) -> None:
        self.transport.write(conversation.opening)
        if conversation.quiet is not None:
            self._wait(conversation.quiet, self._was_quiet)

    def dataReceived(self, data: bytes) -> None:
        if self._tell is None:
            # Nobody asked.
            self.close()
            return
        self._received += data
        verdict: Verdict | None = self._judge(ended=False)
        if verdict is None and len(self._received) > ANSWER_LIMIT:
            verdict = Failed("its answer does not end")
        if verdict is not None:
            self._conclude(verdict)

    def _judge(self, ended: bool) -> Passed | Failed | None:
        assert self._conversation is not None
        return self._conversation.judge(self._received, ended)

    def _conclude(self, verdict: Verdict) -> None:
        """Tell the verdict, and keep the connection or close it."""
        tell, self._tell = self._tell, None
        self._rest()
        self.kept = isinstance(verdict, Passed) and verdict.kept and self._left > 0
        if self.connected and not self.kept:
            self.transport.loseConnection()
        if tell is not None:
            tell(verdict)

    # -- what else may happen ------------------------------------------------------------------------------------------

    def _unconnected(self, failure: Failure) -> None:
        if self._tell is None:
            return
        # These come of making a socket, before anything is asked of the server.
        ours = failure.check(ConnectBindError, OSError)
        self._conclude(Moot(again=False) if ours else Failed(_words(failure)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self.kept = False
        if self._tell is None:
            return
        if self._was_kept and not self._received:
            self._conclude(Moot(again=True))
        elif self._distrust:
            self._conclude(Failed(f"its certificate is refused: {self._distrust}"))
        elif reason.check(ConnectionDone):
            where = "in the middle of its answer" if self._received else "without an answer"
            self._conclude(self._judge(ended=True) or Failed(f"it closed {where}"))
        else:
            self._conclude(Failed(_words(reason)))

    def _was_quiet(self) -> None:
        self._conclude(Passed())

    def _timed_out(self) -> None:
        what = "answer" if self.connected else "connection"
        self._conclude(Failed(f"no {what} within {self._timeout:g}s"))
        self.close()

    def _wait(self, seconds: float, act: Callable[[], None]) -> None:
        self._rest()
        due = self._clock.seconds() + seconds
        self._timer = self._clock.callLater(seconds, self._time_is_over, due, seconds, act)

    def _time_is_over(self, due: float, seconds: float, act: Callable[[], None]) -> None:
        if self._clock.seconds() - due > LATE:
            # What the server has said or done in the meantime is not even read.
            self._wait(seconds, act)
        else:
            act()

    def _rest(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


class _Once(Factory):
    """Makes a connection of one probe, in silence: `connectProtocol` tells the log of each."""

    noisy = False

    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def buildProtocol(self, addr: IAddress | None) -> Probe:
        return self._probe


def _words(failure: Failure) -> str:
    """Say in a few words why a connection is not there any more, or never was."""
    error = failure.value
    if isinstance(error, ConnectError) and error.osError is not None:
        return os.strerror(error.osError).lower()
    if isinstance(error, Error):
        pile = error.args[0] if error.args else ()
        return f"TLS failed: {pile[-1][-1]}" if pile else "TLS failed"
    return "connection reset"
