"""The head of a request: what was parsed, checked once, and frozen."""

import re
from collections.abc import Sequence
from functools import lru_cache

from attrs import frozen

from stickyproxy.errors import ClientFault
from stickyproxy.frozen import frozen_by_type
from stickyproxy.http.fields import NO_KEYS, Field, content_length, first, read_connection
from stickyproxy.http.upgrades import asked

# What a Host may be (RFC 9110 section 7.2, RFC 3986 section 3.2.2): a name or an address, and perhaps a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

# What says where a request goes, how it is framed, and what becomes of its connection.
_NOTED = frozenset({b"host", b"cookie", b"connection", b"content-length", b"transfer-encoding", b"expect"})

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
    noted: dict[bytes, list[bytes]] = {}
    for key, _, value in fields:
        if key in _NOTED:
            noted.setdefault(key, []).append(value)
    host = _read_host(noted.pop(b"host", ()), http11)
    cookies = tuple(noted.pop(b"cookie", ()))
    if not target.startswith(b"/"):
        target, host = _absolute(method, target, host)
    if not noted:
        return RequestHead(method, target, http11, tuple(fields), host, cookies, keep_alive=http11, size=size)
    length = _read_length(noted.get(b"content-length", ()))
    is_chunked = _read_coding(noted.get(b"transfer-encoding", ()))
    if is_chunked and (length is not None or not http11):
        raise ClientFault(400, "Transfer-Encoding with Content-Length, or in HTTP/1.0")
    connection = noted.get(b"connection")
    keep_alive, nominated = read_connection(b",".join(connection), http11) if connection else (http11, NO_KEYS)
    may_upgrade = b"upgrade" in nominated and http11 and not is_chunked and not length
    return RequestHead(
        method,
        target,
        http11,
        tuple(fields),
        host,
        cookies,
        length,
        is_chunked,
        keep_alive,
        _read_expectation(noted.get(b"expect", ())) and http11,
        nominated,
        size,
        asked(fields) if may_upgrade else b"",
    )


def _read_host(values: Sequence[bytes], http11: bool) -> bytes:
    if len(values) == 1:
        return _checked(values[0])
    if values or http11:
        raise ClientFault(400, "more than one Host" if values else "no Host")
    return b""


def _read_length(values: Sequence[bytes]) -> int | None:
    if not values:
        return None
    if len(values) > 1:
        raise ClientFault(400, "more than one Content-Length")
    length = content_length(values[0])
    if length is None:
        raise ClientFault(400, "not a valid Content-Length")
    return length


def _read_coding(values: Sequence[bytes]) -> bool:
    """Return whether the body comes in chunks."""
    if len(values) > 1:
        raise ClientFault(400, "more than one Transfer-Encoding")
    if values and values[0].lower() != b"chunked":
        raise ClientFault(501, "a transfer coding other than chunked")
    return bool(values)


def _read_expectation(values: Sequence[bytes]) -> bool:
    """Return whether the client waits for word before it sends its body."""
    if any(value.lower() != b"100-continue" for value in values):
        raise ClientFault(417, "an expectation other than 100-continue")
    return bool(values)


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
