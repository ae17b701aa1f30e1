import errno
from typing import ClassVar

import pytest
from attrs import frozen
from OpenSSL.SSL import Error
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectBindError, ConnectionLost, ConnectionRefusedError
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from stickyproxy.health.probe import ANSWER_LIMIT, Probe
from stickyproxy.health.tcp import Tcp
from stickyproxy.health.words import Failed, Moot, Passed, Verdict
from tests.health.wires import Wires, address
from tests.wire import End


@frozen
class Talk:
    """A server is to answer `fine`, and is kept if it does; what begins otherwise fails."""

    opening: bytes = b"how are you?"
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        if received == b"fine":
            return Passed(kept=not ended)
        return None if b"fine".startswith(received) or received.startswith(b"x") else Failed("it is ill")


class Asking:
    """A probe with a `timeout` of one second, and what was told of it."""

    def __init__(self, limit: int = 1, conversation: Talk | Tcp | None = None) -> None:
        self.wires = Wires()
        self.told: list[Verdict] = []
        self.probe = Probe(self.wires.reactor, 1.0, limit)
        endpoint = self.wires.connect(address())
        self.probe.open(endpoint, conversation or Talk(), self.told.append)

    def accept(self) -> End:
        """Accept the connection, which is this probe's."""
        return self.wires.servers.accept()

    def again(self) -> None:
        """Ask once more."""
        self.probe.ask(Talk(), self.told.append)

    @property
    def waiting(self) -> int:
        """How many timers there are."""
        return len(self.wires.reactor.getDelayedCalls())


def test_passes() -> None:
    """What opens the conversation is sent at once, the verdict is told once, and the connection ends."""
    asking = Asking()
    end = asking.accept()
    assert b"how are you?" == end.received()
    end.send(b"fi")
    assert [] == asking.told
    end.send(b"ne")
    assert ([Passed(kept=True)], 0, True) == (asking.told, asking.waiting, end.dropped)
    end.close()
    assert 1 == len(asking.told)


def test_is_silent() -> None:
    """No connection is told of in the log when it begins and when it is over."""
    factory = Asking().wires.reactor.tcpClients[0][2]
    with capturedLogs() as told:
        factory.doStart()
        factory.doStop()
    assert [] == told


def test_fails() -> None:
    """An answer that does not do ends it at once."""
    asking = Asking()
    end = asking.accept()
    end.send(b"oh")
    assert ([Failed("it is ill")], 0, True) == (asking.told, asking.waiting, end.dropped)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"", "it closed without an answer"), (b"fi", "it closed in the middle of its answer")],
)
def test_closed(sent: bytes, reason: str) -> None:
    """A server that closes before it has said enough fails."""
    asking = Asking()
    end = asking.accept()
    if sent:
        end.send(sent)
    end.close()
    assert ([Failed(reason)], 0) == (asking.told, asking.waiting)


def test_reset() -> None:
    """A connection that breaks is told as such, whatever has come before."""
    asking = Asking()
    end = asking.accept()
    end.send(b"fi")
    end.reset()
    assert [Failed("connection reset")] == asking.told


def test_refused() -> None:
    """The system's own words say why there is no connection."""
    asking = Asking()
    factory = asking.wires.reactor.tcpClients[0][2]
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError(errno.ECONNREFUSED, "whatever")))
    assert ([Failed("connection refused")], 0) == (asking.told, asking.waiting)


@pytest.mark.parametrize("error", [ConnectBindError(errno.EMFILE, "too many"), OSError(errno.EMFILE, "too many")])
def test_no_socket(error: Exception) -> None:
    """When this process has no socket left nothing is learnt of the server."""

    class Without:
        def connect(self, factory: object) -> "Deferred[None]":
            return fail(error)

    told: list[Verdict] = []
    wires = Wires()
    Probe(wires.reactor, 1.0, 1).open(Without(), Talk(), told.append)
    assert ([Moot(again=False)], []) == (told, wires.reactor.getDelayedCalls())


def test_no_connection_in_time() -> None:
    """The time for a check is that of connecting too."""
    asking = Asking()
    asking.wires.wait(0.9)
    assert [] == asking.told
    asking.wires.wait(0.2)
    assert ([Failed("no connection within 1s")], 0) == (asking.told, asking.waiting)
    assert asking.wires.reactor.connectors[0].stoppedConnecting


def test_no_answer_in_time() -> None:
    """Half an answer is none, and what comes too late is not heard."""
    asking = Asking()
    asking.wires.wait(0.5)
    end = asking.accept()
    end.send(b"fi")
    asking.wires.wait(0.5)
    assert ([Failed("no answer within 1s")], 0, True) == (asking.told, asking.waiting, end.transport.disconnected)
    end.send(b"ne")
    end.close()
    assert 1 == len(asking.told)


