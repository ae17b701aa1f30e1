"""Which blocks a configuration has: the headers of its sections, each of a known kind and each once."""

from stickyproxy.config.directives import HTTP, LOCATION, MAIN, SERVER, UPSTREAM
from stickyproxy.config.reader import Section
from stickyproxy.config.suggest import suggest
from stickyproxy.config.values import listed
from stickyproxy.config.words import split
from stickyproxy.errors import Fault

# Each kind: how many words its header has, and how it is written.
_SHAPES = {
    MAIN: ((1,), "[main]"),
    HTTP: ((1,), "[http]"),
    UPSTREAM: ((2,), "[upstream NAME]"),
    SERVER: ((2,), "[server NAME]"),
    LOCATION: ((3, 4), "[location SERVER [=] PATH]"),
}

Blocks = dict[tuple[str, ...], Section]


def add_blocks(blocks: Blocks, sections: list[Section], faults: list[Fault]) -> None:
    """Add `sections` to `blocks` by the words of their headers; malformed ones and second ones are faults."""
    for section in sections:
        try:
            header = _parse_header(section.title, blocks)
        except ValueError as error:
            faults.append(Fault(section.position.file, section.position.line, section.title, "", str(error)))
        else:
            blocks[header] = section


def _parse_header(title: str, blocks: Blocks) -> tuple[str, ...]:
    """The words of a header that is well-formed and not yet among `blocks`. Raises ValueError."""
    words = split(title)
    kind = words[0] if words else ""
    if kind not in _SHAPES:
        shapes = listed([shape for _, shape in _SHAPES.values()])
        raise ValueError(f"unknown section; expected {shapes}{suggest(kind, _SHAPES)}")
    counts, shape = _SHAPES[kind]
    if len(words) not in counts:
        raise ValueError(f"malformed section; expected {shape}")
    if first := blocks.get(tuple(words)):
        raise ValueError(f"the section is there already at {first.position}; expected each section once")
    return tuple(words)
