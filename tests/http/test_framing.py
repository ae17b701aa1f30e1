import pytest
from httptools import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.http.framing import LAST_CHUNK, body_framing, chunked


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], b""),
        ([b""], b""),
        ([b"abc"], b"3\r\nabc\r\n"),
        ([b"a" * 16, b"", b"b"], b"10\r\n" + b"a" * 16 + b"\r\n1\r\nb\r\n"),
    ],
)
def test_chunked(parts: list[bytes], expected: bytes) -> None:
    """Each part is a chunk, its size in hexadecimal; an empty part is none, as it would end the body."""
    assert expected == b"".join(chunked(parts))


class Reader:
    def __init__(self) -> None:
        self.body = b""
        self.complete = False

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


@given(st.lists(st.binary(max_size=50)))
def test_round_trip(parts: list[bytes]) -> None:
    """A parser reads back just the bytes that were written, whatever they are."""
    reader = Reader()
    HttpRequestParser(reader).feed_data(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(chunked(parts)) + LAST_CHUNK
    )
    assert (b"".join(parts), True) == (reader.body, reader.complete)


@pytest.mark.parametrize(
    ("length", "no_body", "status", "http11", "expected"),
    [
        (5, False, 200, True, (b"Content-Length: 5\r\n", False, False)),
        (5, False, 200, False, (b"Content-Length: 5\r\n", False, False)),
        (5, True, 304, True, (b"Content-Length: 5\r\n", False, False)),
        (0, True, 204, True, (b"", False, False)),
        (None, True, 200, True, (b"", False, False)),
        (None, False, 200, True, (b"Transfer-Encoding: chunked\r\n", True, False)),
        (None, False, 200, False, (b"", False, True)),
    ],
)
def test_body_framing(
    length: int | None, no_body: bool, status: int, http11: bool, expected: tuple[bytes, bool, bool]
) -> None:
    """A known length is said, but not with 204; an unknown one is chunked, or left to the end of the connection."""
    assert expected == body_framing(length, no_body, status, http11)
