import signal
import socket
import struct
from collections.abc import Iterator
from errno import EBADF, ECONNRESET, EWOULDBLOCK

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from stickyproxy.http.polling import _read, poll_plainly
from stickyproxy.http.transports import watcher
from stickyproxy.http.turns import TOGETHER, Stepwise, Turns


class Reading(FileDescriptor):
    """One end of a socket pair, which notes what it reads.

    `other` is left as soon as it has read something, and what has come for `robbed` is gone.
    """

    other: "Reading | None" = None
    robbed: socket.socket | None = None

    def __init__(self, reactor: EPollReactor) -> None:
        super().__init__(reactor)
        self.socket, self.peer = socket.socketpair()
        self.read: list[bytes] = []
        self.fault: Exception | None = None
        self.ended = False
        self.startReading()

    def fileno(self) -> int:
        return self.socket.fileno()

    def doRead(self) -> None:
        self.read.append(self.socket.recv(100))
        if self.other is not None:
            self.other.stopReading()
        if self.robbed is not None:
            self.robbed.recv(100)
        if self.fault is not None:
            raise self.fault

    def connectionLost(self, reason: object) -> None:
        self.ended = True


class Reactor(EPollReactor):
    """Installs neither signal handlers nor itself."""


@pytest.fixture
def reactor() -> Iterator[EPollReactor]:
    reactor = Reactor()
    yield reactor
    reactor._poller.close()


@pytest.fixture
def ends(reactor: EPollReactor) -> Iterator[list[Reading]]:
    ends = [Reading(reactor), Reading(reactor)]
    yield ends
    for end in ends:
        end.stopReading()
        end.socket.close()
        end.peer.close()


def test_whoever_is_ready(reactor: EPollReactor, ends: list[Reading]) -> None:
    """Twisted's reactor is still built so that each socket that is ready is read from, in either way."""
    restore = poll_plainly(reactor, Turns())
    for end in ends:
        end.peer.send(b"plain")
    reactor.doIteration(0)
    restore()
    for end in ends:
        end.peer.send(b"usual")
    reactor.doIteration(0)
    assert [[b"plain", b"usual"]] * 2 == [end.read for end in ends]
    assert EPollReactor.doPoll is reactor.doIteration.__func__


def test_a_fault(reactor: EPollReactor, ends: list[Reading], caplog: pytest.LogCaptureFixture) -> None:
    """What goes wrong with one ends that one, and the others have their turn."""
    poll_plainly(reactor, Turns())
    ends[0].fault = ZeroDivisionError()
    for end in ends:
        end.peer.send(b"x")
    reactor.doIteration(0)
    assert ([True, False], [1, 1]) == ([end.ended for end in ends], [len(end.read) for end in ends])


def test_interrupted(reactor: EPollReactor) -> None:
    """A signal ends the wait, and no more."""

    def interrupt(*_: object) -> None:
        raise InterruptedError

    poll_plainly(reactor, Turns())
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        reactor.doIteration(None)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_another_reactor() -> None:
    """A reactor of another kind is left alone."""
    other = MemoryReactorClock()
    poll_plainly(other, Turns())()
    assert "doIteration" not in vars(other)


class Connections(Factory):
    """Takes connections."""

    def __init__(self) -> None:
        self.made: list[Reader] = []

    def buildProtocol(self, addr: object) -> "Reader":
        self.made.append(Reader())
        return self.made[-1]


class Reader(Protocol):
    """Notes what it reads and why it ended."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.why: type[Exception] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.read.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.why = reason.type


@pytest.fixture
def taken(reactor: EPollReactor) -> Iterator[tuple[Connections, list[socket.socket]]]:
    """Two connections, and their clients."""
    factory = Connections()
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    clients = [socket.create_connection(("127.0.0.1", port.getHost().port)) for _ in range(2)]
    while len(factory.made) < 2:
        reactor.doIteration(1)
    poll_plainly(reactor, Turns())
    yield factory, clients
    port.stopListening()
    for client, connection in zip(clients, factory.made, strict=True):
        client.close()
        if connection.connected:
            connection.transport.abortConnection()
    reactor.runUntilCurrent()


def test_one_that_is_left_meanwhile(
    reactor: EPollReactor, ends: list[Reading], taken: tuple[Connections, list[socket.socket]]
) -> None:
    """A socket that another one's turn has taken out is not read from; those behind it are."""
    factory, (client, _) = taken
    poll_plainly(reactor, Turns())
    ends[0].other, ends[1].other = ends[1], ends[0]
    for end in ends:
        end.peer.send(b"x")
    client.send(b"x")
    reactor.doIteration(0)
    assert (1, [b"x"]) == (sum(len(end.read) for end in ends), factory.made[0].read)


def test_connections(reactor: EPollReactor, taken: tuple[Connections, list[socket.socket]]) -> None:
    """A connection's bytes go to its protocol, and its end is told as Twisted tells it."""
    factory, (first, second) = taken
    first.send(b"one")
    second.send(b"two")
    reactor.doIteration(1)
    assert [[b"one"], [b"two"]] == [connection.read for connection in factory.made]
    first.close()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    second.close()
    reactor.doIteration(1)
    assert [ConnectionDone, ConnectionLost] == [connection.why for connection in factory.made]


