import os
import socket
import stat
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.control.unix import ControlFactory, open_control
from stickyproxy.errors import StartError
from tests.wire import End, connect


class ConversationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.asked: list[str] = []
        self.clock = Clock()
        self.client: End = connect(ControlFactory(self.clock, self.answer))

    def answer(self, line: str) -> str:
        """Answer with the line itself."""
        self.asked.append(line)
        return f"<{line}>\n"

    def test_a_command(self) -> None:
        """A line is answered, and the connection closed behind the answer; no timer is left."""
        self.client.send(b"drain ", b"app a\n")
        self.clock.advance(0)
        self.assertEqual((b"<drain app a>\n", True), (self.client.received(), self.client.dropped))
        self.client.close()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_line_ends(self) -> None:
        """A line may end as in a terminal, and what is no UTF-8 is only a name that nobody has."""
        self.client.send(b"\xff\r\n")
        self.clock.advance(0)
        self.assertEqual(["\N{REPLACEMENT CHARACTER}"], self.asked)

    def test_one_command_a_connection(self) -> None:
        """What follows the first command is not read."""
        self.client.send(b"up app a\ndown app a\n")
        self.client.send(b"down app a\n")
        self.clock.advance(0)
        self.client.send(b"down app a\n")
        self.clock.advance(0)
        self.assertEqual(["up app a"], self.asked)

    def test_not_within_a_turn(self) -> None:
        """A command waits until the reactor has done with all that was ready when it came."""
        self.client.send(b"reload\n")
        self.assertEqual([], self.asked)
        self.clock.advance(0)
        self.assertEqual(["reload"], self.asked)

    def test_endless_line(self) -> None:
        """A line that is too long is refused as soon as that is known, and nothing is done."""
        self.client.send(b"a" * 1024)
        self.assertEqual(b"", self.client.received())
        self.client.send(b"a")
        self.assertIn(b"error: a longer line than any command", self.client.received())
        self.assertEqual((True, []), (self.client.dropped, self.asked))

    def test_silence(self) -> None:
        """Who says nothing is cut off."""
        self.clock.advance(9.9)
        self.assertFalse(self.client.transport.disconnecting)
        self.clock.advance(0.1)
        self.assertTrue(self.client.transport.disconnecting)


# -- the socket ------------------------------------------------------------------------------------------------------

Open = Callable[[Path], IListeningPort]


@pytest_twisted.async_yield_fixture
async def opened() -> AsyncGenerator[Open, None]:
    """Open control sockets, and close them at the end."""
    ports: list[IListeningPort] = []

    def open_at(path: Path) -> IListeningPort:
        ports.append(open_control(reactor, reactor, str(path), lambda line: f"<{line}>\n"))
        return ports[-1]

    yield open_at
    for port in ports:
        await maybeDeferred(port.stopListening)


def ask(path: Path) -> bytes:
    """Send a command, as a client of its own does, and read all of the answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"status\n")
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest_twisted.ensureDeferred
async def test_mode(opened: Open, tmp_path: Path) -> None:
    """Nobody but the proxy's own user may connect, from the first moment on; the process's umask is as before."""
    before = os.umask(0o022)
    try:
        opened(tmp_path / "control")
        assert 0o022 == os.umask(0o022)
    finally:
        os.umask(before)
    assert 0o600 == stat.S_IMODE((tmp_path / "control").stat().st_mode)
    assert b"<status>\n" == await deferToThread(ask, tmp_path / "control")


class Listener:
    """A reactor that only looks at how it is asked to listen."""

    def listenUNIX(self, path: str, factory: ControlFactory, mode: int) -> None:
        before = os.umask(0o022)
        os.umask(before)
        self.asked = (path, mode, before)


def test_mode_holds_from_the_first_moment(tmp_path: Path) -> None:
    """The socket is made under a umask that leaves nobody else a right, not only changed afterwards."""
    listener = Listener()
    open_control(listener, Clock(), str(tmp_path / "control"), str)
    assert (str(tmp_path / "control"), 0o600, 0o177) == listener.asked


@pytest_twisted.ensureDeferred
async def test_socket_of_one_that_is_gone(opened: Open, tmp_path: Path) -> None:
    """What a process has left behind is replaced."""
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "control"))
    opened(tmp_path / "control")
    assert b"<status>\n" == await deferToThread(ask, tmp_path / "control")


@pytest_twisted.ensureDeferred
async def test_socket_of_one_that_lives(opened: Open, tmp_path: Path) -> None:
    """The socket of a living process is left to it, and the start refused."""
    opened(tmp_path / "control")
    with pytest.raises(StartError, match=r"control: another process listens on unix:.*/control; expected"):
        opened(tmp_path / "control")
    assert b"<status>\n" == await deferToThread(ask, tmp_path / "control")


def test_socket_of_one_that_is_busy(tmp_path: Path) -> None:
    """One that has more callers than it can take lives as well."""
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as caller:
        busy.bind(str(path))
        busy.listen(0)
        caller.connect(str(path))
        with pytest.raises(StartError, match="another process listens"):
            open_control(reactor, reactor, str(path), str)
    assert path.is_socket()


def test_something_else(tmp_path: Path) -> None:
    """A file that is no socket is nobody's to take away."""
    (tmp_path / "control").write_text("mine")
    with pytest.raises(StartError, match="is no socket, but something else"):
        open_control(reactor, reactor, str(tmp_path / "control"), str)
    assert "mine" == (tmp_path / "control").read_text()


# Twisted leaves the socket that it could not bind to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """Where no socket can be made the reason is told."""
    with pytest.raises(StartError, match=r"control: cannot listen on unix:.*: .*No such file or directory"):
        open_control(reactor, reactor, str(tmp_path / "nowhere" / "control"), str)


@pytest_twisted.ensureDeferred
async def test_end(opened: Open, tmp_path: Path) -> None:
    """Nothing is left of the socket when it is closed."""
    await opened(tmp_path / "control").stopListening()
    assert [] == list(tmp_path.iterdir())