def test_late_timer() -> None:
    """A timer that fires late is our own fault: the server has its time once more."""
    asking = Asking()
    end = asking.accept()
    asking.wires.sleep(10)
    assert [] == asking.told
    asking.wires.wait(0.9)
    end.send(b"fine")
    assert [Passed(kept=True)] == asking.told


def test_late_timer_and_no_answer() -> None:
    """When it has had its time once more, on time, it fails."""
    asking = Asking()
    asking.accept()
    asking.wires.sleep(10)
    asking.wires.wait(1)
    assert [Failed("no answer within 1s")] == asking.told


def test_late_timer_of_one_who_may_be_quiet() -> None:
    """A server that closed at once has not passed because this process was too busy to see it."""
    asking = Asking(conversation=Tcp())
    end = asking.accept()
    asking.wires.sleep(10)
    assert [] == asking.told
    end.close()
    assert ([Failed("it closed at once")], 0) == (asking.told, asking.waiting)


def test_a_little_late() -> None:
    """Timers are never quite on time."""
    asking = Asking()
    asking.accept()
    asking.wires.sleep(1.05)
    assert [Failed("no answer within 1s")] == asking.told


def test_endless_answer() -> None:
    """No more of an answer is read than a limit."""
    asking = Asking()
    end = asking.accept()
    end.send(b"x" * ANSWER_LIMIT)
    assert [] == asking.told
    end.send(b"x")
    assert ([Failed("its answer does not end")], True) == (asking.told, end.dropped)


def test_quiet() -> None:
    """Where silence is enough, a moment of it passes, and an end before that fails."""
    asking = Asking(conversation=Tcp())
    end = asking.accept()
    asking.wires.wait(0.1)
    assert ([Passed()], 0, True) == (asking.told, asking.waiting, end.dropped)
    asking = Asking(conversation=Tcp())
    asking.accept().close()
    assert ([Failed("it closed at once")], 0) == (asking.told, asking.waiting)


def test_kept() -> None:
    """A connection serves as many conversations as the limit says, each with a time of its own."""
    asking = Asking(limit=3)
    end = asking.accept()
    for count in (1, 2, 3):
        assert b"how are you?" == end.received()
        asking.wires.wait(0.9)
        end.send(b"fine")
        assert ([Passed(kept=True)] * count, count < 3) == (asking.told, asking.probe.kept)
        if count < 3:
            asking.wires.wait(5)
            asking.again()
    assert end.dropped


def test_kept_but_gone() -> None:
    """A kept connection that ends without a word tells nothing of the server."""
    asking = Asking(limit=3)
    end = asking.accept()
    end.send(b"fine")
    asking.again()
    end.close()
    assert ([Passed(kept=True), Moot(again=True)], 0) == (asking.told, asking.waiting)


def test_kept_and_broken() -> None:
    """A kept connection on which half an answer comes tells as much as any other."""
    asking = Asking(limit=3)
    end = asking.accept()
    end.send(b"fine")
    asking.again()
    end.send(b"fi")
    end.close()
    assert Failed("it closed in the middle of its answer") == asking.told[-1]


def test_idle_connection_is_closed() -> None:
    """A kept connection that the server closes, or on which it speaks unasked, is not kept any more."""
    for act in (End.close, lambda end: end.send(b"fine")):
        asking = Asking(limit=3)
        end = asking.accept()
        end.send(b"fine")
        assert asking.probe.kept
        act(end)
        assert not asking.probe.kept
        assert 1 == len(asking.told)


def test_given_up() -> None:
    """A probe that is closed tells nothing more, be it connected or not."""
    asking = Asking()
    asking.probe.close()
    assert ([], 0) == (asking.told, asking.waiting)
    asking = Asking()
    end = asking.accept()
    asking.probe.close()
    end.reset()
    assert ([], 0, True) == (asking.told, asking.waiting, end.dropped)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Error([("SSL routines", "", "wrong version number")]), "TLS failed: wrong version number"),
        (Error(), "TLS failed"),
        (ConnectionLost(), "connection reset"),
    ],
)
def test_broken_tls(error: Exception, reason: str) -> None:
    """What TLS has to say is told."""
    asking = Asking()
    asking.accept().protocol.connectionLost(Failure(error))
    assert [Failed(reason)] == asking.told


def test_distrust() -> None:
    """What is wrong with a certificate is told, and the first of it counts."""
    asking = Asking()
    end = asking.accept()
    asking.probe.distrust("cert has expired")
    asking.probe.distrust("it is not for a")
    end.reset()
    assert [Failed("its certificate is refused: cert has expired")] == asking.told
