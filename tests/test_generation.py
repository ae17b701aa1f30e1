"""A configuration in the place of another, in memory: what changes at once, what stays, and what changes nothing."""

import gc
import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from stickyproxy.service import ProxyService
from tests.test_service import GET, House
from tests.wire import End, Servers, connect

PASS = "[server www]\nlisten = 8080\n[location www /]\nproxy_pass = http://app\n"
APP = "[upstream app]\nserver =\n{}\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PASSED = b"HTTP/1.0 200 OK\r\n"
HELLO = "[server www]\nlisten =\n{}[location www /]\nreturn = 200 hello\n"


@pytest.fixture
def house() -> Generator[House, None, None]:
    """A house whose services are stopped in the end."""
    house = House()
    yield house
    for service in house.opened:
        service.stopService()


def listening(house: House) -> list[int]:
    """The ports that are open."""
    return [port.getHost().port for port in house.reactor.ports]


def client(house: House, nth: int = 0) -> End:
    """Connect to one of the ports."""
    return connect(house.reactor.ports[nth].factory)


def load(house: House, service: ProxyService, text: str) -> list[str]:
    """Have that be the configuration from now on; give what is wrong with it."""
    house.text = text
    return service.reload()


# -- addresses -------------------------------------------------------------------------------------------------------


def test_addresses_come_and_go(house: House) -> None:
    """New addresses are listened on, others no longer, and those that stay are never closed."""
    service = house.start(HELLO.format("  8080\n  8081\n"))
    stays = house.reactor.ports[0]
    assert [] == load(house, service, HELLO.format("  8080\n  8082\n"))
    assert [8080, 8082] == listening(house)
    assert stays is house.reactor.ports[0]
    assert [8080, 8082] == [port.getHost().port for port in service.ports]


def test_connections_to_an_address_that_goes(house: House) -> None:
    """There an idle connection ends at once, and one with a request in progress when that is answered."""
    text = APP.format("  10.0.0.1:80") + PASS
    service = house.start(text)
    idle, busy = client(house), client(house)
    busy.send(GET)
    load(house, service, text.replace("8080", "8081"))
    assert (True, False) == (idle.dropped, busy.dropped)
    Servers(house.reactor).accept().send(OK)
    assert b"\r\nConnection: close\r\n" in busy.received()
    assert busy.dropped


def test_end_waits_for_addresses_that_are_gone(house: House) -> None:
    """A request in progress at an address that is no longer listened on is waited for when the proxy ends."""
    stopped: list[str] = []
    house.reactor.stop = lambda: stopped.append("stopped")
    text = APP.format("  10.0.0.1:80") + PASS
    service = house.start(text)
    busy = client(house)
    busy.send(GET)
    load(house, service, text.replace("8080", "8081"))
    service.end()
    assert [] == stopped
    Servers(house.reactor).accept().send(OK)
    busy.close()
    assert ["stopped"] == stopped


def test_no_reload_while_it_ends(house: House) -> None:
    """A proxy that ends loads nothing any more."""
    service = house.start(APP.format("  10.0.0.1:80") + PASS)
    client(house).send(GET)
    service.end()
    assert ["the proxy is ending, and loads nothing"] == service.reload()


# -- what changes nothing --------------------------------------------------------------------------------------------

MUCH = "[main]\nerror_log = {0}/new.log\n[http]\naccess_log = {0}/access.log\n"
PAIR = "ssl_certificate = {0}/none.pem\nssl_certificate_key = {0}/none.pem\n"


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("8080", "80800", "80800"),
        ("8080", "8082\n  81", "listen: cannot listen on 0.0.0.0:81: [Errno 98] Address already in use"),
        (
            "8080",
            "8082\n  8080 backlog=9",
            "listen: 0.0.0.0:8080 is open in another way; expected the ssl, proxy_protocol",
        ),
        ("access.log", "no/access.log", "access_log: cannot open the log "),
        ("new.log", "no/new.log", "error_log: cannot open the log "),
        ("listen =\n", PAIR + "listen =\n  8443 ssl\n", "ssl_certificate: {0}/none.pem: cannot be read: "),
    ],
)
def test_fault_changes_nothing(
    right: str, wrong: str, expected: str, house: House, told: list[str], tmp_path: Path
) -> None:
    """With whatever cannot be used all stays as it was, and each fault is told with its file and line."""
    service = house.start(HELLO.format("  8080\n"))
    keeper = client(house)
    gc.collect()
    before = listening(house), len(os.listdir("/proc/self/fd"))
    other = (MUCH + APP.format("  demo:a") + HELLO.format("  8080\n")).replace("hello", "other").format(tmp_path)
    faults = load(house, service, other.replace(right, wrong.format(tmp_path)))
    assert faults[0].startswith("sticky.ini:")
    assert expected.format(tmp_path) in faults[0]
    assert [f"error: {fault}" for fault in faults] == told[-1 - len(faults) : -1]
    assert "error: the configuration is not loaded anew: all stays as it was" == told[-1]
    gc.collect()
    assert before == (listening(house), len(os.listdir("/proc/self/fd")))
    keeper.send(GET)
    assert keeper.received().endswith(b"hello")
    assert [] == load(house, service, other)
    keeper.send(GET)
    assert keeper.received().endswith(b"other")


