import pytest

from stickyproxy.health.mysql import MySql
from tests.health.answers import verdict

# As MariaDB 10.11 sends it.
GREETING = (
    b"Y\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00\x1f\x00\x00\x00abcdefgh\x00\xfe\xf7-\x02\x00\xff\x81\x15"
    b"\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"
)
GREETING = (len(GREETING) - 4).to_bytes(3, "little") + GREETING[3:]
TOO_MANY = b"\x17\x00\x00\x00\xff\x10\x04Too many connections"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "more"),
        (GREETING[:3], "more"),
        (GREETING[:-1], "more"),
        (GREETING, "passed"),
        (b"\x06\x00\x00\x00\x093.21\x00", "passed"),
        (TOO_MANY, "it greets with error 1040: Too many connections"),
        (TOO_MANY[:-1], "more"),
        (b"\x03\x00\x00\x00\xff\x6a\x04", "it greets with error 1130: "),
        (b"\x09\x00\x00\x00\xff\x6a\x04No\n\x1b[m", "it greets with error 1130: No??[m"),
        (b"\x01\x00\x00\x01\x0a", "its greeting is not MySQL's"),
        (b"\x01\x00\x00\x00\x00", "its greeting is not MySQL's"),
        (b"\x00\x00\x00\x00\x0a", "its greeting is not MySQL's"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "its greeting is not MySQL's"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "its greeting is not MySQL's"),
    ],
)
def test_verdict(answer: bytes, expected: str) -> None:
    """A whole greeting passes; an error in its place does not, and is told; what else there is is not MySQL."""
    assert expected == verdict(MySql(), answer)


def test_opening() -> None:
    """The server speaks first."""
    assert b"" == MySql().opening
