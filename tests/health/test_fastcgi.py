import pytest

from stickyproxy.config.settings import FASTCGI_PARAMS
from stickyproxy.health.fastcgi import FastCgi, request
from tests.health.answers import verdict

ANY = frozenset(range(1, 6))
NOT_FASTCGI = "its answer is not FastCGI"
END = b"\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


def out(content: bytes, padding: int = 0, kind: int = 6) -> bytes:
    """Write a record with a part of the answer."""
    return b"\x01%c\x00\x01%b%c\x00%b" % (kind, len(content).to_bytes(2, "big"), padding, content + bytes(padding))


def ending(protocol_status: int) -> bytes:
    """Write the end of a request that the application did not serve."""
    return END[:12] + bytes([protocol_status]) + END[13:]


OK = out(b"Content-Type: text/html\r\n\r\nhello", 3)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "more"),
        (OK[:-4], "more"),
        (OK, "passed"),
        (OK + END, "passed"),
        (out(b"Status: 404 Not Found\r\n\r\n"), "passed"),
        (out(b"Content-") + out(b"Type: a\r") + out(b"\n\r\n"), "passed"),
        (out(b"A: b\n\n"), "passed"),
        (out(b"Primary script unknown", kind=7) + OK, "passed"),
        (out(b"Primary script unknown", kind=7) + END, "it has no answer"),
        (out(b"") + END, "it has no answer"),
        (END, "it has no answer"),
        (ending(1), "it cannot take more than one request"),
        (ending(2), "it is overloaded"),
        (ending(3), "it is no responder"),
        (b"\x01\x03\x00\x01\x00\x01\x00\x00\x00", "it has no answer"),
        (b"\x02" + OK[1:], NOT_FASTCGI),
        (b"\x01\x06\x00\x02" + OK[4:], NOT_FASTCGI),
        (b"\x01\x0b\x00\x01\x00\x00\x00\x00", NOT_FASTCGI),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NOT_FASTCGI),
    ],
)
def test_verdict(answer: bytes, expected: str) -> None:
    """A header passes, be it in pieces; an end without one, and what is no FastCGI, does not."""
    assert expected == verdict(FastCgi(b"", ANY), answer)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Type: a", "passed"),
        (b"Status: 200 OK", "passed"),
        (b"X-Status: 500\r\nstatus:\t302", "passed"),
        (b"Status: 404 Not Found", "it answers 404"),
        (b"Content-Type: a\r\nStatus: 503", "it answers 503"),
        (b"Status: 2000", "passed"),
    ],
)
def test_status(head: bytes, expected: str) -> None:
    """Where a status is expected it is that of the header, and without one it is 200."""
    assert expected == verdict(FastCgi(b"", frozenset({2, 3})), out(head + b"\r\n\r\n"))


def test_kept() -> None:
    """A connection is kept behind the end of the answer, and not when the answer failed."""
    conversation = FastCgi(b"", frozenset({2}), keep=True)
    assert "more" == verdict(conversation, OK)
    assert "kept" == verdict(conversation, OK + END)
    assert "passed" == verdict(conversation, OK, ended=True)
    assert "it answers 500" == verdict(conversation, out(b"Status: 500\r\n\r\n"))


@pytest.mark.parametrize(("keep", "flags"), [(False, b"\x00"), (True, b"\x01")])
def test_request(keep: bool, flags: bytes) -> None:
    """A request is begun, has its parameters, and no body."""
    params = b"\x0e\x03REQUEST_METHODGET\x0b\x01REQUEST_URI/\x0f\x09SCRIPT_FILENAMEindex.php"
    expected = [
        b"\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01" + flags + bytes(5),
        b"\x01\x04\x00\x01\x00%c\x00\x00" % len(params) + params,
        b"\x01\x04\x00\x01\x00\x00\x00\x00",
        b"\x01\x05\x00\x01\x00\x00\x00\x00",
    ]
    assert b"".join(expected) == request(FASTCGI_PARAMS, keep)


def test_long_parameter() -> None:
    """The length of a long value takes four bytes."""
    assert b"\x01\x80\x00\x00\x80A" + 128 * b"b" in request([(b"A", 128 * b"b")], False)
    assert b"\x01\x7fA" + 127 * b"b" in request([(b"A", 127 * b"b")], False)
