"""The systemd unit: it starts what there is to start, as a user of its own, and can do little else."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
UNIT = CHECKOUT / "etc" / "stickyproxy.service"
INSTALLED = {
    "/opt/stickyproxy/bin/twistd": str(Path(sys.executable).with_name("twistd")),
    "/etc/stickyproxy/sticky.ini": str(CHECKOUT / "etc" / "sticky.ini"),
}


def directives(section: str) -> dict[str, list[str]]:
    """Read one section of the unit: the values of each directive, in order, as a directive may stand there twice."""
    (text,) = re.findall(
        rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", UNIT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def command(directive: str) -> list[str]:
    """Give the words of a command in the unit, with the files of this checkout in place of the installed ones."""
    (line,) = directives("Service")[directive]
    return [INSTALLED.get(word, word) for word in shlex.split(line)]


def test_unit_checks_the_configuration_before_it_starts(tmp_path: Path) -> None:
    """The check before the start is accepted as it is written, and finds nothing wrong with the example."""
    done = subprocess.run(command("ExecStartPre"), check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    assert ": ok: " in done.stdout


def test_unit_starts_what_it_checked() -> None:
    """The command that starts differs from the check in `--test` alone: twistd in the foreground, without a pidfile."""
    start = command("ExecStart")
    assert [*start, "--test"] == command("ExecStartPre")
    assert ["--nodaemon", "--pidfile=", "stickyproxy"] == start[1:4]


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("Type", "exec"),
        ("Restart", "on-failure"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("DynamicUser", "yes"),
        ("User", "stickyproxy"),
        ("LogsDirectory", "stickyproxy"),
        ("AmbientCapabilities", "CAP_NET_BIND_SERVICE"),
        ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("RestrictNamespaces", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("SystemCallArchitectures", "native"),
    ],
)
def test_unit_is_hardened(directive: str, expected: str) -> None:
    """The service runs as nobody else, may bind low ports, and sees nothing that it does not need."""
    assert [expected] == directives("Service")[directive]


def test_unit_filters_system_calls() -> None:
    """Only what a service needs is let through, and of that neither privileges nor limits."""
    assert ["@system-service", "~@privileged @resources"] == directives("Service")["SystemCallFilter"]


def test_unit_opens_many_sockets() -> None:
    """The limit of open files leaves room for thousands of clients and their servers."""
    (limit,) = directives("Service")["LimitNOFILE"]
    assert int(limit) >= 2 * 10_000