def test_nothing_is_there(
    reactor: EPollReactor, ends: list[Reading], taken: tuple[Connections, list[socket.socket]]
) -> None:
    """A connection that was ready and no longer is stays as it is."""
    factory, (client, _) = taken
    connection = factory.made[0]
    ends[0].robbed = connection.transport.socket
    ends[0].peer.send(b"x")
    client.send(b"x")
    reactor.doIteration(1)
    assert ([b"x"], [], None) == (ends[0].read, connection.read, connection.why)
    ends[0].robbed = None
    client.send(b"y")
    reactor.doIteration(1)
    assert [b"y"] == connection.read


class Scripted:
    """A socket from which there is this to be read; notes how it was asked."""

    def __init__(self, comes: bytes | Exception) -> None:
        self.comes = comes
        self.asked: list[int] = []

    def recv(self, size: int) -> bytes:
        self.asked.append(size)
        if isinstance(self.comes, Exception):
            raise self.comes
        return self.comes


class Bare(Connection):
    """A connection's reading, and all that it touches."""

    bufferSize = 5

    def __init__(self, comes: bytes | Exception) -> None:
        self.socket = Scripted(comes)
        self.protocol = Reader()


@pytest.mark.parametrize(
    "comes", [b"x", b"", BlockingIOError(EWOULDBLOCK, ""), ConnectionResetError(ECONNRESET, ""), OSError(EBADF, "")]
)
def test_as_twisted_reads(comes: bytes | Exception) -> None:
    """What is read here is read as Twisted's own `doRead` does, which does nothing besides."""
    twisted, ours = Bare(comes), Bare(comes)
    end, read = twisted.doRead(), _read(ours)
    assert ([5], [5]) == (twisted.socket.asked, ours.socket.asked)
    assert (twisted.protocol.read, end) == (([read], None) if isinstance(read, bytes) else ([], read))
    assert {"socket", "protocol"} == vars(twisted).keys()


def test_nothing_is_on_its_way(reactor: EPollReactor, taken: tuple[Connections, list[socket.socket]]) -> None:
    """Until a connection's bytes are taken the kernel has them, so that whoever asks there knows of them."""
    factory, clients = taken
    seen: list[bool] = []
    for connection, other in zip(factory.made, reversed(factory.made), strict=True):
        is_not_silent = watcher(other.transport)
        connection.dataReceived = lambda data, ask=is_not_silent: seen.append(bool(ask()))
    for client in clients:
        client.send(b"x")
    reactor.doIteration(1)
    assert [True, False] == seen


class Walker(Stepwise):
    """Writes down its steps in the diary of all."""

    diary: list[str]

    def take(self, data: bytes) -> None:
        self.diary.append("takes")

    def go_on(self) -> None:
        self.diary.append("goes on")


@pytest.mark.parametrize("number", [2, TOGETHER + 1])
def test_in_steps(reactor: EPollReactor, number: int) -> None:
    """Connections that go by steps take one after the other, side by side, in the turn in which they are ready.

    So many of them go together at most: the others are not read meanwhile.
    """
    Walker.diary = diary = []
    port = reactor.listenTCP(0, Factory.forProtocol(Walker), interface="127.0.0.1", backlog=number)
    clients = [socket.create_connection(("127.0.0.1", port.getHost().port)) for _ in range(number)]
    while len(reactor.getReaders()) < 2 + number:
        reactor.doIteration(1)
    poll_plainly(reactor, Turns())
    for client in clients:
        client.send(b"x")
    reactor.doIteration(1)
    together = min(number, TOGETHER)
    assert (["takes"] * together + ["goes on"] * together) == diary[: 2 * together]
    assert ["takes", "goes on"] * (number - together) == diary[2 * together :]
    port.stopListening()
    for client in clients:
        client.close()
    reactor.doIteration(1)
    reactor.runUntilCurrent()


class Stumbling(Walker):
    """Fails as it ends."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        raise SystemExit


def test_a_fault_at_the_end(reactor: EPollReactor) -> None:
    """Whatever goes wrong with one as it ends, the others go on with what was read in that turn."""
    Walker.diary = diary = []
    port = reactor.listenTCP(0, Factory.forProtocol(Stumbling), interface="127.0.0.1")
    clients = [socket.create_connection(("127.0.0.1", port.getHost().port)) for _ in range(3)]
    while len(reactor.getReaders()) < 2 + len(clients):
        reactor.doIteration(1)
    poll_plainly(reactor, Turns())
    clients[0].send(b"x")
    clients[1].close()
    clients[2].send(b"x")
    reactor.doIteration(1)
    assert ["takes", "takes", "goes on", "goes on"] == diary
    port.stopListening()
    for client in clients:
        client.close()
    reactor.doIteration(1)
    reactor.runUntilCurrent()
