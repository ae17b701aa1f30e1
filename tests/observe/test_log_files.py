"""Log files: written in batches, rotated by renaming, and never in the way of the proxy."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stickyproxy.errors import StartError
from stickyproxy.observe.log_files import LogFile, LogFiles

LINE = b"a line\n"


def full(path: Path) -> None:
    """Make `path` a file that takes nothing."""
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "access.log"


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    """Where the log is moved to."""
    return tmp_path / "access.log.1"


@pytest.fixture
def file(path: Path) -> LogFile:
    """A log file that has just been opened."""
    return LogFile(str(path))


# -- batches ---------------------------------------------------------------------------------------------------------


def test_lines_wait_for_the_flush(file: LogFile, path: Path) -> None:
    """Lines are gathered, in order, and written when somebody flushes."""
    file.write(b"one\n")
    file.write(b"two\n")
    assert b"" == path.read_bytes()
    file.flush()
    assert b"one\ntwo\n" == path.read_bytes()


def test_lines_are_written_once(file: LogFile, path: Path) -> None:
    """A second flush finds nothing to write."""
    file.write(LINE)
    file.flush()
    file.flush()
    assert LINE == path.read_bytes()


def test_large_batch_does_not_wait(file: LogFile, path: Path) -> None:
    """64 KiB are written without waiting for the flush, and the next batch starts from nothing."""
    line = b"x" * 1023 + b"\n"
    for _ in range(63):
        file.write(line)
    assert b"" == path.read_bytes()
    file.write(line)
    assert 64 * line == path.read_bytes()
    file.write(line)
    assert 64 * line == path.read_bytes()


def test_notes_become_lines(file: LogFile, path: Path) -> None:
    """What is noted becomes a line some time later, in the order of notes and lines, and at the latest when flushed."""
    made: list[int] = []

    def make(number: int) -> bytes:
        made.append(number)
        return b"%d\n" % number

    for number in range(31):
        file.note(make, number)
    assert [] == made
    file.note(make, 31)
    assert [*range(32)] == made
    file.note(make, 32)
    file.write(b"a line\n")
    file.note(make, 33)
    file.flush()
    assert b"".join([*(b"%d\n" % number for number in range(33)), b"a line\n33\n"]) == path.read_bytes()


def test_line_that_cannot_be_made(file: LogFile, path: Path, told: list[str]) -> None:
    """A line that cannot be made is told of, and the others are written."""
    for number in (1, 0, 2):
        file.note(lambda number: b"%d\n" % (2 // number), number)
    file.flush()
    assert b"2\n1\n" == path.read_bytes()
    assert [f"critical: a line of {path} could not be made"] == [line.splitlines()[0] for line in told]


def test_settled_file_writes_at_once(file: LogFile, path: Path) -> None:
    """When nobody comes by to flush any more, what was gathered is written, and then each line at once."""
    file.write(b"gathered\n")
    file.settle()
    assert b"gathered\n" == path.read_bytes()
    file.write(b"at once\n")
    file.note(lambda line: line, b"noted\n")
    assert b"gathered\nat once\nnoted\n" == path.read_bytes()


def test_log_is_continued(path: Path) -> None:
    """What an earlier process wrote stays."""
    path.write_bytes(b"earlier\n")
    file = LogFile(str(path))
    file.write(LINE)
    file.flush()
    assert b"earlier\n" + LINE == path.read_bytes()


# -- rotation --------------------------------------------------------------------------------------------------------


def test_rotated_file_is_opened_anew(file: LogFile, path: Path, rotated: Path) -> None:
    """After a rename and a reopen the next line is in the new file, and what was gathered before in the old one."""
    file.write(b"before\n")
    path.rename(rotated)
    file.write(b"renamed\n")
    file.reopen()
    file.write(b"after\n")
    file.flush()
    assert (b"before\nrenamed\n", b"after\n") == (rotated.read_bytes(), path.read_bytes())


def test_reopened_file_leaves_nothing_open(file: LogFile) -> None:
    """A file is closed when the new one is opened."""
    before = len(os.listdir("/proc/self/fd"))
    file.reopen()
    assert before == len(os.listdir("/proc/self/fd"))


def test_file_that_cannot_be_reopened_goes_on(file: LogFile, path: Path, rotated: Path, told: list[str]) -> None:
    """Where no new file can be opened the lines go on into the old one, and the operator is told why."""
    path.rename(rotated)
    path.mkdir()
    file.reopen()
    file.write(LINE)
    file.flush()
    assert LINE == rotated.read_bytes()
    assert [f"error: cannot open the log {path}: Is a directory"] == told


def test_file_is_reopened_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the same folder for ever, even if the process changes its own."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    file = LogFile("access.log")
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "access.log").rename(tmp_path / "access.log.1")
    file.reopen()
    assert (tmp_path / "access.log").exists()


# -- trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere/access.log", "No such file or directory"), ("", "Is a directory")]
)
def test_file_that_cannot_be_opened(name: str, reason: str, tmp_path: Path) -> None:
    """A log that cannot be opened is refused with its path and the reason."""
    path = str(tmp_path / name)
    with pytest.raises(StartError) as refusal:
        LogFile(path)
    assert f"cannot open the log {path}: {reason}" == str(refusal.value)


def test_full_disk_is_told_once(path: Path, told: list[str]) -> None:
    """Lines that cannot be written are lost; that is told once, and again only after something could be written."""
    full(path)
    file = LogFile(str(path))
    complaint = f"error: cannot write {path}: No space left on device"
    for _ in range(2):
        file.write(b"lost\n")
        file.flush()
    assert [complaint] == told
    path.unlink()
    file.reopen()
    file.write(LINE)
    file.flush()
    assert LINE == path.read_bytes()
    full(path)
    file.reopen()
    file.write(b"lost\n")
    file.flush()
    assert [complaint, complaint] == told


# -- the process's own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"), [("-", ("a line\n", "")), ("stdout", ("a line\n", "")), ("stderr", ("", "a line\n"))]
)
def test_standard_streams(name: str, expected: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    """`-` and `stdout` are standard output, `stderr` is standard error; neither is ever reopened or closed."""
    file = LogFile(name)
    file.reopen()
    file.close()
    file.write(LINE)
    file.flush()
    assert expected == capfd.readouterr()


# -- all of them -----------------------------------------------------------------------------------------------------


def test_one_file_for_each_path(tmp_path: Path) -> None:
    """Those who name the same path share its file."""
    files = LogFiles()
    first = files.open(str(tmp_path / "a"))
    assert files.open(str(tmp_path / "b")) is not first
    assert files.open(str(tmp_path / "a")) is first


@pytest.mark.parametrize("act", [LogFiles.flush, LogFiles.settle, LogFiles.reopen])
def test_all_files_are_written(act: Callable[[LogFiles], None], tmp_path: Path) -> None:
    """Flushing, settling and reopening reach every file."""
    files = LogFiles()
    for name in "ab":
        files.open(str(tmp_path / name)).write(LINE)
    act(files)
    assert [LINE, LINE] == [(tmp_path / name).read_bytes() for name in "ab"]


def test_all_files_are_reopened_and_closed(tmp_path: Path) -> None:
    """Every file is opened anew by `reopen`, and none is left open by `close`."""
    before = len(os.listdir("/proc/self/fd"))
    files = LogFiles()
    for name in "ab":
        files.open(str(tmp_path / name))
        (tmp_path / name).unlink()
    files.reopen()
    assert [True, True] == [(tmp_path / name).exists() for name in "ab"]
    files.close()
    assert before == len(os.listdir("/proc/self/fd"))


def test_files_that_were_open_before(tmp_path: Path) -> None:
    """Files that were open stay open, others are opened; without success only those others are closed."""
    before = LogFiles()
    gc.collect()
    a, _ = before.open(str(tmp_path / "a")), before.open(str(tmp_path / "b"))
    descriptors = len(os.listdir("/proc/self/fd"))
    after = LogFiles(before)
    after.open(str(tmp_path / "c"))
    assert a is after.open(str(tmp_path / "a"))
    after.close()
    assert descriptors == len(os.listdir("/proc/self/fd"))
    a.write(LINE)
    before.flush()
    assert LINE == (tmp_path / "a").read_bytes()
    before.close()


def test_file_that_nobody_looks_after_any_more(tmp_path: Path) -> None:
    """What only those before had is written at once by who still has it, and closed with the last of them."""
    before = LogFiles()
    old = before.open(str(tmp_path / "old"))
    old.write(LINE)
    after = LogFiles(before)
    after.stay()
    assert LINE == (tmp_path / "old").read_bytes()
    old.write(LINE)
    assert LINE * 2 == (tmp_path / "old").read_bytes()
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    del before, old
    gc.collect()
    assert descriptors - 1 == len(os.listdir("/proc/self/fd"))
