import re

import pytest

from stickyproxy.config.limit_conn import LimitConnLine, parse_limit_conn, parse_limit_conn_zone
from stickyproxy.config.settings import LimitZone
from stickyproxy.config.templates import parse_template


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["$remote_addr", "zone=addr:10m"], LimitZone("addr", parse_template("$remote_addr"))),
        (["$binary_remote_addr", "zone=addr:10m"], LimitZone("addr", parse_template("$remote_addr"))),
        (["x${binary_remote_addr}y", "zone=a:1k"], LimitZone("a", parse_template("x${remote_addr}y"))),
        (["$http_x$host", "zone=site:32k"], LimitZone("site", parse_template("$http_x$host"))),
    ],
)
def test_zone(words: list[str], expected: LimitZone) -> None:
    """A zone has a name and what it counts by; nginx's shorter form of an address is the address."""
    assert expected == parse_limit_conn_zone(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["$nothing", "zone=addr:10m"], 'unknown variable "$nothing"'),
        (["$remote_addr", "zone=addr"], 'zone: "addr" is no zone; expected NAME:SIZE, such as addr:10m'),
        (["$remote_addr", "zone=:10m"], 'zone: ":10m" is no zone; expected NAME:SIZE, such as addr:10m'),
        (["$remote_addr", "zone=addr:ten"], 'zone: "ten" is no size'),
        (["$remote_addr", "addr:10m"], 'unknown parameter "addr:10m"; expected zone='),
    ],
)
def test_zone_that_is_none(words: list[str], expected: str) -> None:
    """What is wrong with a zone is said."""
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}"):
        parse_limit_conn_zone(words)


def test_limit() -> None:
    """A limit names its zone and its number."""
    assert LimitConnLine("addr", 100) == parse_limit_conn(["addr", "100"])


@pytest.mark.parametrize("number", ["0", "65536", "-1", "many"])
def test_limit_that_is_none(number: str) -> None:
    """A limit is a number of at least one."""
    with pytest.raises(ValueError, match=f'^"{number}" is wrong; expected a whole number from 1 to 65535$'):
        parse_limit_conn(["addr", number])
