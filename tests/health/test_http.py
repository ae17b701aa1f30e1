import pytest

from stickyproxy.health.http import Http
from tests.health.answers import verdict

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
ALIVE = frozenset({2, 3})
NO_HTTP = "its answer is not HTTP"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "more"),
        (b"HTTP/1.1 200 OK\r", "more"),
        (b"HTTP/1.1 200 OK\r\n", "passed"),
        (b"HTTP/1.0 204 \r\n", "passed"),
        (b"HTTP/1.1 301\r\n", "passed"),
        (b"HTTP/1.1 404 Not Found\r\n", "it answers 404"),
        (b"HTTP/1.1 503 Busy\r\n", "it answers 503"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "more"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 500 No\r\n", "it answers 500"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n", "passed"),
        (b"HTTP/1.1 101 Switching Protocols\r\n", "it answers 101"),
        (b"HTTP/1.1 200 OK\n", NO_HTTP),
        (b"HTTP/1.1 20 OK\r\n", NO_HTTP),
        (b"HTTP/1.1 2000 OK\r\n", NO_HTTP),
        (b"HTTP/1.1 200OK\r\n", NO_HTTP),
        (b"HTTP/1.1  200 OK\r\n", NO_HTTP),
        (b"HTTP/1.1 700 No\r\n", NO_HTTP),
        (b"HTTP/2 200\r\n", NO_HTTP),
        (b"http/1.1 200 OK\r\n", NO_HTTP),
        (b"\r\nHTTP/1.1 200 OK\r\n", NO_HTTP),
        (b"<html>", NO_HTTP),
        (b"HTTP/1.1 200 " + 4084 * b"a", NO_HTTP),
        (b"HTTP/1.1 200 " + 4083 * b"a", "more"),
    ],
)
def test_status(answer: bytes, expected: str) -> None:
    """The status line decides, as soon as it is whole; it is held to the grammar, and what comes before it is none."""
    assert expected == verdict(Http(GET, ALIVE), answer)


@pytest.mark.parametrize("digit", [1, 2, 3, 4, 5])
def test_alive(digit: int) -> None:
    """Any kind of status can be that of a server that is well."""
    answer = b"HTTP/1.1 %d01 Whatever\r\n" % digit
    assert "passed" == verdict(Http(GET, frozenset({digit})), answer)
    assert f"it answers {digit}01" == verdict(Http(GET, frozenset({digit % 5 + 1})), answer)


@pytest.mark.parametrize(
    ("request_", "fields", "body", "expected"),
    [
        (GET, b"Content-Length: 2\r\n", b"ok", "kept"),
        (GET, b"Content-Length: 2\r\n", b"o", "more"),
        (GET, b"Content-Length: 0\r\n", b"", "kept"),
        (GET, b"Content-Length: 2\r\nConnection: close\r\n", b"", "passed"),
        (GET, b"Transfer-Encoding: chunked\r\n", b"2\r\nok\r\n0\r\n\r\n", "kept"),
        (GET, b"Transfer-Encoding: chunked\r\n", b"2\r\nok\r\n0\r\n", "more"),
        (GET, b"", b"ok", "passed"),
        (GET, b"Content-Length: x\r\n", b"", "passed"),
        (GET, b"Content-Length: 40000\r\n", bytes(35000), "passed"),
        (HEAD, b"Content-Length: 2\r\n", b"", "kept"),
        (HEAD, b"Content-Length: 2\r\n", b"ok", "passed"),
    ],
)
def test_kept(request_: bytes, fields: bytes, body: bytes, expected: str) -> None:
    """A connection is kept behind an answer whose end is known and has come, and which is not too long to wait for."""
    answer = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + body
    assert expected == verdict(Http(request_, ALIVE, keep=True), answer)


def test_kept_by_an_old_server() -> None:
    """A server of HTTP/1.0 keeps a connection only if it says so."""
    conversation = Http(GET, ALIVE, keep=True)
    fields = b"Content-Length: 0\r\n"
    assert "passed" == verdict(conversation, b"HTTP/1.0 200 OK\r\n" + fields + b"\r\n")
    assert "kept" == verdict(conversation, b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + fields + b"\r\n")


def test_not_kept_when_it_failed() -> None:
    """The status decides at once where it is not one that is expected."""
    assert "it answers 500" == verdict(Http(GET, ALIVE, keep=True), b"HTTP/1.1 500 No\r\n")


def test_ended() -> None:
    """A status before the end of the connection is enough, and half a line is not."""
    conversation = Http(GET, ALIVE, keep=True)
    assert "passed" == verdict(conversation, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", ended=True)
    assert "more" == verdict(conversation, b"HTTP/1.1 200", ended=True)
