"""The head of a request: what was parsed, checked once, and frozen."""

import re

from attrs import frozen

from stickyproxy.errors import ClientFault
from stickyproxy.http.fields import Field, nominated

# What a Host may be (RFC 9110 section 7.2, RFC 3986 section 3.2.2): a name or an address, and perhaps a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

_NO_FIELDS: frozenset[bytes] = frozenset()
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
    that the client declared hop by hop. `size` is the bytes of request line and fields.
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
    nominated: frozenset[bytes] = _NO_FIELDS
    size: int = 0

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow the head."""
        return self.chunked or bool(self.length)

    def first(self, key: bytes) -> bytes:
        """Return the value of the first field of that key; empty when there is none."""
        for name, _, value in self.fields:
            if name == key:
                return value
        return b""


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
    http11 = version == "1.1"
    host: bytes | None = None
    cookies: list[bytes] = []
    length: int | None = None
    chunked = expects_continue = False
    hop_by_hop = _NO_FIELDS
    size = len(method) + len(target) + 12
    for key, name, value in fields:
        field_size = len(name) + len(value)
        if field_size > limits.field:
            raise ClientFault(431, "header field too large")
        size += field_size + 4
        if key == b"host":
            if host is not None:
                raise ClientFault(400, "more than one Host")
            host = value
        elif key == b"cookie":
            cookies.append(value)
        elif key == b"connection":
            if value not in _PLAIN_CONNECTION:
                hop_by_hop = nominated(fields)
        elif key == b"content-length":
            if length is not None:
                raise ClientFault(400, "more than one Content-Length")
            length = _content_length(value)
        elif key == b"transfer-encoding":
            if chunked or not http11:
                raise ClientFault(400, "Transfer-Encoding twice, or in HTTP/1.0")
            if value.lower() != b"chunked":
                raise ClientFault(501, "a transfer coding other than chunked")
            chunked = True
        elif key == b"expect":
            if value.lower() != b"100-continue":
                raise ClientFault(417, "an expectation other than 100-continue")
            expects_continue = http11
    if size > limits.head:
        raise ClientFault(431, "request head too large")
    if not target.startswith(b"/"):
        target, host = _absolute(method, target, host)
    if host is None:
        if http11:
            raise ClientFault(400, "no Host")
        host = b""
    elif not _HOST.fullmatch(host):
        raise ClientFault(400, "not a valid Host")
    return RequestHead(
        method,
        target,
        http11,
        tuple(fields),
        host,
        tuple(cookies),
        length,
        chunked,
        keep_alive,
        expects_continue,
        hop_by_hop,
        size,
    )


def _content_length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 19:
        raise ClientFault(400, "not a valid Content-Length")
    return int(value)


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
