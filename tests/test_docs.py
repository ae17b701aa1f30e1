import re
import shlex
from pathlib import Path

import pytest

from stickyproxy.command.main import main
from stickyproxy.config.directives import DIRECTIVES
from stickyproxy.config.load import loads
from stickyproxy.config.templates import NAMES, PREFIXES

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"
PAGES = (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))
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


def anchors(page: Path) -> set[str]:
    """What may stand behind the `#` of a link to a page: its headings, as those who show Markdown write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the documentation has its page, and the page its heading."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8"))
    for name, anchor in links:
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


# -- examples --------------------------------------------------------------------------------------------------------


def load(text: str, folder: Path) -> None:
    """Load a configuration of which an example shows a part: the rest is added, and what stands for a file is one."""
    keys = folder / "keys"
    keys.write_text("k" * 32)
    text = re.sub(r"secret=\S+", f"secret={keys}", text)
    if not text.startswith("["):
        text = f"[upstream app]\nserver = 127.0.0.1 id=a route=a\n{text}"
    loads(f"{text}\n[server www]\n[location www /]\nreturn = 204\n")


EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{number}")
    for page in PAGES
    for number, example in enumerate(re.findall(r"^```ini\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_loads(example: str, tmp_path: Path) -> None:
    """Each example of a configuration is one."""
    load(example, tmp_path)


CHOICES = re.findall(
    r"`((?:session_sticky|jvm_route|sticky|cookie|stickysession|accept|balance) = [^`.]*)`",
    (DOCS / "choosing.md").read_text(encoding="utf-8").replace("\\|", "|"),
)


@pytest.mark.parametrize("choice", [choice for choice in dict.fromkeys(CHOICES) if choice != "session_sticky = off"])
def test_choice_loads(choice: str, tmp_path: Path) -> None:
    """Each directive that is advised can be written as it stands."""
    load(f"session_sticky =\n{choice}" if choice.startswith("accept") else choice, tmp_path)


def test_example_of_explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The request that is explained is explained so."""
    monkeypatch.chdir(CHECKOUT)
    example = (DOCS / "operating.md").read_text(encoding="utf-8").partition("    $ stickyproxy explain ")[2]
    command, _, told = example.partition("\n\n")[0].replace("\n    ", "\n").partition("\n")
    assert 0 == main(["explain", *shlex.split(command)])
    assert f"{told}\n" == capsys.readouterr().out
