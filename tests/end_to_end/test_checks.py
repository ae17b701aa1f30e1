"""Active checks: of real servers of each kind, and of those whose sessions have to move and come back."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from attrs import frozen
from twisted.internet import reactor
from twisted.internet.task import deferLater

from stickyproxy.health.health import ServerCheck
from tests.certificates import Authority
from tests.end_to_end.fakes import HOST, FakeServer, ServerEnd, answering, eventually, saying, silent
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message
from tests.end_to_end.processes import Process, has_started, installed
from tests.end_to_end.tls import Showing
from tests.end_to_end.tomcat import Tomcat

GET = b"GET / HTTP/1.1"


def checks(house: House) -> list[ServerCheck]:
    """What the proxy that was started last knows of its servers."""
    return house._services[-1]._health.checks


# -- real servers ----------------------------------------------------------------------------------------------------


@frozen
class Daemon:
    """A server that listens on the Unix socket `at`, all of whose files are in `folder`."""

    folder: Path
    at: Path


def mariadb(daemon: Daemon) -> list[str | Path]:
    """Start MariaDB without a table in it."""
    (daemon.folder / "data").mkdir()
    places = {"datadir": daemon.folder / "data", "socket": daemon.at, "pid-file": daemon.folder / "pid"}
    options = [f"--{name}={place}" for name, place in places.items()]
    return ["mariadbd", "--no-defaults", "--user=root", "--skip-grant-tables", "--skip-networking", *options]


def php_fpm(daemon: Daemon) -> list[str | Path]:
    """Start an application of one page in PHP."""
    (daemon.folder / "index.php").write_text("<?php http_response_code(204);")
    config = daemon.folder / "fpm.conf"
    pool = f"[www]\nuser = root\ngroup = root\nlisten = {daemon.at}\npm = static\npm.max_children = 1\n"
    config.write_text(f"[global]\nerror_log = {daemon.folder}/log\ndaemonize = no\n{pool}")
    return [php(), "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", config]


def php() -> str:
    """Find the PHP that is installed, whose name ends in its version."""
    return next((str(path) for path in sorted(Path("/usr/sbin").glob("php-fpm*"))), "php-fpm")


def nginx(daemon: Daemon) -> list[str | Path]:
    """Start nginx with HTTP."""
    return _nginx(daemon, "")


def nginx_tls(daemon: Daemon) -> list[str | Path]:
    """Start nginx with TLS."""
    certificate, key = Authority().sign("app").write(daemon.folder, "app")
    return _nginx(daemon, f"ssl_certificate {certificate}; ssl_certificate_key {key};")


def _nginx(daemon: Daemon, tls: str) -> list[str | Path]:
    listen = f"listen unix:{daemon.at}{' ssl' if tls else ''}; {tls}"
    paths = "".join(
        f"{name}_temp_path {daemon.folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    server = f"server {{ {listen} location = /ok {{ return 204; }} }}"
    config = daemon.folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {daemon.folder}/pid; error_log stderr; events {{ }}\n"
        f"http {{ access_log off; {paths} {server} }}\n"
    )
    return ["nginx", "-p", daemon.folder, "-e", "stderr", "-c", config]


def haproxy(daemon: Daemon) -> list[str | Path]:
    """Start HAProxy, which answers by itself."""
    config = daemon.folder / "haproxy.cfg"
    config.write_text(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n"
        f"frontend www\n  bind unix@{daemon.at}\n  http-request return status 200 if {{ path /ok }}\n"
    )
    return ["haproxy", "-db", "-f", config]


OK = r'check_http_send = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"'
SICK = r'check_http_send = "GET /sick HTTP/1.0\r\n\r\n"'
SCRIPT = "check_fastcgi_param =\n  REQUEST_METHOD GET\n  SCRIPT_FILENAME {folder}/index.php\n"
NO_SCRIPT = SCRIPT.replace("index", "none")


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (mariadb, "type=mysql"),
        (mariadb, "type=tcp"),
        (php_fpm, "type=fastcgi"),
        (php_fpm, f"type=fastcgi\ncheck_http_expect_alive = http_2xx\n{SCRIPT}"),
        (php_fpm, f"type=fastcgi\ncheck_keepalive_requests = 3\n{SCRIPT}"),
        (nginx, f"type=http\n{OK}"),
        (nginx, f"type=http\n{OK}\ncheck_keepalive_requests = 3"),
        (nginx_tls, f"type=https\n{OK}"),
        (nginx_tls, f"type=https\n{OK}\ncheck_keepalive_requests = 3"),
        (nginx_tls, "type=ssl_hello"),
        (haproxy, f"type=http\n{OK}"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_real_server(
    house: House, tmp_path: Path, start: Callable[[Daemon], list[str | Path]], lines: str
) -> None:
    """A server is down until it has started, up while it runs, and down again when it has ended."""
    daemon = Daemon(tmp_path, tmp_path / "at")
    command, *words = start(daemon)
    program = installed(command)
    house.proxy(
        f"[upstream app]\nserver = unix:{daemon.at}\n"
        f"check = interval=50 fall=1 rise=3 {lines.format(folder=tmp_path)}\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    (check,) = checks(house)
    await eventually(lambda: check.fall)
    assert (False, "no such file or directory") == (check.up, check.reason)
    process = house.run(tmp_path, program, *words)
    await has_started(lambda: check.rise >= 7)
    assert (True, "") == (check.up, check.reason)
    await process.stop()
    await eventually(lambda: not check.up)


@pytest.mark.parametrize(
    ("start", "lines", "reason"),
    [
        (php_fpm, "type=mysql", "no answer within 0.2s"),
        (php_fpm, f"type=fastcgi\ncheck_http_expect_alive = http_2xx\n{NO_SCRIPT}", "it answers 404"),
        (nginx, f"type=http\n{SICK}", "it answers 404"),
        (nginx, f"type=https\n{OK}", "TLS failed: wrong version number"),
        (nginx, "type=ssl_hello", "its answer is not TLS"),
        (nginx, "type=ajp", "its answer to CPING is no CPONG"),
        (nginx_tls, f"type=http\n{OK}", "it answers 400"),
        (mariadb, f"type=http\n{OK}", "its answer is not HTTP"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_wrong_server(
    house: House, tmp_path: Path, start: Callable[[Daemon], list[str | Path]], lines: str, reason: str
) -> None:
    """A server that answers otherwise than it should is down, and the reason is told."""
    daemon = Daemon(tmp_path, tmp_path / "at")
    command, *words = start(daemon)
    program = installed(command)
    house.proxy(
        f"[upstream app]\nserver = unix:{daemon.at}\n"
        f"check = interval=50 timeout=200 fall=1 rise=1 {lines.format(folder=tmp_path)}\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    (check,) = checks(house)
    process = house.run(tmp_path, program, *words)
    await has_started(lambda: check.reason == reason)
    assert not check.up
    await process.stop()


@pytest.mark.parametrize("requests", [1, 3])
@pytest_twisted.ensureDeferred
async def test_tomcat(house: House, tmp_path: Path, requests: int) -> None:
    """Tomcat's AJP connector answers a CPING, also several over one connection."""
    place = house.server("tomcat", running=False)
    tomcat = Tomcat(tmp_path, f'protocol="AJP/1.3" port="{place.port}" secretRequired="false"')
    house.proxy(
        f"[upstream app]\nserver = {place.address}\ncheck = interval=50 fall=1 rise=3 type=ajp\n"
        f"check_keepalive_requests = {requests}\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    (check,) = checks(house)
    await eventually(lambda: check.fall)
    assert (False, "connection refused") == (check.up, check.reason)
    process = tomcat.start(house)
    await has_started(lambda: check.rise >= 7)
    assert (True, "") == (check.up, check.reason)
    process.transport.signalProcess("KILL")
    await eventually(lambda: not check.up)


# -- the first seconds -----------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_nobody_is_refused_at_the_start(house: House) -> None:
    """Who connects as soon as the proxy listens is answered by a server, though none counts as up before its checks."""
    a, b = house.server("a"), house.server("b")
    port = house.before(a, b, upstream="check = interval=1h rise=3 type=http")
    assert [False, False] == [check.up for check in checks(house)]
    client = await house.client(port)
    assert 200 == (await client.request(GET)).status
    assert [3, 3] == [check.rise for check in checks(house)]


@pytest_twisted.ensureDeferred
async def test_wait_is_bounded(house: House) -> None:
    """A server that hangs keeps clients waiting for no longer than a check may take, and then they have the others."""
    a, b = house.server("a"), house.server("b")
    a.answer = silent
    client = await house.client(house.before(a, b, upstream="check = interval=1h timeout=300 type=http"))
    assert [b"b", b"b"] == [(await client.request(GET)).body for _ in range(2)]
    assert "no answer within 0.3s" == checks(house)[0].reason


@pytest_twisted.ensureDeferred
async def test_all_are_down(house: House) -> None:
    """When no server is up the client gets 502, and no server a request."""
    a = house.server("a")
    a.answer = saying(b"HTTP/1.1 503 No\r\n\r\n")
    client = await house.client(house.before(a, upstream="check = interval=1h type=http"))
    assert 502 == (await client.request(GET)).status
    assert 1 == len(a.requests)


# -- sessions --------------------------------------------------------------------------------------------------------


def served(house: House, folder: Path, name: str, place: FakeServer) -> Process:
    """Start a web server of its own process with one page, its name."""
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "index.html").write_text(name)
    # It complains at length of connections that were given up while it was stopped.
    command = f"exec {sys.executable} -m http.server {place.port} --bind {HOST} 2>/dev/null"
    return house.run(folder / name, "/bin/sh", "-c", command)


