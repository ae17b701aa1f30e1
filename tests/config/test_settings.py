from stickyproxy.config.settings import Position


def test_position_is_shown() -> None:
    """A position is shown as editors and compilers write it."""
    assert "conf.d/a.ini:12" == str(Position("conf.d/a.ini", 12))
