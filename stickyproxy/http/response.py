"""The head of a server's response: what was parsed, checked once, and frozen."""

from stickyproxy.errors import MalformedResponse
from stickyproxy.frozen import frozen_by_type
from stickyproxy.http.bodies import Body, BodyUntilClose, ChunkedBody, SizedBody
from stickyproxy.http.fields import NO_KEYS, Field, content_length, first, read_connection

# What says how a response is framed, what becomes of its connection, and when it was made.
_NOTED = frozenset({b"content-length", b"transfer-encoding", b"connection", b"date"})


@frozen_by_type
class ResponseHead:
    """A response without its body.

    `length` is the Content-Length as the server sent it (None when there is none), `until_close` says that the body
    ends with the connection. `reusable` says that the server will take another request on the same connection, `dated`
    that the response has a Date.
    """

    status: int
    reason: bytes
    fields: tuple[Field, ...]
    length: int | None = None
    until_close: bool = False
    reusable: bool = True
    nominated: frozenset[bytes] = NO_KEYS
    dated: bool = False

    def first(self, key: bytes) -> bytes:
        """Return the value of the first field of that key; empty when there is none."""
        return first(self.fields, key)


def bodiless(method: bytes, status: int) -> bool:
    """Whether a response to `method` with `status` never has a body (RFC 9112 section 6.3)."""
    return method == b"HEAD" or status == 204 or status == 304


def read_response_head(status: int, reason: bytes, fields: list[Field], http11: bool, no_body: bool) -> ResponseHead:
    """Check what was read and return it as a head. Raises MalformedResponse.

    `no_body` says that none follows.
    """
    length: int | None = None
    chunked = dated = False
    connection: bytes | None = None
    for key, _, value in fields:
        if key not in _NOTED:
            continue
        if key == b"content-length":
            if length is not None or (length := content_length(value)) is None:
                raise MalformedResponse("Content-Length twice, or not a number")
        elif key == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                raise MalformedResponse("a transfer coding other than one chunked")
            chunked = True
        elif key == b"date":
            dated = True
        else:
            connection = value if connection is None else connection + b"," + value
    if chunked and (length is not None or not http11):
        raise MalformedResponse("Transfer-Encoding with Content-Length, or in HTTP/1.0")
    until_close = length is None and not chunked and not no_body
    keep_alive, nominated = (http11, NO_KEYS) if connection is None else read_connection(connection, http11)
    reusable = keep_alive and not until_close
    return ResponseHead(status, reason, tuple(fields), length, until_close, reusable, nominated, dated)


def body_of(head: ResponseHead, no_body: bool) -> Body:
    """Return what reads the body that follows a head (RFC 9112 section 6.3); `no_body` says that none does."""
    if no_body:
        return SizedBody(0)
    if head.length is not None:
        return SizedBody(head.length)
    return BodyUntilClose() if head.until_close else ChunkedBody()
