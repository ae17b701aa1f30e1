"""The arguments of `check` and its companions."""

import re
from collections.abc import Sequence

from stickyproxy.config import values
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.settings import Check

TYPES = ("tcp", "http", "https", "ssl_hello", "mysql", "ajp", "fastcgi")

# The first digits of the statuses that these words stand for.
STATUSES = {f"http_{digit}xx": digit for digit in range(1, 6)}

_REQUEST = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*\r\n.*", re.DOTALL)


def parse_check(words: Sequence[str]) -> Check:
    """Read `check`; each argument of the ValueError is one fault."""
    found = parse_parameters(
        words,
        {
            "interval": _milliseconds,
            "fall": values.number(1),
            "rise": values.number(1),
            "timeout": _milliseconds,
            "default_down": _true_false,
            "type": values.choice(*TYPES),
            "port": values.number(0, 65535),
            "unique": _true_false,
        },
    )
    return Check(**found)


def _milliseconds(word: str) -> float:
    seconds = values.time(f"{word}ms" if word.isdecimal() else word)
    if not seconds:
        raise ValueError(f'"{word}" is no time to wait; expected at least 1 millisecond')
    return seconds


def _true_false(word: str) -> bool:
    return values.choice("true", "false")(word) == "true"


def parse_request(word: str) -> bytes:
    """Read the request of `check_http_send`: a request line, fields, an empty line, and a body if there is one."""
    if _REQUEST.fullmatch(word) is None:
        raise ValueError(f'{values.shown(word)} is no request; expected such as "HEAD / HTTP/1.0\\r\\n\\r\\n"')
    return word.encode()


def parse_alive(words: Sequence[str]) -> frozenset[int]:
    """Read `http_2xx http_3xx ...`: the first digits of statuses."""
    return frozenset(STATUSES[values.choice(*STATUSES)(word)] for word in words)


def parse_fastcgi_param(words: Sequence[str]) -> tuple[bytes, bytes]:
    """Read `NAME VALUE`."""
    name, value = words
    return name.encode(), value.encode()
