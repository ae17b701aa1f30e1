from stickyproxy.health.words import Failed, Moot, Passed


def test_verdicts() -> None:
    """A verdict is a value; a connection is kept only where that is said."""
    assert Passed() == Passed(kept=False) != Passed(kept=True)
    assert Failed("late") != Failed("refused")
    assert Moot(True) != Moot(False)