def test_all_faults_are_told(house: House) -> None:
    """Every fault of the file is told, not the first one alone."""
    service = house.start(HELLO.format("  8080\n"))
    faults = load(house, service, HELLO.format("  8080\n").replace("hello", "hello\nno = 1\nnone = 2"))
    assert ["sticky.ini:6", "sticky.ini:7"] == [fault.partition(": ")[0] for fault in faults]


# -- requests and servers --------------------------------------------------------------------------------------------


def test_request_in_progress_keeps_its_server(house: House) -> None:
    """A request that has begun is answered by the server it went to, though that one is gone from the file."""
    service = house.start(APP.format("  10.0.0.1:80") + PASS)
    busy = client(house)
    busy.send(GET)
    server = Servers(house.reactor).accept()
    load(house, service, APP.format("  10.0.0.2:80") + PASS)
    server.send(OK)
    assert busy.received().endswith(b"ok")
    # Nobody will want that connection again.
    assert server.dropped
    busy.send(GET)
    assert ("10.0.0.2", 80) == Servers(house.reactor).asked[-1]


def test_idle_connections_stay(house: House) -> None:
    """Idle connections to servers that stay are used on, those to servers that are gone are closed."""
    service = house.start(APP.format("  10.0.0.1:80\n  10.0.0.2:80") + PASS)
    servers = Servers(house.reactor)
    asking = client(house)
    kept = []
    for _ in range(2):
        asking.send(GET)
        kept.append(servers.accept())
        kept[-1].received()
        kept[-1].send(OK)
        asking.received()
    load(house, service, APP.format("  10.0.0.2:80 weight=3") + PASS)
    assert [True, False] == [each.dropped for each in kept]
    asking.send(GET)
    assert kept[1].received().startswith(b"GET ")
    assert [("10.0.0.1", 80), ("10.0.0.2", 80)] == servers.asked


@pytest.mark.parametrize("other", ["keepalive = 7\n", "keepalive_timeout = 7s\n"])
def test_idle_connections_of_another_kind(other: str, house: House) -> None:
    """Where connections are to be kept in another way those of before end when they are idle."""
    text = APP.format("  10.0.0.1:80") + PASS
    service = house.start(text)
    servers, asking, busy = Servers(house.reactor), client(house), client(house)
    asking.send(GET)
    idle = servers.accept()
    idle.send(OK)
    busy.send(GET)
    load(house, service, APP.format("  10.0.0.1:80") + other + PASS)
    idle.send(OK)
    assert idle.dropped
    assert busy.received().endswith(b"ok")


def test_status_counts_generations(house: House) -> None:
    """The status page says how often a configuration was loaded, and shows the servers of now."""
    text = APP.format("  10.0.0.1:80") + PASS + "[location www = /status]\ncheck_status = json\n"
    service = house.start(text)
    load(house, service, "nonsense")
    load(house, service, text.replace("10.0.0.1", "10.0.0.7"))
    asking = client(house)
    asking.send(GET.replace(b"/x", b"/status"))
    page = asking.received()
    assert b'"generation": 2' in page
    assert b'"name": "10.0.0.7:80"' in page


def test_limits_hold_at_once(house: House) -> None:
    """`worker_connections` and `worker_shutdown_timeout` are those of now."""
    service = house.start(HELLO.format("  8080\n"))
    more = "[main]\nworker_connections = 7\nworker_connections_per_address = 3\nworker_shutdown_timeout = 9s\n"
    load(house, service, more + HELLO.format("  8080\n"))
    assert (7, 3, 9.0) == (
        service._accepting.most,
        service._accepting.most_each,
        service.settings.worker_shutdown_timeout,
    )


def test_control_takes_a_restart(house: House, told: list[str]) -> None:
    """Another control socket is told to take a restart; all else holds."""
    service = house.start(HELLO.format("  8080\n"))
    for times in (1, 2):
        assert [] == load(house, service, "[main]\ncontrol = unix:/nowhere\n" + HELLO.format("  8080\n"))
        warning = "warn: control: another socket, or none, takes a restart; the one of the start stays"
        assert times == told.count(warning)


def test_demo_servers_stay(house: House) -> None:
    """A demonstration server that is still named stays at its port; one that is not is gone."""
    service = house.start(APP.format("  demo:a\n  demo:b") + PASS)
    a, b, www = listening(house)
    load(house, service, APP.format("  demo:b\n  demo:c") + PASS)
    assert [b, www] == listening(house)[:2]
    assert a not in listening(house)
    assert 3 == len(listening(house))


def test_name_that_is_not_found_now(house: House) -> None:
    """A name that does not resolve when the file is loaded anew keeps the addresses that it had."""
    service = house.open(APP.format("  app.example:80") + PASS)
    service.startService()
    service._builder.lookup._lookup = nobody
    assert [] == load(house, service, APP.format("  app.example:80 weight=2") + PASS)
    client(house).send(GET)
    assert ("10.0.0.1", 80) == Servers(house.reactor).asked[-1]


