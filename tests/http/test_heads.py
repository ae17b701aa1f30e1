import pytest

from stickyproxy.errors import MalformedMessage
from stickyproxy.http.heads import REQUEST_LINE, STATUS_LINE, HeadReader


def read(*segments: bytes, first_line=REQUEST_LINE, limit: int = 1000) -> tuple[HeadReader, bytes | None]:
    """Have a reader take segments; return it, and what it said last."""
    reader = HeadReader(first_line, limit)
    rest = None
    for segment in segments:
        rest = reader.feed(segment)
    return reader, rest


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_request() -> None:
    """A head is whole with its empty line, in one segment or many."""
    head = b"GET /x?y HTTP/1.1\r\nHost: a\r\nX-Y:\t z \t\r\nX:\r\n\r\n"
    for segments in ([head], bytewise(head)):
        reader, rest = read(*segments)
        assert b"" == rest
        assert (b"GET", b"/x?y", b"1.1") == reader.first
        assert [(b"host", b"Host", b"a"), (b"x-y", b"X-Y", b"z"), (b"x", b"X", b"")] == reader.fields
        assert (True, len(head), False) == (reader.http11, reader.size, reader.begun)
    assert b"body" == read(head + b"body")[1]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 Very well\r\n\r\n", (b"1.1", b"200", b"Very well")),
        (b"HTTP/1.0 404 \r\n\r\n", (b"1.0", b"404", b"")),
        (b"HTTP/1.1 204\r\n\r\n", (b"1.1", b"204", None)),
    ],
)
def test_response(head: bytes, expected: tuple[bytes, bytes, bytes | None]) -> None:
    """A status line may do without a reason (RFC 9112 section 4)."""
    reader, _ = read(head, first_line=STATUS_LINE)
    assert expected == reader.first


def test_one_after_the_other() -> None:
    """One reader reads one head after the other, whatever the one before said of bodies and protocols behind it."""
    reader, _ = read(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    reader.feed(b"GET / HTTP/1.0\r\nX: y\r\n\r\n")
    assert ([(b"x", b"X", b"y")], False) == (reader.fields, reader.http11)


@pytest.mark.parametrize("interim", [b"HTTP/1.0 100 Continue\r\n\r\n", b"HTTP/1.1 103 X\r\nConnection: close\r\n\r\n"])
def test_behind_a_head_that_closes(interim: bytes) -> None:
    """A head that says the connection ends may still be followed by one: the response behind an interim one."""
    reader, rest = read(interim + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", first_line=STATUS_LINE)
    assert b"ok" == reader.feed(rest or b"")
    assert [(b"content-length", b"Content-Length", b"2")] == reader.fields


def test_begun() -> None:
    """An empty line before a request is not its beginning."""
    assert [False, False, True] == [read(data)[0].begun for data in (b"", b"\r\n", b"\r\nG")]


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (400, b"GET /\r\n"),
        (400, b"GET  / HTTP/1.1\r\n"),
        (400, b"GET / HTTP/1.1 \r\n"),
        (400, b"GET\t/ HTTP/1.1\r\n"),
        (400, b"GET /#x HTTP/1.1\r\n"),
        (400, b"GET /\xff HTTP/1.1\r\n"),
        (400, b"GET / http/1.1\r\n"),
        (400, b"GET / HTTP/1.10\r\n"),
        (505, b"GET / HTTP/2.0\r\n"),
        (400, b"\r\n\r\nGET / HTTP/1.1\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01"),
        (400, b"GET / HTTP/1.1\n"),
        (400, b"GET / HTTP/1.1\r\nX: a\rb"),
        (400, b"GET / HTTP/1.1\r\nX: a\n"),
        (400, b"GET / HTTP/1.1\r\nX : a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n X: a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),
        (414, b"GET /" + b"x" * 1000),
        (414, b"GET /" + b"x" * 1000 + b" HTTP/1.1\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000),
        (431, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000 + b"\r\n\r\n"),
    ],
)
def test_malformed(status: int, data: bytes) -> None:
    """What can be no head any more is refused at once, before its end is here."""
    for segments in ([data], bytewise(data)):
        with pytest.raises(MalformedMessage) as caught:
            read(*segments)
        assert status == caught.value.status


def test_what_was_read_of_a_malformed_head() -> None:
    """The fields before the one at fault are there to be told of, each once."""
    reader = HeadReader(REQUEST_LINE, 1000)
    with pytest.raises(MalformedMessage):
        reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\nY: b\r\nX : c\r\n\r\n")
    assert [(b"host", b"Host", b"a")] == reader.fields


@pytest.mark.parametrize(
    "line",
    [b"HTTP/1.1 42 x", b"HTTP/1.1 099 x", b"HTTP/1.1 2000", b"HTTP/2.0 200 x", b"ICY 200 x", b"HTTP/1.1  200 x", b""],
)
def test_malformed_status_line(line: bytes) -> None:
    """A status line names a version that is spoken here and a status of three digits."""
    with pytest.raises(MalformedMessage):
        read(line + b"\r\n\r\n", first_line=STATUS_LINE)