@pytest.mark.parametrize(
    ("death", "reason"), [(signal.SIGKILL, "connection refused"), (signal.SIGSTOP, "no answer within 0.5s")]
)
@pytest_twisted.ensureDeferred
async def test_sessions_move_and_come_back(house: House, tmp_path: Path, death: signal.Signals, reason: str) -> None:
    """When a server dies or hangs its sessions go to another one, and when it is back its cookies lead to it again."""
    places = [house.server(name, running=False) for name in "ab"]
    a, _ = (served(house, tmp_path, place.name, place) for place in places)
    lines = "".join(f"    {place.address} id={place.name}\n" for place in places)
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[upstream app]\nserver =\n{lines}session_sticky = hash=plain\n"
        "check = interval=100 timeout=500 fall=2 rise=2 type=http\n"
        r'check_http_send = "HEAD / HTTP/1.0\r\n\r\n"'
        f"\n[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    process, port = await house.start(config)
    client = await house.client(port)

    async def visit(name: bytes) -> tuple[bytes, list[bytes]]:
        answer = await client.request(GET + b"\nCookie: route=" + name)
        return answer.body, answer.values(b"set-cookie")

    told = f"upstream app: {places[0].address} is"
    await process.until(lambda: process.out.count("is up") == 2)
    assert (b"a", []) == await visit(b"a")
    a.transport.signalProcess(death)
    await process.said(f"{told} down: {reason} (2 failed checks)")
    for _ in range(3):
        assert (b"b", [b"route=b; Path=/"]) == await visit(b"a")
    if death is signal.SIGSTOP:
        a.transport.signalProcess(signal.SIGCONT)
    else:
        served(house, tmp_path, "a", places[0])
    await process.until(lambda: process.out.count(f"{told} up") == 2)
    for _ in range(3):
        assert (b"a", []) == await visit(b"a")
    assert 0 == await process.stop()


