import pytest

from stickyproxy.health.ajp import Ajp
from tests.health.answers import verdict


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "more"),
        (b"\x41\x42\x00\x01", "more"),
        (b"\x41\x42\x00\x01\x09", "kept"),
        (b"\x41\x42\x00\x01\x09\x00", "passed"),
        (b"\x41\x42\x00\x01\x05", "its answer to CPING is no CPONG"),
        (b"HTTP/1.1 400 Bad Request\r\n", "its answer to CPING is no CPONG"),
    ],
)
def test_verdict(answer: bytes, expected: str) -> None:
    """Only a CPONG passes, and its connection serves again if nothing stands behind it."""
    assert expected == verdict(Ajp(), answer)


def test_opening() -> None:
    """What is sent is a CPING."""
    assert b"\x12\x34\x00\x01\x0a" == Ajp().opening
