import pytest

from stickyproxy.health.tcp import Tcp
from tests.health.answers import verdict


@pytest.mark.parametrize(
    ("answer", "ended", "expected"),
    [
        (b"", False, "more"),
        (b"", True, "it closed at once"),
        (b"220 mail.example\r\n", False, "passed"),
        (b"220 mail.example\r\n", True, "passed"),
    ],
)
def test_verdict(answer: bytes, ended: bool, expected: str) -> None:
    """Whoever says something is there, and whoever closes without a word is not."""
    assert expected == verdict(Tcp(), answer, ended)


def test_quiet() -> None:
    """Nothing is said, and a moment of silence is enough."""
    assert (b"", 0.1) == (Tcp().opening, Tcp.quiet)
