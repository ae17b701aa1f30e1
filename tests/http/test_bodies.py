import pytest

from stickyproxy.errors import MalformedMessage
from stickyproxy.http.bodies import EXTENSION_LIMIT, EXTENSIONS_LIMIT, Body, BodyUntilClose, ChunkedBody, SizedBody


def take(body: Body, *segments: bytes) -> tuple[bytes, bytes, bool]:
    """Have a body take segments; return what is of the body, what follows it, and whether it has ended."""
    taken, rest = [], b""
    for segment in segments:
        if body.ended:
            rest += segment
        else:
            parts, follows = body.take(segment)
            taken += parts
            rest += follows
    return b"".join(taken), rest, body.ended


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_sized() -> None:
    """A body of a length ends with its last byte."""
    assert (b"hel", b"", False) == take(SizedBody(5), b"hel")
    assert (b"hello", b"GET", True) == take(SizedBody(5), b"he", b"lloGET")
    assert SizedBody(0).ended


def test_until_close() -> None:
    """A body that the connection ends does not end by itself."""
    assert (b"hello", b"", False) == take(BodyUntilClose(), b"hel", b"lo")


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"0000000000000005\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", b"01234567890123456789"),
        (b'3;a;b=c;d="; \\" e"\r\nabc\r\n0;last\r\n\r\n', b"abc"),
        (b"3\r\nabc\r\n0\r\nX-T: 1\r\nContent-Length:\r\n\r\n", b"abc"),
    ],
)
def test_chunked(chunks: bytes, body: bytes) -> None:
    """A chunked body ends with the empty line behind its last chunk; extensions and trailers are no part of it."""
    assert (body, b"GET", True) == take(ChunkedBody(), chunks + b"GET")
    assert (body, b"GET", True) == take(ChunkedBody(), *bytewise(chunks + b"GET"))
    assert (body, b"", False) == take(ChunkedBody(), chunks[:-1])


@pytest.mark.parametrize(
    "chunks",
    [
        b"\r\n",
        b"g\r\n",
        b"-1\r\n",
        b"0x5\r\n",
        b" 5\r\n",
        b"5 \r\n",
        b"5\n",
        b"5\rhello",
        b"12345678901234567\r\n",
        b";x\r\n",
        b"5;\0\r\n",
        b"5;x\n",
        b"5;\r\n",
        b'5;x="\r\n',
        b"5\r\nhelloo",
        b"5\r\nhello\n",
        b"5\r\nhello\rx",
        b"0\r\n X: y\r\n",
        b"0\r\nX : y\r\n",
        b"0\r\nX\r\n",
        b"0\r\n: y\r\n",
        b"0\r\nX: \0\r\n",
        b"0\r\nX: y\n",
        b"0\r\n\n",
        b"0\r\nGET / HTTP/1.1\r\n",
    ],
)
def test_malformed(chunks: bytes) -> None:
    """What breaks the grammar of chunks is refused as soon as it is seen (RFC 9112 section 7.1)."""
    for segments in ([chunks], bytewise(chunks)):
        with pytest.raises(MalformedMessage) as caught:
            take(ChunkedBody(), *segments)
        assert 400 == caught.value.status


@pytest.mark.parametrize(
    "chunks",
    [
        b"1;" + b"x" * EXTENSION_LIMIT + b"\r\n",
        b"1;" + b"x" * (EXTENSION_LIMIT + 20),
        b"1;%b\r\nx\r\n" % (b"x" * 1000) * (EXTENSIONS_LIMIT // 1000 + 1),
    ],
)
def test_extensions_over_the_limit(chunks: bytes) -> None:
    """A body is not a way to send something else for ever."""
    for segments in ([chunks], bytewise(chunks)):
        with pytest.raises(MalformedMessage):
            take(ChunkedBody(), *segments)


@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 4, b"X: " + b"y" * 100, b"X: %b\r\n" % (b"y" * 100)])
def test_trailers_over_the_limit(trailers: bytes) -> None:
    """Trailers have a limit in number and in bytes."""
    for segments in ([b"0\r\n" + trailers + b"\r\n"], bytewise(b"0\r\n" + trailers + b"\r\n")):
        with pytest.raises(MalformedMessage) as caught:
            take(ChunkedBody(trailers=3, trailers_size=50), *segments)
        assert 431 == caught.value.status
    assert take(ChunkedBody(trailers=3, trailers_size=50), b"0\r\n" + b"X: y\r\n" * 3 + b"\r\n")[2]
