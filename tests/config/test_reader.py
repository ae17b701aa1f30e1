from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.reader import Entry, Line, Section, parse, read
from stickyproxy.config.settings import Position
from stickyproxy.errors import Fault


def at(line: int) -> Position:
    """Make a position in the file `f`."""
    return Position("f", line)


def sections_of(text: str) -> list[Section]:
    """Read a text that has no fault."""
    faults: list[Fault] = []
    sections = parse(text, "f", faults)
    assert [] == faults
    return sections


def lines_of(text: str) -> list[tuple[int, str]]:
    """Read the argument lists of the first key of the first section, with their lines."""
    return [(line.position.line, line.text) for line in sections_of(text)[0].entries[0].lines]


def faults_of(text: str) -> list[str]:
    """Read a text, and give the faults in the order of the lines."""
    faults: list[Fault] = []
    parse(text, "f", faults)
    return [str(fault).removeprefix("f:") for fault in sorted(faults)]


def test_sections_and_keys() -> None:
    """Sections and keys come in the order of the file, each with its line."""
    assert [
        Section("main", at(2), (Entry("b", at(3), (Line("1", at(3)),)), Entry("a", at(5), ()))),
        Section("location www = /x", at(6), ()),
    ] == sections_of("# first\n[main]\nb = 1\n\na =\n[location www = /x]\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k = v", [(2, "v")]),
        ("k = a b = c", [(2, "a b = c")]),
        ("k =\n  a\n\tb\n", [(3, "a"), (4, "b")]),
        ("k = a\n  b\n", [(2, "a"), (3, "b")]),
        ("k =\n\n  a\n# comment\n  ; comment\n\n  b # no comment ;\n", [(4, "a"), (8, "b # no comment ;")]),
        ("k =\r\n  a\r\n  b\r\n", [(3, "a"), (4, "b")]),
        ("k =\n  [x]\n  a = b\n", [(3, "[x]"), (4, "a = b")]),
    ],
)
def test_lines(text: str, expected: list[tuple[int, str]]) -> None:
    """Each argument list has its own line; comments are whole lines; `#` and `;` inside a value are the value's."""
    assert expected == lines_of(f"[s]\n{text}")


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["", "   ", "# x", "  ; x"]),
            st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1).map(lambda word: f"  {word}"),
        )
    )
)
def test_every_line_is_found(lines: list[str]) -> None:
    """Whatever stands between them, each argument list is told with its own line."""
    expected = [
        (number, line.strip())
        for number, line in enumerate(lines, start=3)
        if line.strip() and line.strip()[0] not in "#;"
    ]
    assert expected == lines_of("\n".join(["[s]", "k =", *lines]))


UNSIGNED = (
    'has no "=" behind its first word; expected directive = arguments, or an indented line to go on with the one above'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\n[s]\n", ['1: "a = 1" stands before the first section; expected a line such as [main] above it']),
        ("  a\n[s]\n", ['1: "a" stands before the first section; expected a line such as [main] above it']),
        ("[s]\nlisten 80\n", [f'2: [s] "listen 80" {UNSIGNED}']),
        ("[s]\nreturn: 200 ok\n", [f'2: [s] "return: 200 ok" {UNSIGNED}']),
        (
            "[s]\nserver =\n10.0.0.1:80\n10.0.0.1:80 id=a\n",
            [f'3: [s] "10.0.0.1:80" {UNSIGNED}', f'4: [s] "10.0.0.1:80 id=a" {UNSIGNED}'],
        ),
        ("[s]\nproxy_pass http://app/?a=b\n", [f'2: [s] "proxy_pass http://app/?a=b" {UNSIGNED}']),
        ("[s]\n  a\n", ['2: [s] "a" is indented below no directive; expected directive = arguments']),
        (
            "[s]\na = 1\n[upstream u]\n  # a = 0\na = 1\n\na=2\n",
            ["7: [upstream u] a: the directive is there already at f:5; expected it once"],
        ),
        (
            "[http]\nsend_timeout = 1\nsend_timeout = 2\n",
            ["3: [http] send_timeout: the directive is there already at f:2; expected it once"],
        ),
        (
            "[server www]\nlisten = 80\nlisten = 81\n",
            [
                (
                    "3: [server www] listen: the directive is there already at f:2; "
                    "expected all its lines indented below that one"
                )
            ],
        ),
        ("[s]\n[t]\n[s] # x\n", ["3: [s] the section is there already at f:1; expected each section once"]),
        ("[s\n", ["1: [s is no section; expected [NAME] alone on its line, without # and ; inside"]),
        ("[s] x\n", ["1: [s] x is no section; expected [NAME] alone on its line, without # and ; inside"]),
        ("[]\n", ["1: [] is no section; expected [NAME] alone on its line, without # and ; inside"]),
        ("[t]\na = 1\n[s;t]\n", ["3: [s;t] is no section; expected [NAME] alone on its line, without # and ; inside"]),
        ("[t]\na =\n[s#t]\n", ["3: [s#t] is no section; expected [NAME] alone on its line, without # and ; inside"]),
        ("[s]\na = \x0b\n", ["2: control character U+000B; expected printable text"]),
        ("[s]\na = x\u2028b = 2\n", ["2: control character U+2028; expected printable text"]),
    ],
)
def test_faults(text: str, expected: list[str]) -> None:
    """What is no line of the language is told with its place."""
    assert expected == faults_of(text)


