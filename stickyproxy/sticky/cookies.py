"""Byte edits of Cookie and Set-Cookie values: what is not named is not touched, not even by a byte (RFC 6265 §4, §5).

Names match whole, and case counts. Where a place in a line is asked for, the cookie is known by its token, a name with
the equals sign (`b"route="`).
"""

import re
from collections.abc import Sequence

# RFC 6265 §4.1.1, cookie-octet: visible ASCII without the double quote, comma, semicolon and backslash.
_COOKIE_OCTETS = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'",;\\')
_LONGEST_VALUE = 4096
_BLANKS = b" \t"
_SEMICOLON = 0x3B
# What is left where a cookie stood between two semicolons, or at the end.
_NOTHING = re.compile(rb";[ \t]*(?:;|\Z)")


# -- Cookie ----------------------------------------------------------------------------------------------------------


def find(line: bytes, token: bytes, start: int = 0) -> int:
    """Where the value of the next cookie of that name begins, looking from `start`; -1 if there is none."""
    at = line.find(token, start)
    # Nearly every cookie but the first stands behind these two bytes.
    while at > 0 and line[at - 2 : at] != b"; " and not _begins(line, at):
        at = line.find(token, at + 1)
    return at if at < 0 else at + len(token)


def _begins(line: bytes, at: int) -> bool:
    """Whether a cookie begins at `at`: only blanks stand before it, back to a semicolon or to where the line starts."""
    before = at - 1
    while before >= 0 and line[before] in _BLANKS:
        before -= 1
    return before < 0 or line[before] == _SEMICOLON


def value_at(line: bytes, start: int) -> bytes:
    """The value that begins at `start`, without the quotes around it."""
    end = line.find(b";", start)
    return bare(line[start:] if end < 0 else line[start:end])


def bare(value: bytes) -> bytes:
    """The value without the blanks and the quotes around it."""
    if value.isalnum():
        return value
    value = value.strip(_BLANKS)
    return value[1:-1] if value[:1] == b'"' == value[-1:] else value


def values(lines: Sequence[bytes], token: bytes) -> list[bytes]:
    """The values of all cookies of that name in all Cookie lines, in order, without quotes."""
    found = []
    for line in lines:
        start = find(line, token)
        while start >= 0:
            found.append(value_at(line, start))
            start = find(line, token, start)
    return found


def taken_out(lines: Sequence[bytes], token: bytes) -> tuple[list[bytes], list[bytes]]:
    """The same values, and the Cookie lines without those cookies; a line goes when nothing is left of it."""
    found = []
    shown = []
    for line in lines:
        rest = line
        start = find(line, token)
        if start >= 0:
            if find(line, token, start) < 0:
                before, end = line.rfind(b";", 0, start - len(token)), line.find(b";", start)
                rest = line[:before] if before >= 0 else b""
                if end < 0:
                    found.append(bare(line[start:]))
                else:
                    found.append(bare(line[start:end]))
                    rest += line[end:]
            else:
                # All at once: to cut one after the other out of a line that has a thousand of them would take 5 ms.
                several, rest = _parted(line, token)
                found += several
            if _SEMICOLON in rest and _NOTHING.search(rest):
                rest = b";".join([pair for pair in rest.split(b";") if pair.strip(_BLANKS)])
            rest = rest.lstrip(b"; \t")
        if rest:
            shown.append(rest)
    return found, shown


def _parted(line: bytes, token: bytes) -> tuple[list[bytes], bytes]:
    """The values of all cookies of that name in a line, and what else is in it."""
    found = []
    others = []
    for pair in line.split(b";"):
        cookie = pair.lstrip(_BLANKS)
        if cookie.startswith(token):
            found.append(bare(cookie[len(token) :]))
        else:
            others.append(pair)
    return found, b";".join(others)


def cut(line: bytes, start: int, head: bytes) -> bytes:
    """The Cookie line without `head`, which is what the value that begins at `start` begins with."""
    at = line.index(head, start)
    return line[:at] + line[at + len(head) :]


def is_plausible(value: bytes) -> bool:
    """Whether a server may have set this value: not empty, not over 4 KiB, no bytes that a cookie cannot have."""
    return 0 < len(value) <= _LONGEST_VALUE and not value.translate(None, _COOKIE_OCTETS)


# -- Set-Cookie ------------------------------------------------------------------------------------------------------


def sets(set_cookie: bytes, name: bytes) -> bool:
    """Whether a Set-Cookie value sets the cookie of exactly that name."""
    if name not in set_cookie:
        return False
    found, equals, _ = set_cookie.partition(b";")[0].partition(b"=")
    return equals == b"=" and found.strip(_BLANKS) == name


def replace_value(set_cookie: bytes, value: bytes) -> bytes:
    """The Set-Cookie value with another cookie value; its name and attributes stay as they are."""
    name, _, rest = set_cookie.partition(b"=")
    _, semicolon, attributes = rest.partition(b";")
    return name + b"=" + value + semicolon + attributes


def prefix_value(set_cookie: bytes, prefix: bytes) -> bytes:
    """The Set-Cookie value with `prefix` in front of its cookie value."""
    name, _, rest = set_cookie.partition(b"=")
    return name + b"=" + prefix + rest
