"""Single words of a directive and what they stand for: times, sizes, numbers, switches, networks, names.

Every function takes the word as it was written and raises ValueError with what is wrong and what was expected.
"""

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_interface

from stickyproxy.config.suggest import suggest

_UNITS = {"y": 31_536_000, "M": 2_592_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001, "": 1}
# The units in falling order, each at most once, the bare number of seconds last (ngx_parse_time).
_TIME = re.compile(
    "".join(rf"(?:([0-9]{{1,12}}){unit}(?!s) *)?" for unit in _UNITS if unit not in ("ms", ""))
    + r"(?:([0-9]{1,12})ms)?([0-9]{1,12})?"
)
_NUMBER = re.compile(r"[0-9]{1,10}")
_SIZE = re.compile(r"([0-9]{1,19})([kKmMgG]?)")
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# As far as nginx's int and off_t go; times too, so that a date can be told from each.
_MOST = 2**31 - 1
_MOST_BYTES = 2**63 - 1


def time(word: str) -> float:
    """Seconds, from nginx's `ms s m h d w M y`, alone or in falling order (`1h30m`); a bare number is seconds."""
    match = _TIME.fullmatch(word)
    if match is None or not word:
        raise ValueError(f'"{word}" is no time; expected a number with ms, s, m, h, d, w, M or y, such as 30s or 1h30m')
    seconds = sum(int(count) * unit for count, unit in zip(match.groups("0"), _UNITS.values(), strict=True))
    if seconds > _MOST:
        raise ValueError(f'"{word}" is too long; expected at most {_MOST}s, which is 68 years')
    return float(seconds)


def whole_seconds(word: str) -> int:
    """Seconds without a fraction."""
    seconds = time(word)
    if seconds != int(seconds):
        raise ValueError(f'"{word}" is no whole number of seconds; expected such as 3600 or 1h')
    return int(seconds)


def size(word: str) -> int:
    """Bytes, from a number with nginx's `k`, `m` or `g` of either case."""
    match = _SIZE.fullmatch(word)
    if match is None:
        raise ValueError(f'"{word}" is no size; expected a number with k, m or g, such as 512k or 20m')
    count = int(match[1]) << _SHIFTS[match[2].lower()]
    if count > _MOST_BYTES:
        raise ValueError(f'"{word}" is too large; expected at most {_MOST_BYTES} bytes')
    return count


def positive_size(word: str) -> int:
    """Bytes as in `size`, at least one."""
    count = size(word)
    if not count:
        raise ValueError(f'"{word}" is nothing; expected a size such as 8k')
    return count


def number(low: int, high: int = _MOST) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(word: str) -> int:
        if _NUMBER.fullmatch(word) is None or not low <= int(word) <= high:
            raise ValueError(f'"{word}" is wrong; expected a whole number from {low} to {high}')
        return int(word)

    return read


def choice(*known: str) -> Callable[[str], str]:
    """A reader of one of the words `known`, exactly as they are written."""

    def read(word: str) -> str:
        if word not in known:
            raise ValueError(f'"{word}" is unknown; expected {listed(known)}{suggest(word, known)}')
        return word

    return read


def on_off(word: str) -> bool:
    """A flag of nginx's: `on` or `off`."""
    return choice("on", "off")(word) == "on"


def network(word: str) -> IPv4Network | IPv6Network:
    """An IP address, or a network in CIDR notation whose bits behind the mask are zero."""
    try:
        interface = ip_interface(word)
    except ValueError:
        raise ValueError(f'"{word}" is no network; expected an address or CIDR, such as 10.0.0.0/8 or ::1') from None
    if interface.ip != interface.network.network_address:
        raise ValueError(f'"{word}" has bits behind its mask; expected {interface.network}')
    return interface.network


def token(word: str) -> bytes:
    """A name of a header field or a cookie (RFC 9110 section 5.6.2)."""
    if _TOKEN.fullmatch(word) is None:
        raise ValueError(f"{shown(word)} is no token; expected letters, digits and !#$%&'*+-.^_`|~")
    return word.encode()


def printable(word: str) -> str:
    """A text without control characters, which could not go out in a header."""
    if _CONTROL.search(word):
        raise ValueError(f"{shown(word)} holds a control character; expected printable text")
    return word


def listed(words: Sequence[str]) -> str:
    """The words for a message: `a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def shown(word: str) -> str:
    """The word in double quotes, its control characters visible."""
    return '"' + _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", word) + '"'
