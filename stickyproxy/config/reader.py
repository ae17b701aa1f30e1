"""INI text to sections and lines, each with its position; every fault of form is found in one go."""

import re

from attrs import frozen
from iniconfig import IniConfig, ParseError, iscommentline

from stickyproxy.config.directives import find
from stickyproxy.config.settings import Position
from stickyproxy.errors import Fault

# What str.splitlines, and so iniconfig, takes for the end of a line and no editor does; and other control characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
# A brace, not of a variable, where no line of ours has one: before the "=". The header of a block may have that too.
_BLOCK = re.compile(r"(?![\s#;\[])(?:[^=]*(?<!\$)\{|\}|(?:location|if)\s.*\{)")

_SIGN = re.compile("[=:]")


@frozen
class Line:
    """One argument list of a directive, unsplit."""

    text: str
    position: Position


@frozen
class Entry:
    """One key of a section: `lines` are what stands behind its `=` and on the indented lines below it."""

    key: str
    position: Position
    lines: tuple[Line, ...]


@frozen
class Section:
    """One section: `title` is what stands between the brackets."""

    title: str
    position: Position
    entries: tuple[Entry, ...]


def read(path: str, faults: list[Fault]) -> list[Section]:
    """The sections of the file at `path`; none, and a fault, when it is no text. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault(path, line, "", "", f"byte 0x{data[error.start]:02x} is not UTF-8; expected UTF-8 text"))
        return []
    return parse(text, path, faults)


def parse(text: str, file: str, faults: list[Fault]) -> list[Section]:
    """The sections of `text` in their order. What is malformed is told to `faults` and left out."""
    lines = text.replace("\r\n", "\n").split("\n")
    _drop_control_characters(lines, file, faults)
    _drop_blocks(lines, file, faults)
    _drop_bad_headers(lines, file, faults)
    _drop_unsigned(lines, file, faults)
    while True:
        try:
            ini = IniConfig.parse(file, "\n".join(lines), strip_inline_comments=False)
        except ParseError as error:
            faults.append(Fault(file, error.lineno + 1, *_explain(lines, error.lineno, file)))
            _drop(lines, error.lineno)
        else:
            return [_section(ini, name, lines) for name in sorted(ini.sections, key=lambda name: ini.lineof(name) or 0)]


def _section(ini: IniConfig, title: str, lines: list[str]) -> Section:
    keys = ini.sections[title]
    entries = [_entry(ini, title, key, lines) for key in sorted(keys, key=lambda key: ini.lineof(title, key) or 0)]
    return Section(title.strip(), Position(ini.path, ini.lineof(title) or 0), tuple(entries))


def _entry(ini: IniConfig, title: str, key: str, lines: list[str]) -> Entry:
    """The texts are iniconfig's; it tells the key's line alone, so those of the indented lines are found here."""
    first = ini.lineof(title, key) or 0
    value = ini.sections[title][key]
    texts = value.split("\n") if value else []
    indented = [index + 1 for index in _indented(lines, first)]
    numbers = indented if len(indented) == len(texts) else [first, *indented]
    found = [Line(text, Position(ini.path, number)) for text, number in zip(texts, numbers, strict=True)]
    return Entry(key, Position(ini.path, first), tuple(found))


def _indented(lines: list[str], start: int) -> list[int]:
    """The indexes of the lines from `start` on that continue the directive before them."""
    found = []
    for index in range(start, len(lines)):
        line = lines[index]
        if not _empty(line):
            if not line[0].isspace():
                break
            found.append(index)
    return found


def _empty(line: str) -> bool:
    return not line.strip() or iscommentline(line)


# -- faults of form --------------------------------------------------------------------------------------------------


def _drop_control_characters(lines: list[str], file: str, faults: list[Fault]) -> None:
    for index, line in enumerate(lines):
        if match := _CONTROL.search(line):
            faults.append(
                Fault(file, index + 1, "", "", f"control character U+{ord(match[0]):04X}; expected printable text")
            )
            lines[index] = _CONTROL.sub(" ", line)


def _drop_blocks(lines: list[str], file: str, faults: list[Fault]) -> None:
    """Find what was pasted from nginx.conf: one fault for a block and all that stands in it."""
    depth = 0
    for index, line in enumerate(lines):
        if line.startswith("["):
            depth = 0
        elif depth or _BLOCK.match(line):
            if not depth:
                message = (
                    f'"{line.strip()}" is nginx.conf\'s block syntax; expected [http], [server NAME], ... '
                    "and directives without braces and semicolons"
                )
                faults.append(Fault(file, index + 1, "", "", message))
            depth = max(depth + line.count("{") - line.count("}"), 0)
            lines[index] = ""


def _drop_bad_headers(lines: list[str], file: str, faults: list[Fault]) -> None:
    """Find the headers that are none: iniconfig takes them for continuations of the line before."""
    for index, line in enumerate(lines):
        if line.startswith("["):
            header = re.split("[#;]", line)[0].rstrip()
            if not header.endswith("]") or header == "[]":
                message = f"{line.rstrip()} is no section; expected [NAME] alone on its line, without # and ; inside"
                faults.append(Fault(file, index + 1, "", "", message))
                _drop(lines, index)


def _drop_unsigned(lines: list[str], file: str, faults: list[Fault]) -> None:
    """Find the lines without a "=" where it belongs: iniconfig takes a ":" for one, and there are many in addresses."""
    section = None
    for index, line in enumerate(lines):
        if line.startswith("["):
            section = _title(line)
        elif section is not None and not _empty(line) and not line[0].isspace():
            sign = _SIGN.search(line)
            if sign is None or sign[0] != "=":
                message = (
                    f'"{line.rstrip()}" has no "=" behind its first word; '
                    "expected directive = arguments, or an indented line to go on with the one above"
                )
                faults.append(Fault(file, index + 1, section, "", message))
                _drop(lines, index)


def _drop(lines: list[str], start: int) -> None:
    """Blank the line at `start` and what belongs to it: a section's keys, a key's indented lines."""
    if lines[start].startswith("["):
        end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))
        doomed = list(range(start, end))
    else:
        doomed = [start, *_indented(lines, start + 1)]
    for index in doomed:
        lines[index] = ""


def _explain(lines: list[str], index: int, file: str) -> tuple[str, str, str]:
    """Section, key and message for the line that iniconfig stopped at."""
    line = lines[index].strip()
    headers = [number for number in range(index) if lines[number].startswith("[")]
    if lines[index].startswith("["):
        first = next(number for number in headers if _title(lines[number]) == _title(line))
        return _title(line), "", f"the section is there already at {file}:{first + 1}; expected each section once"
    if not headers:
        return "", "", f'"{line}" stands before the first section; expected a line such as [main] above it'
    section = _title(lines[headers[-1]])
    if lines[index][0].isspace():
        return section, "", f'"{line}" is indented below no directive; expected directive = arguments'
    key = _key(line)
    first = next(number for number in range(headers[-1] + 1, index) if _key(lines[number]) == key)
    directive = find(key, section.partition(" ")[0])
    expected = "all its lines indented below that one" if directive and directive.repeatable else "it once"
    return section, key, f"the directive is there already at {file}:{first + 1}; expected {expected}"


def _key(line: str) -> str:
    return "" if _empty(line) or line[0].isspace() else _SIGN.split(line)[0].strip()


def _title(header: str) -> str:
    return re.split("[#;]", header)[0].rstrip()[1:-1].strip()
