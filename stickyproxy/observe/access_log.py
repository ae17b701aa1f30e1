"""The access log: one line a request, in the format that `log_format` gives it."""

import json
import re
from collections.abc import Callable
from functools import partial

from stickyproxy.config.settings import LogFormat
from stickyproxy.config.templates import Variable
from stickyproxy.observe.log_files import LogFile
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.variables import Facts, Getter, part_getter

# What nginx escapes (ngx_http_log_escape): whatever could end a quoted value, or upset a terminal.
_ODD = re.compile(rb'[\x00-\x1f"\\\x7f-\xff]')
_PLAIN = bytes(byte for byte in range(256) if not _ODD.match(bytes([byte])))

# Variables whose values the proxy makes itself, of digits, letters and signs that need no escape.
_TAME = frozenset(
    """
    body_bytes_sent bytes_sent connection connection_requests content_length msec remote_addr remote_port request_id
    request_length request_time scheme server_addr server_port server_protocol status sticky_reason sticky_status
    time_iso8601 time_local upstream_connect_time upstream_header_time upstream_response_length upstream_response_time
    upstream_status
    """.split()
)


def access_log(file: LogFile, log_format: LogFormat) -> Callable[[Outcome], None]:
    """Return an observer that writes a line for each Outcome."""
    return partial(file.note, compile_format(log_format))


def compile_format(log_format: LogFormat) -> Getter:
    """Return a function that makes the line, with its line feed, from the facts of a request."""
    escape, absent = _ESCAPES[log_format.escape]
    parts = log_format.template.parts
    template = b"".join(b"%b" if isinstance(part, Variable) else part.replace(b"%", b"%%") for part in parts) + b"\n"
    variables = [part for part in parts if isinstance(part, Variable)]
    getters = [part_getter(variable) for variable in variables]
    wild = [variable.name not in _TAME for variable in variables]

    def line(facts: Facts) -> bytes:
        values = [getter(facts) or absent for getter in getters]
        # One look at all instead of one a value: next to no line has anything to escape.
        if b"".join(values).translate(None, _PLAIN):
            values = [escape(value) if odd else value for value, odd in zip(values, wild, strict=True)]
        return template % tuple(values)

    return line


def _escape_default(value: bytes) -> bytes:
    return _ODD.sub(lambda match: b"\\x%02X" % match[0][0], value)


def _escape_json(value: bytes) -> bytes:
    return json.dumps(value.decode("utf-8", "backslashreplace"))[1:-1].encode("ascii")


def _escape_nothing(value: bytes) -> bytes:
    return value


# `escape=`: how a value is made safe, and what stands for one that is not there.
_ESCAPES: dict[str, tuple[Callable[[bytes], bytes], bytes]] = {
    "default": (_escape_default, b"-"),
    "json": (_escape_json, b""),
    "none": (_escape_nothing, b""),
}
