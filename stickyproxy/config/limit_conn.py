"""The arguments of `limit_conn_zone` and `limit_conn` (ngx_http_limit_conn_module)."""

import re
from collections.abc import Sequence

from attrs import frozen

from stickyproxy.config import values
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.settings import LimitZone
from stickyproxy.config.templates import parse_template

# nginx's variable for an address in four or sixteen bytes, which saves room in memory that is shared; none is here.
_BINARY_ADDRESS = re.compile(r"\$(?:binary_remote_addr\b|\{binary_remote_addr\})", re.IGNORECASE)


@frozen
class LimitConnLine:
    """One `limit_conn`: the zone is still a name."""

    zone: str
    most: int


def parse_limit_conn_zone(words: Sequence[str]) -> LimitZone:
    """Read `TEMPLATE zone=NAME:SIZE`."""
    key = parse_template(_BINARY_ADDRESS.sub("${remote_addr}", words[0]))
    found = parse_parameters(words[1:], {"zone": _zone_name})
    return LimitZone(found["zone"], key)


def _zone_name(word: str) -> str:
    name, colon, size = word.partition(":")
    if not name or not colon:
        raise ValueError(f'"{word}" is no zone; expected NAME:SIZE, such as addr:10m')
    values.size(size)
    return name


def parse_limit_conn(words: Sequence[str]) -> LimitConnLine:
    """Read `ZONE NUMBER`."""
    return LimitConnLine(words[0], values.number(1, 65535)(words[1]))
