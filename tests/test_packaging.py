"""The package as others get it: a wheel, a plain install and an editable one, each in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
TWISTD = Path(sys.executable).with_name("twistd")
PLUGIN = "twisted/plugins/stickyproxy_plugin.py"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command as from a fresh login and return what it printed; a failure shows all of it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert 0 == done.returncode, done.stdout
    return done.stdout


def pip(*arguments: str | Path, cwd: Path, python: Path = Path(sys.executable)) -> str:
    """Run this environment's pip for `python`, without a network."""
    command = (sys.executable, "-m", "pip", "--python", python, *arguments)
    return run(*command, cwd=cwd)


def name_of(requirement: str) -> str:
    """Read whom a requirement is about."""
    return re.match(r"[\w.-]+", requirement)[0]


def distributions(*names: str) -> dict[str, metadata.Distribution]:
    """Find the installed distributions of these names and of everything that they need."""
    found: dict[str, metadata.Distribution] = {}
    wanted = list(names)
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        # What another platform or another Python would need is not installed.
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.distribution(name)
            wanted += [name_of(line) for line in found[name].requires or () if "extra ==" not in line]
    return found


class Environment:
    """A virtual environment with all that we need to be installed and to run, and nothing of ours.

    They are linked from the environment that runs the tests, file by file into folders of its own: no network and
    no second to spare are needed, and what is installed beside Twisted's files goes to the new environment alone.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        run(sys.executable, "-m", "venv", "--without-pip", root, cwd=root.parent)
        self.python = root / "bin" / "python"
        (self.site,) = root.glob("lib/python*/site-packages")
        settings = ConfigParser()
        settings.read(CHECKOUT / "setup.cfg")
        needed = map(name_of, settings["options"]["install_requires"].split())
        for distribution in distributions("setuptools", *needed).values():
            for file in distribution.files or ():
                if ".." not in file.parts and file.name != "dropin.cache":
                    link = self.site / file
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(file.locate())

    def pip(self, *arguments: str | Path) -> str:
        """Run pip for this environment."""
        return pip(*arguments, cwd=self.root, python=self.python)

    def plugins(self) -> list[str]:
        """List the plugins in `twistd --help`, asked from a folder with nothing of ours in it."""
        return re.findall(r"^ {4}([\w-]+)  ", run(self.python, "-I", TWISTD, "--help", cwd=self.root), re.MULTILINE)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, for building leaves files behind."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy)
    for name in ("stickyproxy", "twisted", "tests", "etc"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "twisted" / "plugins" / "dropin.cache").touch()
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel that is built of the copy."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".", cwd=source)
    (built,) = (source / "dist").iterdir()
    return built


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A fresh environment outside the checkout."""
    return Environment(tmp_path / "venv")


def test_wheel_holds_the_package_and_the_plugin(source: Path, wheel: Path) -> None:
    """The wheel holds every module, the plugin and the typing mark, and no test, cache or second `twisted` package."""
    modules = [path.relative_to(source).as_posix() for path in (source / "stickyproxy").rglob("*.py")]
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted([*modules, "stickyproxy/py.typed", PLUGIN]) == sorted(names)


def test_wheel_in_a_fresh_environment_is_seen_by_twistd(wheel: Path, environment: Environment) -> None:
    """An installed wheel adds the plugin to twistd's own, and its removal leaves Twisted as it was."""
    before = environment.plugins()
    assert "web" in before
    files = sorted((environment.site / "twisted").rglob("*.py"))
    environment.pip("install", "--no-deps", "--no-index", wheel)
    assert sorted([*before, "stickyproxy"]) == sorted(environment.plugins())
    environment.pip("uninstall", "--yes", "stickyproxy")
    assert before == environment.plugins()
    assert files == sorted((environment.site / "twisted").rglob("*.py"))


def test_command_of_an_installed_wheel(wheel: Path, environment: Environment) -> None:
    """An installed wheel brings the command `stickyproxy`, which is that of `python -m stickyproxy`."""
    environment.pip("install", "--no-deps", "--no-index", wheel)
    script = run(environment.root / "bin" / "stickyproxy", "--help", cwd=environment.root)
    assert script == run(environment.python, "-I", "-m", "stickyproxy", "--help", cwd=environment.root)
    assert script.startswith("usage: stickyproxy ")


def test_editable_install_is_seen_by_twistd(source: Path, environment: Environment) -> None:
    """A plain `pip install -e .` is seen by twistd from any folder."""
    environment.pip("install", "--no-deps", "--no-build-isolation", "--editable", source)
    assert "stickyproxy" in environment.plugins()
    shown = run(environment.python, "-I", "-c", "import stickyproxy; print(stickyproxy.__file__)", cwd=environment.root)
    assert str(source / "stickyproxy" / "__init__.py") == shown.strip()
