import pytest

from stickyproxy.http.fields import HOP_BY_HOP, line, read_connection


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"keep-alive", set()),
        (b"close", set()),
        (b"X-One, x-two ,, close", {b"x-one", b"x-two"}),
        (b"Content-Length, Host, Cookie, Set-Cookie, Connection, X", {b"x"}),
        (b"", set()),
    ],
)
def test_nominated(value: bytes, expected: set[bytes]) -> None:
    """Connection names fields that end here, but never those that the message needs to be understood."""
    assert expected == read_connection(value, True)[1]


@pytest.mark.parametrize(
    ("http11", "value", "expected"),
    [
        (True, b"x", True),
        (True, b"close", False),
        (True, b"x, Close", False),
        (True, b"x,Close", False),
        (True, b"keep-alive", True),
        (False, b"x", False),
        (False, b"Keep-Alive", True),
        (False, b"KEEP-ALIVE", True),
        (False, b"keep-alive,close", False),
        (False, b"close, Keep-Alive", False),
    ],
)
def test_goes_on(http11: bool, value: bytes, expected: bool) -> None:
    """Version and Connection say whether another message may follow; `close` wins (RFC 9112 section 9.3)."""
    assert expected is read_connection(value, http11)[0]


def test_hop_by_hop_is_compared_in_lower_case() -> None:
    """The keys of fields are lower case, and so is what they are compared with."""
    assert all(name == name.lower() for name in HOP_BY_HOP)


def test_line() -> None:
    """A field is written as name, colon, space, value and CRLF."""
    assert b"Name: value\r\n" == line(b"Name", b"value")
