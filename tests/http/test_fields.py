import pytest

from stickyproxy.http.fields import HOP_BY_HOP, line, nominated


def fields(*pairs: tuple[bytes, bytes]) -> list[tuple[bytes, bytes, bytes]]:
    return [(name.lower(), name, value) for name, value in pairs]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"keep-alive", {b"keep-alive"}),
        (b"close", set()),
        (b"X-One, x-two ,, close", {b"x-one", b"x-two"}),
        (b"Content-Length, Host, Cookie, Set-Cookie, Connection, X", {b"x"}),
        (b"", set()),
    ],
)
def test_nominated(value: bytes, expected: set[bytes]) -> None:
    """Connection names fields that end here, but never those that the message needs to be understood."""
    assert expected == nominated(fields((b"Connection", value), (b"X-One", b"1")))


def test_nominated_in_several_lines() -> None:
    """Every Connection line counts."""
    assert {b"a", b"b"} == nominated(fields((b"Connection", b"a"), (b"CONNECTION", b"B")))


def test_hop_by_hop_is_compared_in_lower_case() -> None:
    """The keys of fields are lower case, and so is what they are compared with."""
    assert all(name == name.lower() for name in HOP_BY_HOP)


def test_line() -> None:
    """A field is written as name, colon, space, value and CRLF."""
    assert b"Name: value\r\n" == line(b"Name", b"value")
