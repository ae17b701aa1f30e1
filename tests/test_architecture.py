"""The shape of the house: imports point one way, modules stay small, and the name of a module finds its test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "stickyproxy"
MOST_LINES = 400

# A room imports from those before it, never from those beside or after it.
FLOORS = (
    {"errors", "dates", "frozen"},
    {"config"},
    {"sticky", "balance", "http", "health"},
    {"proxy"},
    {"observe"},
    {
        "assembly",
        "checking",
        "control",
        "demo",
        "descriptors",
        "folders",
        "listening",
        "resolve",
        "signals",
        "succession",
    },
    {"names", "ports"},
    {"generation"},
    {"service"},
    {"tap"},
    {"command"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Balance says why a session was assigned in the words of stickiness.
NEIGHBOURLY = {("balance", "stickyproxy.sticky.words")}


def offence(importer: str, imported: str) -> str | None:
    """Say what is wrong with the module `importer` importing `imported` (a module, or a name in one); None if nothing.

    Both are dotted names; a relative import starts with a dot.
    """
    if imported.startswith("."):
        return f"{importer} imports {imported}: spell it from the root"
    package, _, rest = imported.partition(".")
    if package != "stickyproxy" or not rest or rest.startswith("__"):
        return None
    inner, outer = (name.split(".")[1] if "." in name else "" for name in (importer, imported))
    for room in (inner, outer):
        if room not in FLOOR:
            return f"{importer} imports {imported}: {room or 'the root'!r} is no room"
    if inner == outer or FLOOR[outer] < FLOOR[inner]:
        return None
    if any(inner == room and f"{imported}.".startswith(f"{words}.") for room, words in NEIGHBOURLY):
        return None
    return f"{importer} imports {imported}: {outer} stands beside or after {inner}"


def imports(source: str) -> Iterator[str]:
    """List what the text of a module imports, anywhere in it: `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from (f"{'.' * level}{f'{module}.' if module else ''}{alias.name}" for alias in names)


def defines_nothing(source: str) -> bool:
    """Say whether the text of a module holds no more than a docstring, imports and dunder names."""
    return all(
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and all(ast.unparse(name).startswith("__") for name in node.targets))
        for node in ast.parse(source).body
    )


def its_test(module: Path) -> Path:
    """Name the test of a module, both relative to their roots: `http/agent.py` has `http/test_agent.py`."""
    return module.with_name(f"test_{module.stem.strip('_')}.py")


def modules() -> Iterator[tuple[Path, str]]:
    """List every module of the package, relative to it, with its text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), path.read_text(encoding="utf-8")


def dotted(module: Path) -> str:
    """Spell the path of a module, relative to the package, as Python imports it."""
    return ".".join(["stickyproxy", *module.parent.parts, *([] if module.stem == "__init__" else [module.stem])])


# -- the house -------------------------------------------------------------------------------------------------------


def test_imports_point_one_way() -> None:
    """No room imports from one that stands beside or after it."""
    verdicts = [offence(dotted(module), imported) for module, source in modules() for imported in imports(source)]
    found = [verdict for verdict in verdicts if verdict]
    assert [] == found, "\n".join(found)


def test_modules_stay_small() -> None:
    """No module is longer than one can hold in mind."""
    lengths = {dotted(module): len(source.splitlines()) for module, source in modules()}
    found = [f"{name}: {length} lines" for name, length in lengths.items() if length > MOST_LINES]
    assert [] == found, "\n".join(found)


def test_each_module_has_its_test() -> None:
    """The name of a module finds its test."""
    wanted = [its_test(module) for module, source in modules() if not defines_nothing(source)]
    missing = [f"tests/{test}" for test in wanted if not (CHECKOUT / "tests" / test).exists()]
    assert [] == missing, "\n".join(missing)


# -- the judges themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("stickyproxy.tap", "stickyproxy.service.make_service"),
        ("stickyproxy.service", "stickyproxy.http.channel"),
        ("stickyproxy.proxy.exchange", "stickyproxy.errors"),
        ("stickyproxy.http.channel", "stickyproxy.http.reader.Reader"),
        ("stickyproxy.http.channel", "twisted.web.http"),
        ("stickyproxy.http.channel", "stickyproxy.__version__"),
        ("stickyproxy.balance.assign", "stickyproxy.sticky.words"),
        ("stickyproxy.balance.assign", "stickyproxy.sticky.words.Claim"),
    ],
)
def test_import_is_allowed(importer: str, imported: str) -> None:
    """A room may import from itself, from those before it and from elsewhere; and balance from sticky's words."""
    assert None is offence(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("stickyproxy.errors", "stickyproxy.config"),
        ("stickyproxy.http.agent", "stickyproxy.proxy.exchange"),
        ("stickyproxy.http.agent", "stickyproxy.balance.peers"),
        ("stickyproxy.sticky.insert", "stickyproxy.balance.peers"),
        ("stickyproxy.balance.assign", "stickyproxy.sticky.cookies"),
        ("stickyproxy.balance.assign", "stickyproxy.sticky.wordsmith"),
        ("stickyproxy.http.agent", "stickyproxy.sticky.words"),
        ("stickyproxy.observe.log", "stickyproxy.service"),
        ("stickyproxy.proxy.exchange", "stickyproxy.observe.outcome"),
        ("stickyproxy.attic.trunk", "stickyproxy.errors"),
        ("stickyproxy.tap", "stickyproxy.attic"),
        ("stickyproxy", "stickyproxy.errors"),
        ("stickyproxy.http.agent", "..proxy.exchange"),
    ],
)
def test_import_is_refused(importer: str, imported: str) -> None:
    """An import from a room beside or after, from a room that has no place, or from `.` is an offence."""
    assert offence(importer, imported) is not None


def test_every_import_is_seen() -> None:
    """Imports are found in every form and at any depth."""
    source = "import a.b\nfrom a import c, d as e\nfrom . import f\nfrom ..g import h\ndef i():\n    import j\n"
    assert ["a.b", "a.c", "a.d", ".f", "..g.h", "j"] == list(imports(source))


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("errors.py", "test_errors.py"),
        ("http/agent.py", "http/test_agent.py"),
        ("http/__init__.py", "http/test_init.py"),
    ],
)
def test_module_names_its_test(module: str, test: str) -> None:
    """The test stands in the room of the same name."""
    assert Path(test) == its_test(Path(module))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", True),
        ('"""What it is for."""\n', True),
        ('"""What it is for."""\nimport a\nfrom a import b\n__all__ = ["b"]\n', True),
        ("LIMIT = 1\n", False),
        ("def act(): ...\n", False),
        ("class Thing: ...\n", False),
        ("act()\n", False),
    ],
)
def test_module_that_defines_nothing(source: str, expected: bool) -> None:
    """Only a docstring, imports and dunder names are nothing."""
    assert expected == defines_nothing(source)
