import pytest

from stickyproxy.config.directives import DIRECTIVES, Directive, contexts_of, find
from stickyproxy.config.words import split


def test_names_are_told_apart() -> None:
    """In one context a name has one meaning."""
    named = [(each.name, context) for each in DIRECTIVES for context in each.contexts]
    assert sorted(set(named)) == sorted(named)


@pytest.mark.parametrize(
    "directive", [each for each in DIRECTIVES if each.default is not None], ids=lambda each: each.name
)
def test_defaults_are_sound(directive: Directive) -> None:
    """Every default could be written just as the table has it."""
    words = split(directive.default or "")
    assert directive.least <= len(words) <= (directive.most or len(words))
    directive.parse(words)


@pytest.mark.parametrize(
    ("name", "context", "expected"),
    [("keepalive_timeout", "upstream", "60s"), ("keepalive_timeout", "server", "75s"), ("listen", "server", "80")],
)
def test_find(name: str, context: str, expected: str) -> None:
    """A directive is looked up in its context."""
    found = find(name, context)
    assert found is not None
    assert expected == found.default


def test_find_elsewhere() -> None:
    """In a context where it does not belong a directive is not found."""
    assert find("listen", "http") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("listen", ["server"]), ("keepalive_timeout", ["upstream", "http", "server"]), ("gzip", [])],
)
def test_contexts(name: str, expected: list[str]) -> None:
    """The contexts of a directive are those of all its meanings."""
    assert expected == contexts_of(name)
