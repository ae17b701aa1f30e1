import pytest

from stickyproxy.config.suggest import suggest


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("wieght=", '; did you mean "weight="?'),
        ("max_fail=", '; did you mean "max_fails="?'),
        ("colour", ""),
        ("", ""),
    ],
)
def test_suggest(word: str, expected: str) -> None:
    """The nearest known word is named, and none when all are far."""
    assert expected == suggest(word, ["weight=", "max_fails=", "backup"])