@pytest_twisted.ensureDeferred
async def test_proxy_without_cpu(house: House, tmp_path: Path) -> None:
    """A proxy that was stopped within a check, for longer than that may take, finds no server down when it goes on."""
    a = house.server("a")
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[upstream app]\nserver = {a.address}\ncheck = interval=20 timeout=300 fall=1 rise=1 type=http\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    process, port = await house.start(config)
    await process.said("is up")
    for _ in range(3):
        held: list[tuple[ServerEnd, Message]] = []
        a.answer = lambda end, request, held=held: held.append((end, request))
        await a.until(lambda held=held: held)
        process.transport.signalProcess(signal.SIGSTOP)
        a.answer = answering()
        a.answer(*held[0])
        await deferLater(reactor, 0.5)
        process.transport.signalProcess(signal.SIGCONT)
        seen = len(a.requests)
        await a.until(lambda seen=seen: len(a.requests) > seen + 2)
    assert "is down" not in process.out
    assert 200 == (await (await house.client(port)).request(GET)).status


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scheme", "up", "reason"),
    [
        ("app", "https", True, ""),
        ("other", "https", False, 'its certificate is refused: it is not for "app"'),
        ("other", "http", True, ""),
    ],
)
@pytest_twisted.ensureDeferred
async def test_certificate(house: House, tmp_path: Path, name: str, scheme: str, up: bool, reason: str) -> None:
    """A server must prove who it is, as it must to the traffic; where that is plain any certificate will do."""
    authority = Authority()
    roots = authority.write(tmp_path)
    server = house.server("a", tls=Showing(*authority.sign(name).write(tmp_path, name)))
    house.proxy(
        f"[upstream app]\nserver = {server.address}\ncheck = interval=1h type=https rise=1\n[server www]\n"
        f"listen = {HOST}:0\nproxy_ssl_trusted_certificate = {roots}\n[location www /]\nproxy_pass = {scheme}://app\n"
    )
    (check,) = checks(house)
    await eventually(lambda: check.rise or check.fall)
    assert (up, reason) == (check.up, check.reason)


@pytest_twisted.ensureDeferred
async def test_port(house: House) -> None:
    """Another port can be the one that is checked."""
    a, management = house.server("a"), house.server("management")
    management.answer = answering(204)
    client = await house.client(house.before(a, upstream=f"check = interval=1h type=http port={management.port}"))
    assert 200 == (await client.request(GET)).status
    assert (1, 2) == (len(a.requests), len(management.requests))
