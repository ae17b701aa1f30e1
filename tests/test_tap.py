"""The command line: what it accepts, what it says of a configuration, and how it ends."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.application.service import IService
from twisted.internet.defer import Deferred, maybeDeferred

from stickyproxy import tap
from stickyproxy.config.load import loads
from tests.certificates import Authority

GOOD = """\
[upstream app]
server =
    127.0.0.1:8001
    127.0.0.1:8002

[server www]
listen = 127.0.0.1:8080

[location www /]
proxy_pass = http://app

[location www /old]
return = 410
"""

BAD = """\
[server www]
listn = 127.0.0.1:8080

[location www /]
proxy_pass = http://nowhere_to_be_found

[location www /old]
return = 1000
"""


@pytest.fixture
def good(tmp_path: Path) -> str:
    """A file with nothing wrong in it."""
    path = tmp_path / "good.ini"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """A file with several mistakes."""
    path = tmp_path / "bad.ini"
    path.write_text(BAD)
    return str(path)


def options(*arguments: str) -> tap.Options:
    """Parse the words after `twistd stickyproxy`."""
    parsed = tap.Options()
    parsed.parseOptions(arguments)
    return parsed


def twistd(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run the real twistd; give its exit status, what it printed, and what it complained of."""
    command = [Path(sys.executable).with_name("twistd"), "-n", "stickyproxy", *arguments]
    done = subprocess.run(command, check=False, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


# -- a good file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [("--test", "--config"), ("-t", "-c")])
def test_check_counts_what_it_found(flags: tuple[str, str], good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--test` says in one line what the file holds, and ends with status 0 before anything is built."""
    with pytest.raises(SystemExit) as end:
        options(*flags, good)
    assert 0 == end.value.code
    assert (f"{good}: ok: 1 server, 2 locations, 1 upstream\n", "") == capsys.readouterr()


@pytest.mark.parametrize(
    ("servers", "locations", "upstreams", "expected"),
    [
        (1, 1, 1, "1 server, 1 location, 1 upstream"),
        (2, 3, 4, "2 servers, 6 locations, 4 upstreams"),
        (1, 0, 0, "1 server, 0 locations, 0 upstreams"),
    ],
)
def test_summary_counts_over_all_servers(servers: int, locations: int, upstreams: int, expected: str) -> None:
    """Locations are counted over all servers; one is spelt without an s, none and many with it."""
    lines = [f"[upstream {n}]\nserver = 10.0.0.1\n" for n in range(upstreams)]
    for n in range(servers):
        lines.append(f"[server {n}]\nserver_name = {n}.example\n")
        lines += [f"[location {n} /{m}]\nreturn = 404\n" for m in range(locations)]
    assert expected == tap.summary(loads("".join(lines)))


def test_real_check_prints_one_clean_line(good: str, tmp_path: Path) -> None:
    """The real twistd adds nothing to the line: no log, no traceback, no file."""
    before = set(tmp_path.iterdir())
    expected = (0, f"{good}: ok: 1 server, 2 locations, 1 upstream\n", "")
    assert expected == twistd("--config", good, "--test", cwd=tmp_path)
    assert before == set(tmp_path.iterdir())


def test_check_beside_a_running_proxy(good: str, tmp_path: Path) -> None:
    """A file can be checked in the very folder in which a proxy is running."""
    (tmp_path / "twistd.pid").write_text(str(os.getpid()))
    status, _, complaint = twistd("--config", good, "--test", cwd=tmp_path)
    assert (0, "") == (status, complaint)


@pytest_twisted.inlineCallbacks
def test_service_is_built(tmp_path: Path) -> Generator[Deferred[object], object, None]:
    """Without `--test` a good file becomes a service, with its sockets open, which twistd then starts."""
    path = tmp_path / "unix.ini"
    path.write_text(GOOD.replace("127.0.0.1:8080", f"unix:{tmp_path / 'socket'}"))
    service = tap.makeService(options("--config", str(path)))
    assert IService.providedBy(service)
    assert (tmp_path / "socket").is_socket()
    yield maybeDeferred(service.stopService)


def test_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    """A port that is taken ends the start with status 1 and a line that says where it was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        (tmp_path / "taken.ini").write_text(GOOD.replace("127.0.0.1:8080", address))
        status, out, complaint = twistd("--config", "taken.ini", cwd=tmp_path)
    assert (1, "") == (status, out)
    (line,) = complaint.splitlines()
    assert line.startswith(f"stickyproxy: taken.ini:7: listen: cannot listen on {address}: ")


# -- a bad one -------------------------------------------------------------------------------------------------------


def assert_is_bad(lines: list[str], bad: str) -> None:
    """Find each mistake of BAD on a line of its own, with file and line."""
    places = [line.split(" ", 1)[0] for line in lines]
    assert {f"{bad}:2:", f"{bad}:5:", f"{bad}:8:"} <= set(places)
    assert all(place.startswith(f"{bad}:") for place in places)


def test_check_reports_every_fault(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--test` prints all the mistakes of a file to stderr, one a line, and ends with status 1."""
    with pytest.raises(SystemExit) as end:
        options("--config", bad, "--test")
    assert 1 == end.value.code
    out, err = capsys.readouterr()
    assert "" == out
    assert_is_bad(err.splitlines(), bad)


def test_check_loads_certificates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--test` finds a certificate that cannot be used, as a start would; one that can is no fault."""
    certificate, key = Authority().sign("www").write(tmp_path, "www")
    path = tmp_path / "tls.ini"
    path.write_text(f"[server www]\nlisten = 8443 ssl\nssl_certificate = {certificate}\nssl_certificate_key = {key}\n")
    with pytest.raises(SystemExit) as end:
        options("--test", "--config", str(path))
    assert 0 == end.value.code
    capsys.readouterr()
    key.unlink()
    with pytest.raises(SystemExit) as end:
        options("--test", "--config", str(path))
    complaint = f"stickyproxy: {path}:4: ssl_certificate_key: {key}: cannot be read: No such file or directory\n"
    assert (1, ("", complaint)) == (end.value.code, capsys.readouterr())


def test_check_tries_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--test` finds a folder that takes no temporary files, as a start would."""
    path = tmp_path / "folder.ini"
    path.write_text(f"[http]\nproxy_temp_path = {path}\n[server www]\nlisten = 8080\n")
    with pytest.raises(SystemExit) as end:
        options("--test", "--config", str(path))
    wrong = f"{path}: cannot be used: Not a directory; expected a folder that may be written to\n"
    assert (1, ("", f"stickyproxy: {path}:2: proxy_temp_path: {wrong}")) == (end.value.code, capsys.readouterr())


@pytest.mark.parametrize("flags", [(), ("--test",)])
def test_real_start_refuses_a_bad_file(flags: tuple[str, ...], bad: str, tmp_path: Path) -> None:
    """The real twistd prints the mistakes and no usage, starts nothing and exits with status 1."""
    status, out, err = twistd("--config", bad, *flags, cwd=tmp_path)
    assert (1, "") == (status, out)
    assert_is_bad(err.splitlines(), bad)


@pytest.mark.parametrize("flags", [(), ("--test",)])
def test_missing_config_is_asked_for(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Without `--config` one line says that it is required, and how it is written."""
    status, out, err = twistd(*flags, cwd=tmp_path)
    assert (1, "") == (status, out)
    assert ["stickyproxy: --config FILE is required, for example: twistd -n stickyproxy --config etc/sticky.ini"] == (
        err.splitlines()
    )


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is a fault like any other: one line, status 1, no traceback."""
    status, out, err = twistd("--config", "nowhere.ini", cwd=tmp_path)
    assert (1, "") == (status, out)
    assert ["nowhere.ini:"] == [line[: len("nowhere.ini:")] for line in err.splitlines()]
