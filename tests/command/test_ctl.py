import socket
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from stickyproxy.command.ctl import ask, failed


@pytest.fixture
def control(tmp_path: Path) -> Generator[socket.socket, None, None]:
    """A socket that a test answers at by hand."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.settimeout(10)
        listening.bind(str(tmp_path / "control"))
        listening.listen()
        yield listening


def asked(control: socket.socket, answer: bytes, words: list[str], wants_json: bool = False) -> tuple[bytes, str]:
    """Ask, and answer; give what came to the socket, and what the caller got."""
    with ThreadPoolExecutor(1) as pool:
        asking: Future[str] = pool.submit(ask, control.getsockname(), words, wants_json)
        connection, _ = control.accept()
        with connection:
            line = connection.recv(1024)
            for at in range(len(answer)):
                connection.sendall(answer[at : at + 1])
        return line, asking.result(10)


def test_a_command(control: socket.socket) -> None:
    """A command is a line, and all that comes back is the answer, however it comes."""
    assert (b"drain app a\n", "one\ntwo\n") == asked(control, b"one\ntwo\n", ["drain", "app", "a"])


def test_odd_words(control: socket.socket) -> None:
    """A name with a space or a quote in it arrives as one word."""
    line, _ = asked(control, b"{}", ["drain", "my app", "it's"], wants_json=True)
    assert b"drain 'my app' 'it'\"'\"'s' --json\n" == line


def test_nobody_there(control: socket.socket, tmp_path: Path) -> None:
    """A socket that nobody listens at is told as such."""
    path = control.getsockname()
    control.close()
    with pytest.raises(ValueError, match=r"no answer at unix:.*/control: Connection refused; expected"):
        ask(path, ["status"], False)


def test_no_answer(control: socket.socket) -> None:
    """A connection that is closed without a word is no success."""
    with pytest.raises(ValueError, match=r"no answer at unix:.*/control: it was closed; expected"):
        asked(control, b"", ["drain", "app", "a"])


@pytest.mark.parametrize(
    ("answer", "wants_json", "expected"),
    [
        ("error: no\n", False, True),
        ("UPSTREAM  SERVER\n", False, False),
        ('{"error": "no"}\n', True, True),
        ("error: a longer line than any command\n", True, True),
        ('{"now": 1, "servers": []}\n', True, False),
    ],
)
def test_failures_are_told_apart(answer: str, wants_json: bool, expected: bool) -> None:
    """An answer says itself whether it is one."""
    assert expected == failed(answer, wants_json)
