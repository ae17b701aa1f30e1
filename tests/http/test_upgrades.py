import pytest

from stickyproxy.http.fields import Field
from stickyproxy.http.upgrades import asked, granted


def upgrade(*values: bytes) -> list[Field]:
    return [(b"host", b"Host", b"a"), *((b"upgrade", b"Upgrade", value) for value in values)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((b"websocket",), b"websocket"),
        ((b"WebSocket",), b"WebSocket"),
        ((b"IRC/6.9 ,, RTA/x11",), b"IRC/6.9, RTA/x11"),
        ((b"a", b"b, c"), b"a, b, c"),
        ((), b""),
        ((b"",), b""),
        ((b"h2c",), b""),
        ((b"H2C",), b""),
        ((b"h2c-14",), b""),
        ((b"HTTP/2.0",), b""),
        ((b"websocket, h2c",), b"websocket"),
    ],
)
def test_what_is_asked_for(values: tuple[bytes, ...], expected: bytes) -> None:
    """Any protocol may be asked for that is not HTTP once more, over all lines of Upgrade."""
    assert expected == asked(upgrade(*values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((b"websocket",), b"websocket"),
        ((b"WEBSOCKET",), b"WEBSOCKET"),
        ((b"b",), b"b"),
        ((b"a", b"b"), b"a, b"),
        ((), b""),
        ((b"",), b""),
        ((b"h2c",), b""),
        ((b"websocket, h2c",), b""),
        ((b"socket",), b""),
    ],
)
def test_what_is_granted(values: tuple[bytes, ...], expected: bytes) -> None:
    """A server can change to what was asked for and to nothing else."""
    assert expected == granted(upgrade(*values), b"WebSocket, a, b")
