import re
from pathlib import Path

from stickyproxy.config.directives import DIRECTIVES
from stickyproxy.config.templates import NAMES, PREFIXES

DOCS = Path(__file__).parent.parent / "docs"
REFERENCE = (DOCS / "configuration.md").read_text(encoding="utf-8")

ENTRY = re.compile(
    r"^### (\w+)(?: \(upstream\))?\n\n- Syntax: (.*)\n- Default: (.*)\n- Context: (.*)\n",
    re.MULTILINE,
)


def test_every_directive_is_described() -> None:
    """The reference describes each directive with its syntax, default and context, and none that is not there."""
    expected = {
        (
            each.name,
            f"`{each.name} = {each.syntax}`{', repeatable' if each.repeatable else ''}",
            "none" if each.default is None else f"`{each.name} = {each.default}`",
            ", ".join(f"`[{context}]`" for context in each.contexts),
        )
        for each in DIRECTIVES
    }
    assert expected == {match.groups() for match in ENTRY.finditer(REFERENCE)}


def test_every_variable_is_described() -> None:
    """The reference names each variable, and none that is not there."""
    table = REFERENCE.partition("| variables |")[2].partition("\n\n")[0]
    written = re.findall(r"`\$(\w+)`", table)
    assert NAMES | {f"{prefix}NAME" for prefix in PREFIXES} == set(written)
    assert sorted(set(written)) == sorted(written)


def test_links_of_the_reference_lead_somewhere() -> None:
    """Each link within the reference has its heading."""
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in REFERENCE.split("\n") if line.startswith("#")}
    assert set(re.findall(r"\]\(#([\w-]+)\)", REFERENCE)) <= headings
