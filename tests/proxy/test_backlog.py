from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher

from stickyproxy.config.buffering import Buffering
from stickyproxy.proxy.backlog import Backlog


def backlog(memory: int = 10, file: int = 20, busy: int = 4, path: str | None = None) -> Backlog:
    return Backlog(Buffering(True, memory, busy, file, path))


def drained(backlog: Backlog) -> bytes:
    data = b""
    while backlog:
        data += backlog.take()
    return data


def test_in_memory() -> None:
    """What fits into memory waits there, and is taken in order, as much as may be on its way at a time."""
    waiting = backlog()
    waiting.put(b"abc")
    waiting.put(b"defghij")
    assert (True, False, None) == (bool(waiting), waiting.full, waiting._file)
    assert [b"abcd", b"efgh", b"ij"] == [waiting.take() for _ in range(3)]
    assert not waiting


def test_in_a_file() -> None:
    """What memory has no room for waits in a file, behind what is in memory, also when that has room again."""
    waiting = backlog()
    waiting.put(b"0123456789abcde")
    assert (b"0123", False) == (waiting.take(), waiting.full)
    waiting.put(b"fgh")
    assert b"456789abcdefgh" == drained(waiting)
    waiting.close()


def test_full() -> None:
    """The server waits when the file is as long as it may be, until all of it has been fetched."""
    waiting = backlog()
    waiting.put(bytes(29))
    assert not waiting.full
    waiting.put(b"yz")
    assert waiting.full
    for _ in range(7):
        waiting.take()
    assert waiting.full
    waiting.take()
    assert (False, b"z") == (waiting.full, drained(waiting))
    waiting.close()


def test_no_file() -> None:
    """Without a file the server waits when memory is full."""
    waiting = backlog(file=0)
    waiting.put(b"0123456789")
    assert not waiting.full
    waiting.put(b"abc")
    assert (True, None) == (waiting.full, waiting._file)
    assert b"0123456789abc" == drained(waiting)


def test_the_file_is_used_again() -> None:
    """A file that has been read to its end begins anew: its limit is for what waits, not for all that ever did."""
    waiting = backlog()
    for _ in range(5):
        waiting.put(bytes(30))
        assert (False, bytes(30)) == (waiting.full, drained(waiting))
    waiting.close()


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """What cannot be written is kept in memory, the server waits, and the operator is told."""
    told: list[str] = []
    observer = lambda event: told.append(str(event["error"]))  # noqa: E731 - added and removed
    globalLogPublisher.addObserver(observer)
    waiting = backlog(path=str(tmp_path / "missing"))
    waiting.put(b"0123456789abc")
    waiting.put(b"def")
    globalLogPublisher.removeObserver(observer)
    assert (True, 1) == (waiting.full, len(told))
    assert "No such file" in told[0]
    assert b"0123456789abcdef" == drained(waiting)


@given(
    st.lists(st.one_of(st.binary(min_size=1, max_size=30), st.none())),
    st.integers(0, 12),
    st.integers(0, 25),
    st.integers(1, 9),
)
def test_nothing_is_lost(steps: list[bytes | None], memory: int, file: int, busy: int) -> None:
    """Whatever is put and taken in whichever order comes out as it went in, within the bounds."""
    waiting = backlog(memory, file, busy)
    put = taken = b""
    for step in steps:
        if step is None:
            part = waiting.take() if waiting else b""
            assert len(part) <= busy
            taken += part
        elif not waiting.full:
            waiting.put(step)
            put += step
            assert len(waiting._head) <= max(memory, 30)
            assert len(waiting._tail) <= len(step)
    assert put == taken + drained(waiting)
    waiting.close()