def nobody(host: str, port: int) -> list[object]:
    """Find nothing."""
    raise OSError("nobody knows it")


# -- checks ----------------------------------------------------------------------------------------------------------

CHECKED = APP.format("  10.0.0.1:80{}") + "check = interval=10s type=http rise=1 {}\n" + PASS


@pytest.mark.parametrize(
    ("parameter", "check", "expected"),
    [("", "", False), (" weight=2", "", False), ("", "fall=2", True), ("", "fall=2 default_down=false", False)],
)
def test_checks_keep_their_standing(parameter: str, check: str, expected: bool, house: House) -> None:
    """Where the check is the same a server stays up; where it is another one it begins as at a start."""
    service = house.start(CHECKED.format("", ""))
    servers = Servers(house.reactor)
    servers.accept().send(PASSED)
    (peer,) = service._upstreams["app"].group.peers
    assert not peer.sick
    asked = len(servers.asked)
    load(house, service, CHECKED.format(parameter, check))
    (peer,) = service._upstreams["app"].group.peers
    assert expected == peer.sick
    # And they are checked at once.
    assert asked + 1 == len(servers.asked)
    servers.accept().send(PASSED)
    assert not peer.sick


@pytest.mark.parametrize(("check", "expected"), [("", [True, False]), ("unique=true", [False, False])])
def test_upstream_that_comes_to_a_known_address(check: str, expected: list[bool], house: House) -> None:
    """One that shares the checks of an address knows what is known there; that it comes first changes nothing."""
    text = CHECKED.format("", check)
    service = house.start(text)
    Servers(house.reactor).accept().send(PASSED)
    load(house, service, text.partition(PASS)[0].replace("app", "new") + text)
    assert expected == [upstream.group.peers[0].sick for upstream in service._upstreams.values()]


def test_checks_of_servers_that_are_gone_stop(house: House) -> None:
    """Nobody checks a server that is gone; the new one is checked at once, and down until it has passed."""
    service = house.start(CHECKED.format("", ""))
    servers = Servers(house.reactor)
    servers.accept().send(PASSED)
    load(house, service, CHECKED.replace("10.0.0.1", "10.0.0.2").format("", ""))
    assert ("10.0.0.2", 80) == servers.asked[-1]
    servers.accept().send(PASSED)
    asked = len(servers.asked)
    house.reactor.pump([1.0] * 11)
    assert {("10.0.0.2", 80)} == set(servers.asked[asked:])


def test_reload_before_the_first_checks_are_over(house: House) -> None:
    """Clients who wait for the first checks are let in when those of the new configuration allow it, not before."""
    service = house.start(CHECKED.format("", ""))
    load(house, service, CHECKED.format("", "fall=2"))
    assert service._accepting._held
    load(house, service, CHECKED.format("", "default_down=false"))
    assert not service._accepting._held


# -- who comes for others ---------------------------------------------------------------------------------------------


def test_balancers_change(house: House) -> None:
    """Who may introduce clients is whoever the file of now trusts."""
    text = "[http]\nset_real_ip_from = {}\n" + HELLO.format("  8080 proxy_protocol\n")
    service = house.start(text.format("10.0.0.1"))
    factory = house.reactor.ports[0].factory
    before, after = (IPv4Address("TCP", f"10.0.0.{number}", 1) for number in (1, 2))
    assert (True, False) == (bool(factory.buildProtocol(before)), bool(factory.buildProtocol(after)))
    load(house, service, text.format("10.0.0.2"))
    assert (False, True) == (bool(factory.buildProtocol(before)), bool(factory.buildProtocol(after)))


# -- logs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def logging(tmp_path: Path) -> Callable[[str], str]:
    """Write a configuration with logs of that name."""

    def write(name: str) -> str:
        logs = f"error_log = {tmp_path}/{name}.error info\n[http]\nlog_format = short $status\n"
        return f"[main]\n{logs}access_log = {tmp_path}/{name} short\n{APP.format('  10.0.0.1:80')}{PASS}"

    return write


def test_logs_change(house: House, logging: Callable[[str], str], tmp_path: Path) -> None:
    """What ends after the reload but began before it is in the old log, at once; all that begins now in the new one."""
    service = house.start(logging("old"))
    busy, other = client(house), client(house)
    busy.send(GET)
    load(house, service, logging("new"))
    other.send(GET)
    servers = Servers(house.reactor)
    for _ in range(2):
        servers.accept().send(OK)
    assert "200\n" == (tmp_path / "old").read_text()
    house.reactor.advance(1.0)
    assert "200\n" == (tmp_path / "new").read_text()
    assert "loaded anew" in (tmp_path / "new.error").read_text()
    assert "loaded anew" not in (tmp_path / "old.error").read_text()


def test_old_logs_are_closed(house: House, logging: Callable[[str], str]) -> None:
    """When nobody can write to them any more the old logs are closed at once, however often all is loaded anew."""
    service = house.start(logging("0"))
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for nth in range(1, 4):
        assert [] == load(house, service, logging(str(nth)))
        assert before == len(os.listdir("/proc/self/fd"))