BLOCK = "is nginx.conf's block syntax; expected [http], [server NAME], ... and directives without braces and semicolons"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http {\n    server {\n        listen 80;\n    }\n}\n[s]\n", [f'1: "http {{" {BLOCK}']),
        ("[s]\nserver { listen 80; }\na = 1\n", [f'2: "server {{ listen 80; }}" {BLOCK}']),
        (
            "[s]\nlocation = / {\nreturn 404;\n}\nif ($a = b) {\n}\n",
            [f'2: "location = / {{" {BLOCK}', f'5: "if ($a = b) {{" {BLOCK}'],
        ),
        ("[s]\na = 1\n}\nb = 1\n", [f'3: "}}" {BLOCK}']),
        ("http {\n[s]\njunk\n", [f'1: "http {{" {BLOCK}', f'3: [s] "junk" {UNSIGNED}']),
        ("[s]\nadd_header X ${host}\n", [f'2: [s] "add_header X ${{host}}" {UNSIGNED}']),
    ],
)
def test_blocks_of_nginx(text: str, expected: list[str]) -> None:
    """A pasted nginx.conf is told for what it is, once a block."""
    assert expected == faults_of(text)


@pytest.mark.parametrize("text", ["# http {\n; }\n", "a = {\n", "a =\n  {\n  }\n", "[location www /{x}]\n"])
def test_braces_elsewhere(text: str) -> None:
    """In comments, in values and in paths a brace is nothing but a brace."""
    assert [] == faults_of(f"[s]\n{text}")


def test_all_faults_at_once() -> None:
    """Reading goes on behind a fault, and what belongs to a faulty line is not told of again."""
    text = "x\n[s]\njunk\n  more\na = 1\na = 2\n  3\n[s]\na = 1\na = 2\n[bad;]\nc = 1\nd\n[t]\njunk\n"
    assert [1, 3, 6, 8, 11, 15] == [int(line.partition(":")[0]) for line in faults_of(text)]


def test_what_is_sound_stays() -> None:
    """Around the faults the rest is read with its lines."""
    faults: list[Fault] = []
    (section,) = parse("[s]\njunk\n  more\na = 1\na = 2\n  3\nb =\n  4\n[bad\nc = 1\n", "f", faults)
    assert [("a", [(4, "1")]), ("b", [(8, "4")])] == [
        (entry.key, [(line.position.line, line.text) for line in entry.lines]) for entry in section.entries
    ]


@given(st.text(st.sampled_from("[]{}=:#; \n\tab\r\x0b\x85\u2028é\"'\\$"), max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No text makes the reader fail; every line that it names exists."""
    faults: list[Fault] = []
    sections = parse(text, "f", faults)
    lines = text.count("\n") + 1
    named = [line.position.line for section in sections for entry in section.entries for line in entry.lines]
    assert all(1 <= line <= lines for line in [*named, *(fault.line for fault in faults)])


def test_read(tmp_path: Path) -> None:
    """A file is UTF-8, with or without a byte order mark."""
    path = tmp_path / "a.ini"
    path.write_bytes(b"\xef\xbb\xbf[s]\na = \xc3\xa9\n")
    faults: list[Fault] = []
    (section,) = read(str(path), faults)
    assert [] == faults
    assert Line("é", Position(str(path), 2)) == section.entries[0].lines[0]


def test_no_text(tmp_path: Path) -> None:
    """A file that is not text is a fault."""
    path = tmp_path / "a.ini"
    path.write_bytes(b"[s]\n\na = \xe9\n")
    faults: list[Fault] = []
    assert [] == read(str(path), faults)
    assert [f"{path}:3: byte 0xe9 is not UTF-8; expected UTF-8 text"] == [str(fault) for fault in faults]


def test_unreadable(tmp_path: Path) -> None:
    """A file that cannot be read is for the caller to tell of, who knows where it was named."""
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "none.ini"), [])
