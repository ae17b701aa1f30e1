"""The proxies that are compared: what each needs, how it is started, and how its configuration is filled in."""

import importlib.metadata
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

SETUPS = Path(__file__).with_name("setups")
OURS = "stickyproxy"

_MARK = re.compile(r"@([A-Z_]+)@")
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@frozen
class Program:
    """A program from the system: `version` are the arguments that make it tell its version."""

    name: str
    version: tuple[str, ...] = ("-v",)

    @property
    def missing(self) -> str:
        """What is not installed; empty when it is."""
        return "" if shutil.which(self.name) else self.name

    def shown_version(self) -> str:
        """Ask it for its version."""
        told = subprocess.run([self.name, *self.version], capture_output=True, text=True, check=False)
        found = _NUMBER.search(told.stdout + told.stderr)
        return found[0] if found else "of an unknown version"


@frozen
class Packages:
    """Packages of this Python."""

    names: tuple[str, ...]

    @property
    def missing(self) -> str:
        """What is not installed; empty when all are."""
        return " ".join(name for name in self.names if importlib.util.find_spec(name) is None)

    def shown_version(self) -> str:
        """Return the version of each."""
        versions = (f"{name} {importlib.metadata.version(name)}" for name in self.names)
        return f"{', '.join(versions)}, Python {platform.python_version()}"


@frozen
class Peer:
    """One proxy. `template` is its configuration, or its script, in which `@WORDS@` are replaced.

    `modes` are the ways to keep a session that it knows, each with what its configuration says for it. `command` may
    have the same words in it; `@TEMPLATE@` is the filled-in file, `@FOLDER@` the folder that it is in.
    """

    name: str
    template: str
    needs: Program | Packages
    command: tuple[str, ...]
    modes: Mapping[str, str] = field(factory=lambda: {"insert": ""})
    environment: Mapping[str, str] = field(factory=dict)

    def prepare(self, folder: Path, words: Mapping[str, str], mode: str) -> list[str]:
        """Write its configuration into `folder` and return the command that starts it."""
        words = {**words, "FOLDER": str(folder), "STICKINESS": self.modes[mode]}
        file = folder / Path(self.template).name
        file.write_text(fill((SETUPS / self.template).read_text(), words))
        words["TEMPLATE"] = str(file)
        return [fill(word, words) for word in self.command]


def fill(text: str, words: Mapping[str, str]) -> str:
    """Put the words in their places. Raises KeyError for a place that there is no word for."""
    return _MARK.sub(lambda match: words[match[1]], text)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-W", "ignore", "@TEMPLATE@", "@PORT@", "@TLS_PORT@", *arguments)


def _ours(sticky: str) -> str:
    return f"session_sticky = hash=plain {sticky}"


PEERS: Sequence[Peer] = (
    Peer(
        OURS,
        "stickyproxy.ini",
        Packages(("stickyproxy", "twisted", "httptools")),
        (sys.executable, "-m", "twisted", "--log-level=error", "stickyproxy", "--config", "@TEMPLATE@"),
        {
            "insert": _ours("cookie=route mode=insert option=indirect"),
            "prefix": _ours("cookie=app mode=prefix"),
            "rewrite": _ours("cookie=app mode=rewrite"),
            "jvm_route": "jvm_route = $cookie_JSESSIONID|jsessionid",
        },
    ),
    Peer(
        "nginx",
        "nginx.conf",
        Program("nginx"),
        ("nginx", "-p", "@FOLDER@", "-e", "error.log", "-c", "@TEMPLATE@"),
        {"insert": "app", "jvm_route": "$route"},
    ),
    Peer(
        "HAProxy",
        "haproxy.cfg",
        Program("haproxy"),
        ("haproxy", "-db", "-f", "@TEMPLATE@"),
        {
            "insert": "cookie route insert indirect",
            "prefix": "cookie app prefix",
            "rewrite": "cookie app rewrite",
            "jvm_route": "use-server a if { req.cook(JSESSIONID) -m end .a }\n"
            "    use-server b if { req.cook(JSESSIONID) -m end .b }",
        },
    ),
    Peer(
        "Apache mod_proxy_balancer",
        "apache.conf",
        Program("apache2"),
        ("apache2", "-D", "FOREGROUND", "-f", "@TEMPLATE@"),
        {
            "insert": "ProxySet stickysession=ROUTEID\n"
            '    Header add Set-Cookie "ROUTEID=.%{BALANCER_WORKER_ROUTE}e; path=/" env=BALANCER_ROUTE_CHANGED',
            "rewrite": "ProxySet stickysession=app\n"
            '    Header edit Set-Cookie "^app=[^;]*" "app=.%{BALANCER_WORKER_ROUTE}e"',
            "jvm_route": "ProxySet stickysession=JSESSIONID|jsessionid",
        },
    ),
    Peer(
        "Caddy",
        "Caddyfile",
        Program("caddy", ("version",)),
        ("caddy", "run", "--adapter", "caddyfile", "--config", "@TEMPLATE@"),
        {"insert": "cookie route secret"},
        {"GOMAXPROCS": "1"},
    ),
    Peer(
        "aiohttp + uvloop",
        "aiohttp_proxy.py",
        Packages(("aiohttp", "uvloop")),
        _python("@SERVER_A@", "@SERVER_B@", "@FOLDER@/access.log", "@CERTIFICATE@", "@KEY@"),
    ),
    Peer(
        "Twisted's ReverseProxyResource",
        "twisted_proxy.py",
        Packages(("twisted",)),
        _python("@SERVER_A@", "@FOLDER@/access.log", "@CERTIFICATE@", "@KEY@"),
    ),
    Peer(
        "mitmproxy",
        "mitmproxy/config.yaml",
        Program("mitmdump", ("--version",)),
        ("mitmdump", "--set", "confdir=@FOLDER@"),
    ),
)


def apache_modules() -> Path:
    """Return where Apache has its modules, which is told from where it is itself."""
    return Path(shutil.which("apache2") or "").resolve().parent.parent / "lib" / "apache2" / "modules"
