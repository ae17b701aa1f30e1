"""The error log: which events are written, and how a line of it looks."""

from pathlib import Path

import pytest
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from stickyproxy.config.logs import LEVELS
from stickyproxy.observe.error_log import error_log
from stickyproxy.observe.log_files import LogFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "error.log"


def observed(path: Path, level: str = "debug", **event: object) -> str:
    """Give an event of 1970 to a log from `level` on; what is in the file then, without any flush."""
    usual = {"log_namespace": "test", "log_time": 3661.5, "log_level": LogLevel.error}
    error_log(LogFile(str(path)), level)(usual | {"log_format": "{what}", "what": "it is so"} | event)
    return path.read_text()


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["debug", "info", "warn", "error", "critical"]),
        ("info", ["info", "warn", "error", "critical"]),
        ("notice", ["info", "warn", "error", "critical"]),
        ("warn", ["warn", "error", "critical"]),
        ("error", ["error", "critical"]),
        ("crit", ["critical"]),
        ("alert", ["critical"]),
        ("emerg", ["critical"]),
    ],
)
def test_level_lets_the_graver_through(level: str, expected: list[str], path: Path) -> None:
    """Each of nginx's levels lets through what is as grave or graver."""
    log = Logger("test", observer=error_log(LogFile(str(path)), level))
    for each in LogLevel.iterconstants():
        log.emit(each, "told")
    assert [f"[{name}] told" for name in expected] == [line.split(" ", 2)[2] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_known(level: str, path: Path) -> None:
    """Each level that a configuration may name has its meaning here, and none is silent."""
    assert "" != observed(path, level, log_level=LogLevel.critical)


def test_line_is_laid_out_as_nginx_does(path: Path) -> None:
    """Date and time in UTC, the level in brackets, the text; written at once."""
    assert "1970/01/01 01:01:01 [error] it is so\n" == observed(path)


def test_failure_comes_with_its_traceback(path: Path) -> None:
    """What went wrong in the code is told with the place where it did."""
    try:
        int("broken")
    except ValueError:
        first, *trace, last = observed(path, log_failure=Failure()).splitlines()
    assert "1970/01/01 01:01:01 [error] it is so" == first
    assert "builtins.ValueError: invalid literal for int() with base 10: 'broken'" == last
    assert any(__file__ in line for line in trace)


def test_any_text_can_be_written(path: Path) -> None:
    """Text that no encoding knows does not keep an event from the log."""
    assert "1970/01/01 01:01:01 [error] \\udcff é\n" == observed(path, what="\udcff é")


def test_event_without_a_text_is_no_line(path: Path) -> None:
    """Where nothing is said nothing is written, as twistd has it."""
    assert "" == observed(path, log_format="")


def test_event_without_a_level_is_not_for_the_operator(path: Path) -> None:
    """An event that has no level is passed over."""
    assert "" == observed(path, log_level=None)


def test_log_that_cannot_be_written_does_not_tell_itself_for_ever(told: list[str]) -> None:
    """A full error log complains once, and not of its own complaint."""
    observer = error_log(LogFile("/dev/full"), "error")
    globalLogPublisher.addObserver(observer)
    try:
        Logger("test").error("first")
        Logger("test").error("second")
    finally:
        globalLogPublisher.removeObserver(observer)
    assert ["error: first", "error: cannot write /dev/full: No space left on device", "error: second"] == told
