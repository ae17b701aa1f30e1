import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import Position

TEXT = "[main]\n{main}\n[server www]\n[location www /]\nreturn = 404\n[location www = /status]\n{status}\n"


def test_position_is_shown() -> None:
    """A position is shown as editors and compilers write it."""
    assert "conf.d/a.ini:12" == str(Position("conf.d/a.ini", 12))


@pytest.mark.parametrize(
    ("main", "status", "expected"),
    [
        ("", "return = 404", False),
        ("", "check_status = html", True),
        ("control = unix:/run/stickyproxy.sock", "return = 404", True),
    ],
)
def test_watched(main: str, status: str, expected: bool) -> None:
    """A status page and a control socket are where somebody may ask how the servers are."""
    assert expected is loads(TEXT.format(main=main, status=status)).watched
