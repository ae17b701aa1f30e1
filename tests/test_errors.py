import pytest

from stickyproxy import errors
from stickyproxy.errors import ConfigError, Fault, ServerFault


@pytest.mark.parametrize(
    ("fault", "status", "condition", "unsent", "blames"),
    [
        (errors.ConnectFailed, 502, "error", True, True),
        (errors.NoDescriptors, 503, "", True, False),
        (errors.ConnectTimedOut, 504, "timeout", True, True),
        (errors.HandshakeFailed, 502, "error", True, True),
        (errors.ConnectionStale, 502, "error", False, False),
        (errors.ConnectionCut, 502, "error", False, True),
        (errors.ServerTimedOut, 504, "timeout", False, True),
        (errors.MalformedResponse, 502, "invalid_header", False, True),
    ],
)
def test_server_faults(fault: type[ServerFault], status: int, condition: str, unsent: bool, blames: bool) -> None:
    """Each fault of a server says what the client gets, what nginx calls it, and whether another try is safe."""
    assert (status, condition, unsent, blames) == (fault.status, fault.condition, fault.unsent, fault.blames)


def test_every_server_fault_is_in_the_table() -> None:
    """A new fault of a server must be thought through: none is left out above."""
    assert 8 == len(ServerFault.__subclasses__())


def test_fault() -> None:
    """A mistake is told with its place, and with section and key where there are any."""
    assert "a.ini:3: [http] listen: what" == str(Fault("a.ini", 3, "http", "listen", "what"))
    assert "a.ini:3: [http] what" == str(Fault("a.ini", 3, "http", "", "what"))
    assert "a.ini:3: what" == str(Fault("a.ini", 3, "", "", "what"))


def test_config_error() -> None:
    """All mistakes are told, one a line."""
    error = ConfigError([Fault("a.ini", 1, "", "", "one"), Fault("a.ini", 2, "", "", "two")])
    assert "a.ini:1: one\na.ini:2: two" == str(error)
