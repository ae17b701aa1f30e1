import pytest

from stickyproxy.errors import MalformedResponse
from stickyproxy.http.response import ResponseHead, bodiless, body_of, read_response_head


def read(*lines: tuple[bytes, bytes], http11: bool = True, bodiless: bool = False) -> ResponseHead:
    fields = [(name.lower(), name, value) for name, value in lines]
    return read_response_head(200, b"OK", fields, http11, bodiless)


LENGTH = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"chunked")


@pytest.mark.parametrize(
    ("lines", "no_body", "expected"),
    [
        ([LENGTH], False, (5, False, True)),
        ([LENGTH, (b"Connection", b"close")], False, (5, False, False)),
        ([LENGTH, (b"Connection", b"x"), (b"Connection", b"Close")], False, (5, False, False)),
        ([CHUNKED], False, (None, False, True)),
        ([], False, (None, True, False)),
        ([], True, (None, False, True)),
        ([LENGTH], True, (5, False, True)),
    ],
)
def test_framing(lines: list[tuple[bytes, bytes]], no_body: bool, expected: tuple[int | None, bool, bool]) -> None:
    """A body ends by its length, its last chunk or the connection; only the last makes the connection useless."""
    head = read(*lines, bodiless=no_body)
    assert expected == (head.length, head.until_close, head.reusable)


def test_fields() -> None:
    """The fields are as the server wrote them, and Connection says which end here."""
    head = read((b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"Connection", b"X-Y"), LENGTH)
    assert (b"a=1", b"", {b"x-y"}) == (head.first(b"set-cookie"), head.first(b"date"), head.nominated)
    assert (b"set-cookie", b"Set-Cookie", b"a=1") == head.fields[0]


@pytest.mark.parametrize(
    "lines",
    [
        [LENGTH, LENGTH],
        [LENGTH, CHUNKED],
        [CHUNKED, CHUNKED],
        [(b"Content-Length", b"-1")],
        [(b"Content-Length", b"")],
        [(b"Transfer-Encoding", b"gzip")],
    ],
)
def test_malformed(lines: list[tuple[bytes, bytes]]) -> None:
    """A response whose end is not clear is none."""
    with pytest.raises(MalformedResponse):
        read(*lines)


def test_chunked_in_http10() -> None:
    """HTTP/1.0 knows no chunks, so that nobody can say where such a response ends (RFC 9112 section 6.1)."""
    with pytest.raises(MalformedResponse):
        read(CHUNKED, http11=False)


@pytest.mark.parametrize(
    ("lines", "no_body", "expected"),
    [
        ([LENGTH], False, ([b"abcde"], b"fgh", True)),
        ([LENGTH], True, ([], b"abcdefgh", True)),
        ([], False, ([b"abcdefgh"], b"", False)),
    ],
)
def test_body_of(lines: list[tuple[bytes, bytes]], no_body: bool, expected: tuple[list[bytes], bytes, bool]) -> None:
    """The head says where its body ends."""
    body = body_of(read(*lines, bodiless=no_body), no_body)
    assert expected == (*(body.take(b"abcdefgh") if not body.ended else ([], b"abcdefgh")), body.ended)


def test_chunked_body() -> None:
    """A chunked body ends with its last chunk."""
    body = body_of(read(CHUNKED), False)
    assert (([b"abc"], b"x"), True) == (body.take(b"3\r\nabc\r\n0\r\n\r\nx"), body.ended)


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [(b"GET", 200, False), (b"HEAD", 200, True), (b"GET", 204, True), (b"POST", 304, True), (b"GET", 404, False)],
)
def test_bodiless(method: bytes, status: int, expected: bool) -> None:
    """Answers to HEAD, 204 and 304 have no body (RFC 9112 section 6.3)."""
    assert expected == bodiless(method, status)
