"""The head of a server's response: what was parsed, checked once, and frozen."""

from attrs import frozen

from stickyproxy.errors import MalformedResponse
from stickyproxy.http.bodies import Body, BodyUntilClose, ChunkedBody, SizedBody
from stickyproxy.http.fields import NO_KEYS, Field, content_length, first, nominated


@frozen
class ResponseHead:
    """A response without its body.

    `length` is the Content-Length as the server sent it (None when there is none), `until_close` says that the body
    ends with the connection. `reusable` says that the server will take another request on the same connection.
    """

    status: int
    reason: bytes
    fields: tuple[Field, ...]
    length: int | None = None
    until_close: bool = False
    reusable: bool = True
    nominated: frozenset[bytes] = NO_KEYS

    def first(self, key: bytes) -> bytes:
        """Return the value of the first field of that key; empty when there is none."""
        return first(self.fields, key)


def bodiless(method: bytes, status: int) -> bool:
    """Whether a response to `method` with `status` never has a body (RFC 9112 section 6.3)."""
    return method == b"HEAD" or status == 204 or status == 304


def read_response_head(
    status: int, reason: bytes, fields: list[Field], http11: bool, keep_alive: bool, no_body: bool
) -> ResponseHead:
    """Check what was read and return it as a head. Raises MalformedResponse.

    `keep_alive` is what version and `Connection` say; `no_body` says that none follows.
    """
    length: int | None = None
    chunked = False
    hop_by_hop = NO_KEYS
    for key, _, value in fields:
        if key == b"content-length":
            if length is not None or (length := content_length(value)) is None:
                raise MalformedResponse("Content-Length twice, or not a number")
        elif key == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                raise MalformedResponse("a transfer coding other than one chunked")
            chunked = True
        elif key == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            hop_by_hop = nominated(fields)
    if chunked and (length is not None or not http11):
        raise MalformedResponse("Transfer-Encoding with Content-Length, or in HTTP/1.0")
    until_close = length is None and not chunked and not no_body
    return ResponseHead(status, reason, tuple(fields), length, until_close, keep_alive and not until_close, hop_by_hop)


def body_of(head: ResponseHead, no_body: bool) -> Body:
    """Return what reads the body that follows a head (RFC 9112 section 6.3); `no_body` says that none does."""
    if no_body:
        return SizedBody(0)
    if head.length is not None:
        return SizedBody(head.length)
    return BodyUntilClose() if head.until_close else ChunkedBody()
