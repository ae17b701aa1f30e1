"""The head of a request: what was parsed, checked once, and frozen."""

import re
from collections.abc import Callable

from attrs import frozen

from stickyproxy.errors import ClientFault
from stickyproxy.http.fields import NO_KEYS, Field, content_length, first, nominated

# What a Host may be (RFC 9110 section 7.2, RFC 3986 section 3.2.2): a name or an address, and perhaps a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

# Most Connection lines say only this, and name no further field.
_PLAIN_CONNECTION = frozenset({b"keep-alive", b"close", b"Keep-Alive", b"Close"})


@frozen
class Limits:
    """How large a head may be: `head` bytes in all, `field` bytes one field, `fields` of them, `target` bytes."""

    head: int = 32 * 1024
    field: int = 8 * 1024
    fields: int = 100
    target: int = 32 * 1024


@frozen
class RequestHead:
    """A request without its body.

    `target` is in origin form (or `*`); `host` is the Host as the client wrote it, or what an absolute target names.
    `length` is the Content-Length (None when there is none), `chunked` says that the body is. `nominated` are the keys
    that the client declared hop by hop. `size` is the bytes of request line, fields and line ends.
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

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow the head."""
        return self.chunked or bool(self.length)

    def first(self, key: bytes) -> bytes:
        """Return the value of the first field of that key; empty when there is none."""
        return first(self.fields, key)


def read_request_head(
    method: bytes, target: bytes, version: str, fields: list[Field], keep_alive: bool, limits: Limits
) -> RequestHead:
    """Check what the parser found and return it as a head. Raises ClientFault with the status to answer.

    The parser has seen to tokens, line ends and message framing (RFC 9112); this adds what it leaves open.
    """
    if version not in ("1.1", "1.0"):
        raise ClientFault(505, f"HTTP version {version}")
    if method == b"CONNECT" or method == b"TRACE":
        raise ClientFault(405, "method not allowed here")
    if len(target) > limits.target:
        raise ClientFault(414, "request target too long")
    if len(fields) > limits.fields:
        raise ClientFault(431, "too many header fields")
    draft = _Draft(fields)
    size = len(method) + len(target) + 14
    for key, name, value in fields:
        field_size = len(name) + len(value)
        if field_size > limits.field:
            raise ClientFault(431, "header field too large")
        size += field_size + 4
        note = _NOTED.get(key)
        if note is not None:
            note(draft, value)
    if size > limits.head:
        raise ClientFault(431, "request head too large")
    http11 = version == "1.1"
    if draft.chunked and not http11:
        raise ClientFault(400, "Transfer-Encoding in HTTP/1.0")
    if not target.startswith(b"/"):
        target, draft.host = _absolute(method, target, draft.host)
    return RequestHead(
        method,
        target,
        http11,
        tuple(fields),
        _host(draft.host, http11),
        tuple(draft.cookies),
        draft.length,
        draft.chunked,
        keep_alive,
        draft.expects_continue and http11,
        draft.nominated,
        size,
    )


class _Draft:
    """What the fields say, as far as they have been read. Each method notes one field's value."""

    __slots__ = ("chunked", "cookies", "expects_continue", "fields", "host", "length", "nominated")

    def __init__(self, fields: list[Field]) -> None:
        self.fields = fields
        self.host: bytes | None = None
        self.cookies: list[bytes] = []
        self.length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.nominated = NO_KEYS

    def note_host(self, value: bytes) -> None:
        if self.host is not None:
            raise ClientFault(400, "more than one Host")
        self.host = value

    def note_cookie(self, value: bytes) -> None:
        self.cookies.append(value)

    def note_connection(self, value: bytes) -> None:
        if value not in _PLAIN_CONNECTION:
            self.nominated = nominated(self.fields)

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


def _host(host: bytes | None, http11: bool) -> bytes:
    if host is None:
        if http11:
            raise ClientFault(400, "no Host")
        return b""
    if not _HOST.fullmatch(host):
        raise ClientFault(400, "not a valid Host")
    return host


def _absolute(method: bytes, target: bytes, host: bytes | None) -> tuple[bytes, bytes | None]:
    """Split an absolute-form target into origin form and host (RFC 9112 section 3.2.2: the target's host rules)."""
    if target == b"*":
        if method != b"OPTIONS":
            raise ClientFault(400, "target * is for OPTIONS only")
        return target, host
    match = _ABSOLUTE.fullmatch(target)
    if not match:
        raise ClientFault(400, "neither an absolute path nor an absolute URI")
    authority, rest = match.groups()
    return rest if rest.startswith(b"/") else b"/" + rest, authority
