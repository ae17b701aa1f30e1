"""Header fields as they travel: `(key, name, value)`, where `key` is the name in lower case, compared once."""

from collections.abc import Iterable

Field = tuple[bytes, bytes, bytes]

# A name, as a pattern (RFC 9110 section 5.6.2).
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

# The keys of no fields at all.
NO_KEYS: frozenset[bytes] = frozenset()

# Fields that speak of one connection only and are never passed on (RFC 9110 section 7.6.1 and its precursors).
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

# Fields that `Connection` may name without being dropped: the message could not be delivered rightly without them.
_NEVER_NOMINATED = frozenset({b"content-length", b"host", b"cookie", b"set-cookie", b"connection", b"close", b""})

# Most `Connection` lines say only this, and name no field.
_PLAIN_CONNECTION = {b"keep-alive": True, b"Keep-Alive": True, b"close": False, b"Close": False}

# A longer Content-Length is no length of anything, and would not fit into what others count with.
_LENGTH_LIMIT = 2**63
_LENGTH_DIGITS = len(str(_LENGTH_LIMIT))


def read_connection(value: bytes, http11: bool) -> tuple[bool, frozenset[bytes]]:
    """Return what `Connection` says, whose lines are joined by commas (RFC 9110 section 7.6.1, RFC 9112 section 9.3).

    That is whether the connection goes on behind the message, and the keys of the fields that are hop by hop.
    """
    goes_on = _PLAIN_CONNECTION.get(value)
    if goes_on is not None:
        return goes_on, NO_KEYS
    options = {option.strip(b" \t").lower() for option in value.split(b",")}
    goes_on = b"close" not in options and (http11 or b"keep-alive" in options)
    return goes_on, frozenset(options - _NEVER_NOMINATED)


def first(fields: Iterable[Field], key: bytes) -> bytes:
    """Return the value of the first field of that key; empty when there is none."""
    for name, _, value in fields:
        if name == key:
            return value
    return b""


def content_length(value: bytes) -> int | None:
    """Return what a Content-Length says; None if it is no number of bytes (RFC 9110 section 8.6)."""
    if not value.isdigit():
        return None
    # What is long may have many zeros in front; Python refuses to read numbers of thousands of digits.
    digits = value if len(value) < _LENGTH_DIGITS else value.lstrip(b"0")[: _LENGTH_DIGITS + 1]
    length = int(digits or b"0")
    return length if length < _LENGTH_LIMIT else None


def line(name: bytes, value: bytes) -> bytes:
    """Return the field as it is written on the wire."""
    return b"%b: %b\r\n" % (name, value)
