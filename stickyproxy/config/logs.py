"""The arguments of `access_log`, `log_format` and `error_log`, and the formats that are there without being defined."""

from collections.abc import Sequence

from attrs import frozen

from stickyproxy.config import values
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.settings import LogFormat
from stickyproxy.config.templates import parse_template

LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")

_COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)

# Every value is a string but for those that are a number whatever happens.
_JSON = (
    '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","uri":"$request_uri",'
    '"protocol":"$server_protocol","status":$status,"bytes":$body_bytes_sent,"referer":"$http_referer",'
    '"user_agent":"$http_user_agent","request_time":$request_time,"request_id":"$request_id",'
    '"upstream":"$upstream_name","upstream_addr":"$upstream_addr","upstream_status":"$upstream_status",'
    '"upstream_connect_time":"$upstream_connect_time","upstream_header_time":"$upstream_header_time",'
    '"upstream_response_time":"$upstream_response_time","sticky_status":"$sticky_status",'
    '"sticky_server":"$sticky_server","sticky_reason":"$sticky_reason"}'
)

BUILT_IN_FORMATS = (
    LogFormat("combined", parse_template(_COMBINED)),
    LogFormat("json", parse_template(_JSON), escape="json"),
)


@frozen
class AccessLogLine:
    """One `access_log`: the format is still a name."""

    path: str
    format: str = "combined"


@frozen
class ErrorLogLine:
    """One `error_log`."""

    path: str
    level: str = "error"


def parse_access_log(words: Sequence[str]) -> AccessLogLine | None:
    """Read `PATH [FORMAT]`, or `off`, which is None."""
    if words[0] != "off":
        return AccessLogLine(_path(words[0]), *words[1:])
    if len(words) > 1:
        raise ValueError('"off" stands alone; expected no format behind it')
    return None


def parse_log_format(words: Sequence[str]) -> LogFormat:
    """Read `NAME [escape=default|json|none] TEMPLATE...`; the words of the template are joined without a space."""
    name, *template = words
    found = {}
    if template[0].startswith("escape="):
        found = parse_parameters([template.pop(0)], {"escape": values.choice("default", "json", "none")})
    if not template:
        raise ValueError("the format is empty; expected NAME [escape=default|json|none] TEMPLATE...")
    if name in {known.name for known in BUILT_IN_FORMATS}:
        raise ValueError(f'"{name}" is built in; expected another name')
    return LogFormat(name, parse_template(*template), **found)


def parse_error_log(words: Sequence[str]) -> ErrorLogLine:
    """Read `PATH [LEVEL]`."""
    return ErrorLogLine(_path(words[0]), *map(values.choice(*LEVELS), words[1:]))


def _path(word: str) -> str:
    if not word or "\0" in word:
        raise ValueError(f"{values.shown(word)} is no path; expected the path of a file")
    return word
