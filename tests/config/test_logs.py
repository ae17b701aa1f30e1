import json
from collections.abc import Callable
from typing import Any

import pytest

from stickyproxy.config.logs import (
    BUILT_IN_FORMATS,
    AccessLogLine,
    ErrorLogLine,
    parse_access_log,
    parse_error_log,
    parse_log_format,
)
from stickyproxy.config.settings import LogFormat
from stickyproxy.config.templates import parse_template

LEVELS = "debug, info, notice, warn, error, crit, alert or emerg"
COMBINED, JSON = BUILT_IN_FORMATS


def write(log: LogFormat, value: Callable[[str], str]) -> str:
    """Write a line in a format, each variable by its name."""
    return "".join(part.decode() if isinstance(part, bytes) else value(part.name) for part in log.template.parts)


def test_combined() -> None:
    """The format `combined` is nginx's."""
    client = "<remote_addr> - <remote_user> [<time_local>]"
    expected = f'{client} "<request>" <status> <body_bytes_sent> "<http_referer>" "<http_user_agent>"'
    assert ("combined", "default") == (COMBINED.name, COMBINED.escape)
    assert expected == write(COMBINED, lambda name: f"<{name}>")


def test_json() -> None:
    """A line of the format `json` is one JSON object, in which what is always a number is one."""
    line = json.loads(
        write(JSON, lambda name: {"status": "200", "body_bytes_sent": "5", "request_time": "0.001"}.get(name, name))
    )
    assert ("json", "json") == (JSON.name, JSON.escape)
    assert (200, 5, 0.001) == (line["status"], line["bytes"], line["request_time"])
    assert ("sticky_status", "sticky_server", "sticky_reason") == (
        line["sticky_status"],
        line["sticky_server"],
        line["sticky_reason"],
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["off"], None),
        (["/var/log/a.log"], AccessLogLine("/var/log/a.log", "combined")),
        (["-", "json"], AccessLogLine("-", "json")),
    ],
)
def test_access_log(words: list[str], expected: AccessLogLine | None) -> None:
    """An access log has a path and the name of a format, which is `combined` when left out."""
    assert expected == parse_access_log(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a", "$status ", "$uri"], LogFormat("a", parse_template("$status ", "$uri"))),
        (["a", "escape=json", "$status"], LogFormat("a", parse_template("$status"), "json")),
        (["a", "escape=none", "$status"], LogFormat("a", parse_template("$status"), "none")),
    ],
)
def test_log_format(words: list[str], expected: LogFormat) -> None:
    """A format has a name, perhaps an escape, and words that are joined without a space."""
    assert expected == parse_log_format(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["a.log"], ErrorLogLine("a.log", "error")), (["stderr", "info"], ErrorLogLine("stderr", "info"))],
)
def test_error_log(words: list[str], expected: ErrorLogLine) -> None:
    """An error log has a path and a level, which is `error` when left out."""
    assert expected == parse_error_log(words)


@pytest.mark.parametrize(
    ("read", "words", "expected"),
    [
        (parse_access_log, ["off", "json"], '"off" stands alone; expected no format behind it'),
        (parse_access_log, [""], '"" is no path; expected the path of a file'),
        (parse_log_format, ["a", "escape=xml", "x"], 'escape: "xml" is unknown; expected default, json or none'),
        (
            parse_log_format,
            ["a", "escape=json"],
            "the format is empty; expected NAME [escape=default|json|none] TEMPLATE...",
        ),
        (parse_log_format, ["json", "x"], '"json" is built in; expected another name'),
        (parse_log_format, ["a", "$statsu"], 'unknown variable "$statsu"; did you mean "$status"?'),
        (
            parse_error_log,
            ["a.log", "warning"],
            f'"warning" is unknown; expected {LEVELS}; did you mean "warn"?',
        ),
    ],
)
def test_refuses(
    complaints: Callable[..., list[str]], read: Callable[..., Any], words: list[str], expected: str
) -> None:
    """What cannot be a log is refused."""
    assert [expected] == complaints(read, words)
