"""The head of a request: what was parsed, checked once, and frozen."""

import re
from collections.abc import Callable
from functools import lru_cache

from attrs import frozen

from stickyproxy.errors import ClientFault
from stickyproxy.frozen import frozen_by_type
from stickyproxy.http.fields import NO_KEYS, Field, content_length, first, read_connection
from stickyproxy.http.upgrades import asked

# What a Host may be (RFC 9110 section 7.2, RFC 3986 section 3.2.2): a name or an address, and perhaps a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

# Methods that are no forward proxy's tunnel and no debugging aid here (RFC 9110 sections 9.3.6 and 9.3.8).
_REFUSED = frozenset({b"CONNECT", b"TRACE"})


@frozen
class Limits:
    """How large a head may be: `head` bytes in all, `field` bytes one field, `fields` of them, `target` bytes."""

    head: int = 32 * 1024
    field: int = 8 * 1024
    fields: int = 100
    target: int = 32 * 1024


@frozen_by_type
class RequestHead:
    """A request without its body.

    `target` is in origin form (or `*`); `host` is the Host as the client wrote it, or what an absolute target names.
    `length` is the Content-Length (None when there is none), `chunked` says that the body is. `nominated` are the keys
    that the client declared hop by hop. `size` is the bytes of request line, fields and line ends. `upgrade` names the
    protocols that the connection could be left to (RFC 9110 section 7.8), as they go on.
    """

    method: bytes
    target: bytes
    http11: bool
    fields: tuple[Field, ...]
    host: bytes = b""
    cookies: tuple[bytes, ...] = ()
    length: int | None = None
    chunked: bool = False
    keep_alive: bool = True
    expects_continue: bool = False
    nominated: frozenset[bytes] = NO_KEYS
    size: int = 0
    upgrade: bytes = b""

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow the head."""
        return self.chunked or bool(self.length)

    def first(self, key: bytes) -> bytes:
        """Return the value of the first field of that key; empty when there is none."""
        return first(self.fields, key)


def read_request_head(
    method: bytes, target: bytes, http11: bool, fields: list[Field], size: int, limits: Limits
) -> RequestHead:
    """Check what was read and return it as a head. Raises ClientFault with the status to answer.

    The first line and each field are known to be well-formed (RFC 9112 sections 3 and 5), and all of them to be within
    the limit for a head; this adds what they say together.
    """
    if method in _REFUSED:
        raise ClientFault(405, "method not allowed here")
    if len(target) > limits.target:
        raise ClientFault(414, "request target too long")
    if len(fields) > limits.fields:
        raise ClientFault(431, "too many header fields")
    if size > limits.field and any(len(name) + len(value) > limits.field for _, name, value in fields):
        raise ClientFault(431, "header field too large")
    draft = _Draft()
    for key, _, value in fields:
        if key in _NOTED:
            _NOTED[key](draft, value)
    if draft.chunked and (draft.length is not None or not http11):
        raise ClientFault(400, "Transfer-Encoding with Content-Length, or in HTTP/1.0")
    keep_alive, nominated = (http11, NO_KEYS) if draft.connection is None else read_connection(draft.connection, http11)
    if draft.host is not None:
        host = _checked(draft.host)
    elif http11:
        raise ClientFault(400, "no Host")
    else:
        host = b""
    if not target.startswith(b"/"):
        target, host = _absolute(method, target, host)
    return RequestHead(
        method,
        target,
        http11,
        tuple(fields),
        host,
        tuple(draft.cookies),
        draft.length,
        draft.chunked,
        keep_alive,
        draft.expects_continue and http11,
        nominated,
        size,
        asked(fields) if b"upgrade" in nominated and http11 and not draft.chunked and not draft.length else b"",
    )


class _Draft:
    """What the fields say, as far as they have been read. Each method notes one field's value."""

    __slots__ = ("chunked", "connection", "cookies", "expects_continue", "host", "length")

    def __init__(self) -> None:
        self.host: bytes | None = None
        self.cookies: list[bytes] = []
        self.length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.connection: bytes | None = None

    def note_host(self, value: bytes) -> None:
        if self.host is not None:
            raise ClientFault(400, "more than one Host")
        self.host = value

    def note_cookie(self, value: bytes) -> None:
        self.cookies.append(value)

    def note_connection(self, value: bytes) -> None:
        self.connection = value if self.connection is None else self.connection + b"," + value

    def note_length(self, value: bytes) -> None:
        if self.length is not None:
            raise ClientFault(400, "more than one Content-Length")
        self.length = content_length(value)
        if self.length is None:
            raise ClientFault(400, "not a valid Content-Length")

    def note_coding(self, value: bytes) -> None:
        if self.chunked:
            raise ClientFault(400, "more than one Transfer-Encoding")
        if value.lower() != b"chunked":
            raise ClientFault(501, "a transfer coding other than chunked")
        self.chunked = True

    def note_expectation(self, value: bytes) -> None:
        if value.lower() != b"100-continue":
            raise ClientFault(417, "an expectation other than 100-continue")
        self.expects_continue = True


_NOTED: dict[bytes, Callable[[_Draft, bytes], None]] = {
    b"host": _Draft.note_host,
    b"cookie": _Draft.note_cookie,
    b"connection": _Draft.note_connection,
    b"content-length": _Draft.note_length,
    b"transfer-encoding": _Draft.note_coding,
    b"expect": _Draft.note_expectation,
}


# Few hosts are asked for by many requests.
@lru_cache(maxsize=256)
def _checked(host: bytes) -> bytes:
    match = _HOST.fullmatch(host)
    if match is None or int(match[1] or 0) > 65535:
        raise ClientFault(400, "not a valid Host")
    return host


def _absolute(method: bytes, target: bytes, host: bytes) -> tuple[bytes, bytes]:
    """Split an absolute-form target into origin form and host (RFC 9112 section 3.2.2: the target's host rules)."""
    if target == b"*":
        if method != b"OPTIONS":
            raise ClientFault(400, "target * is for OPTIONS only")
        return target, host
    match = _ABSOLUTE.fullmatch(target)
    if not match:
        raise ClientFault(400, "neither an absolute path nor an absolute URI")
    authority, rest = match.groups()
    return rest if rest.startswith(b"/") else b"/" + rest, _checked(authority)
