import pytest

from stickyproxy.config.blocks import Blocks, add_blocks
from stickyproxy.config.reader import Section
from stickyproxy.config.settings import Position
from stickyproxy.errors import Fault

SHAPES = "[main], [http], [upstream NAME], [server NAME] or [location SERVER [=] PATH]"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("main", ("main",)),
        ("upstream  app", ("upstream", "app")),
        ("location www /", ("location", "www", "/")),
        ("location www = /x", ("location", "www", "=", "/x")),
        ('location www "/a b"', ("location", "www", "/a b")),
    ],
)
def test_headers(title: str, expected: tuple[str, ...]) -> None:
    """A block is known by the words of its header."""
    blocks: Blocks = {}
    faults: list[Fault] = []
    add_blocks(blocks, [Section(title, Position("f", 1), ())], faults)
    assert ([], [expected]) == (faults, list(blocks))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("upstrem app", f'unknown section; expected {SHAPES}; did you mean "upstream"?'),
        ("events", f"unknown section; expected {SHAPES}"),
        ("", f"unknown section; expected {SHAPES}"),
        ("http x", "malformed section; expected [http]"),
        ("upstream", "malformed section; expected [upstream NAME]"),
        ("server a b", "malformed section; expected [server NAME]"),
        ("location www", "malformed section; expected [location SERVER [=] PATH]"),
        ('server "a', '"a is not closed; expected a " at its end'),
    ],
)
def test_header_is_refused(title: str, expected: str) -> None:
    """A header of no known kind, or with too few or too many words, is a fault."""
    blocks: Blocks = {}
    faults: list[Fault] = []
    add_blocks(blocks, [Section(title, Position("f", 7), ())], faults)
    assert ([Fault("f", 7, title, "", expected)], {}) == (faults, blocks)


def test_section_twice() -> None:
    """A section is there once, however it is written and in however many files; the first stays."""
    blocks: Blocks = {}
    faults: list[Fault] = []
    first, second = Section("server a", Position("f", 1), ()), Section("server  a", Position("g", 2), ())
    add_blocks(blocks, [first], faults)
    add_blocks(blocks, [second], faults)
    message = "the section is there already at f:1; expected each section once"
    assert [Fault("g", 2, "server  a", "", message)] == faults
    assert {("server", "a"): first} == blocks
