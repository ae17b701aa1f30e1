"""The running proxy: what it opens, tells, writes and leaves behind."""

import errno
import gc
import os
import signal
import socket
from collections.abc import Callable, Generator
from ipaddress import ip_address
from itertools import count
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, capturedLogs, formatEvent, globalLogPublisher
from zope.interface import implementer

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.load import loads
from stickyproxy.descriptors import connections, raise_limit
from stickyproxy.errors import StartError
from stickyproxy.service import ProxyService, make_service
from tests.wire import Servers, connect

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = "[server www]\nlisten = {}\n[location www /]\nreturn = 200 hello\n"
HELLO = ANSWER.format("127.0.0.1:8080")
# What a service changes outside itself while it runs.
SIGNALS = (signal.SIGUSR1, signal.SIGHUP)


@implementer(IListeningPort)
class Port:
    """A port of the reactor below, from when somebody listens until they stop."""

    def __init__(self, ports: list["Port"], factory: Factory, address: IAddress) -> None:
        self.factory = factory
        self._address = address
        self._ports = ports
        ports.append(self)

    def startListening(self) -> None:
        """It listens already."""

    def stopListening(self) -> None:
        # Twisted's may be stopped once more, too.
        if self in self._ports:
            self._ports.remove(self)

    def getHost(self) -> IAddress:
        return self._address


class Reactor(MemoryReactorClock):
    """A reactor in memory whose `ports` are those that are open; port 81 is taken by others."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[Port] = []
        self._free = count(40000)

    def listenTCP(self, port: int, factory: Factory, backlog: int = 50, interface: str = "") -> Port:
        if port == 81:
            raise CannotListenError(interface, port, OSError(errno.EADDRINUSE, "Address already in use"))
        kind = IPv6Address if ":" in interface else IPv4Address
        return Port(self.ports, factory, kind("TCP", interface or "0.0.0.0", port or next(self._free)))

    def callFromThread(self, act: Callable[[], object]) -> None:
        act()


def lookup(host: str, port: int) -> list[InetAddress]:
    """Find every host but `nowhere` at two addresses."""
    if host == "nowhere":
        raise OSError("nobody knows it")
    return [InetAddress(ip_address(f"10.0.0.{number}"), port) for number in (1, 2)]


class House:
    """A service over a reactor in memory."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.opened: list[ProxyService] = []
        self.text = ""

    def open(self, text: str) -> ProxyService:
        """Open what the configuration names."""
        self.text = text
        service = ProxyService(self.reactor, loads(text), lambda: loads(self.text))
        service.open(lookup)
        self.opened.append(service)
        return service

    def start(self, text: str) -> ProxyService:
        """Open what the configuration names, and serve it."""
        service = self.open(text)
        service.startService()
        return service

    def answer(self, request: bytes = GET) -> bytes:
        """Give what a client gets at the port that was opened last."""
        client = connect(self.reactor.ports[-1].factory)
        client.send(request)
        return client.received()


@pytest.fixture
def house() -> Generator[House, None, None]:
    """A house whose services are stopped in the end."""
    house = House()
    yield house
    for service in house.opened:
        if service.running:
            service.stopService()


def outside() -> list[object]:
    """What a service may not leave changed."""
    return [*map(signal.getsignal, SIGNALS), list(globalLogPublisher._observers)]


PASS = "[server www]\nlisten = 127.0.0.1:8080\n[location www /]\nproxy_pass = http://10.0.0.1:80\n"


# -- start and stop --------------------------------------------------------------------------------------------------


def test_service_listens_and_answers(house: House) -> None:
    """A service that was opened and started answers where its configuration says."""
    assert house.start(HELLO).running
    assert [("127.0.0.1", 8080)] == [(port.getHost().host, port.getHost().port) for port in house.reactor.ports]
    assert house.answer().endswith(b"\r\n\r\nhello")


def test_stopped_service_leaves_nothing(house: House, tmp_path: Path) -> None:
    """After the stop no port is open, no timer runs, and signals and logging are as they were before."""
    before = outside()
    demos = "[upstream app]\nserver =\n demo:a\n demo:b\n"
    service = house.start(f"[main]\nerror_log = {tmp_path}/error.log\n{demos}{HELLO}")
    assert 3 == len(house.reactor.ports)
    assert all(now != then for now, then in zip(outside(), before, strict=True))
    stopped: list[None] = []
    service.stopService().addCallback(stopped.append)
    assert ([None], [], []) == (stopped, house.reactor.ports, house.reactor.getDelayedCalls())
    assert not service.running
    assert before == outside()


def test_time_passes_for_connections(house: House) -> None:
    """A running service ends what has waited too long, such as a client that never asks."""
    house.start("[http]\nclient_header_timeout = 5s\n" + HELLO)
    client = connect(house.reactor.ports[0].factory)
    house.reactor.pump([1.0] * 4)
    assert not client.dropped
    house.reactor.pump([1.0] * 2)
    assert client.dropped


def test_service_that_was_never_started_can_be_stopped(house: House) -> None:
    """What was opened is closed, even if nothing was served."""
    before = outside()
    house.open(HELLO).stopService()
    assert [] == house.reactor.ports
    assert before == outside()


def test_idle_connections_to_servers_are_closed_at_the_stop(house: House) -> None:
    """Connections that were kept for the next request end with the service."""
    text = "[upstream app]\nserver = 10.0.0.1:80\n[server www]\n[location www /]\nproxy_pass = http://app\n"
    service = house.start(text)
    client = connect(house.reactor.ports[0].factory)
    client.send(GET)
    kept = Servers(house.reactor).accept()
    kept.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert client.received().endswith(b"ok")
    assert not kept.dropped
    service.stopService()
    assert kept.dropped


# -- what it tells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listen", "shown"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("8080", "127.0.0.1:8080"),
        ("[::1]:8080", "[::1]:8080"),
        ("[::]:8080", "[::1]:8080"),
        ("127.0.0.1:0", "127.0.0.1:40000"),
    ],
)
def test_start_tells_where_to_ask(listen: str, shown: str, house: House, told: list[str]) -> None:
    """The start tells the address as a client on this machine writes it, with the port that was really opened."""
    house.start(ANSWER.format(listen))
    assert [f"info: listening on {shown}"] == told


def test_start_with_demo_servers_tells_how_to_try(house: House, told: list[str]) -> None:
    """With demonstration servers the start tells two commands: one that goes from server to server, one that stays."""
    house.start(f"[upstream app]\nserver = demo:a\nsession_sticky = hash=plain\n{HELLO}")
    assert [
        "info: listening on 127.0.0.1:8080",
        "info: each request goes to the next server:  curl http://127.0.0.1:8080/",
        "info: with a cookie jar they stay on one:  curl -c jar -b jar http://127.0.0.1:8080/",
    ] == told


def test_error_log_gets_what_is_told(house: House, tmp_path: Path) -> None:
    """What parts of the proxy tell is in each error log from its level on."""
    house.start(f"[main]\nerror_log =\n {tmp_path}/info.log info\n {tmp_path}/error.log\n{HELLO}")
    assert (tmp_path / "info.log").read_text().endswith(" [info] listening on 127.0.0.1:8080\n")
    assert "" == (tmp_path / "error.log").read_text()


def test_error_log_gets_once_what_twistd_replays(house: House, tmp_path: Path) -> None:
    """What is told while the service is opened is written once, although twistd tells it again when logging begins."""
    early: list[LogEvent] = []
    globalLogPublisher.addObserver(early.append)
    service = house.open(f"[main]\nerror_log = {tmp_path}/error.log warn\n[upstream app]\nserver = nowhere:80\n{HELLO}")
    globalLogPublisher.removeObserver(early.append)
    for event in early:
        globalLogPublisher(event)
    service.startService()
    ((_, _, told),) = [line.split(" ", 2) for line in (tmp_path / "error.log").read_text().splitlines()]
    assert "[warn] nowhere:80 does not resolve and is down: nobody knows it" == told


def test_garbage_is_looked_for_less_often(house: House) -> None:
    """While the service runs Python looks for garbage less often, and then as it did before."""
    before = gc.get_threshold()
    service = house.start(HELLO)
    assert (10_000, *before[1:]) == gc.get_threshold()
    service.stopService()
    assert before == gc.get_threshold()


# -- servers ---------------------------------------------------------------------------------------------------------


def test_names_are_looked_up_when_the_service_is_opened(house: House) -> None:
    """Requests take turns over all addresses of a name."""
    text = "[upstream app]\nserver = app.example:80\n[server www]\n[location www /]\nproxy_pass = http://app\n"
    house.start(text)
    house.answer()
    house.answer()
    assert [("10.0.0.1", 80), ("10.0.0.2", 80)] == Servers(house.reactor).asked


def test_demo_servers_run_inside(house: House) -> None:
    """Requests to a demonstration server go to a loopback port that the service itself has opened."""
    text = "[upstream app]\nserver = demo:a\n[server www]\n[location www /]\nproxy_pass = http://app\n"
    house.start(text)
    demo = house.reactor.ports[0]
    client = connect(house.reactor.ports[1].factory)
    client.send(GET)
    assert [("127.0.0.1", demo.getHost().port)] == Servers(house.reactor).asked
    server = Servers(house.reactor).accept()
    there = connect(demo.factory)
    there.send(server.received())
    server.send(there.received())
    there.close()
    assert b"\r\n\r\nserver a\n" in client.received()


# -- logs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the access log is."""
    return tmp_path / "access.log"


@pytest.fixture
def logging(log: Path) -> str:
    """A configuration with an access log."""
    return f"[http]\nlog_format = short $status\naccess_log = {log} short\n{HELLO}"


def test_access_log_is_written_within_a_second(house: House, log: Path, logging: str) -> None:
    """Lines of finished requests are gathered, and written a second later at the latest."""
    house.start(logging)
    house.answer()
    house.answer()
    assert "" == log.read_text()
    house.reactor.advance(1.0)
    assert "200\n200\n" == log.read_text()


def test_access_log_is_written_at_the_stop(house: House, log: Path, logging: str) -> None:
    """No line is lost when the service stops."""
    service = house.start(logging)
    house.answer()
    service.stopService()
    assert "200\n" == log.read_text()


def test_request_that_outlives_the_service_is_logged(house: House, log: Path) -> None:
    """A request that is cut off when the process ends still has its line."""
    text = f"[http]\nlog_format = short $status\naccess_log = {log} short\n"
    text += "[server www]\n[location www /]\nproxy_pass = http://10.0.0.1\n"
    service = house.start(text)
    client = connect(house.reactor.ports[0].factory)
    client.send(GET)
    service.stopService()
    client.close()
    assert "499\n" == log.read_text()


def test_sigusr1_reopens_the_logs(house: House, tmp_path: Path, log: Path, logging: str) -> None:
    """After a rename and SIGUSR1 the next line is in the new file, and all before it in the old one."""
    house.start(logging)
    house.answer()
    log.rename(tmp_path / "access.log.1")
    signal.raise_signal(signal.SIGUSR1)
    house.answer(GET.replace(b"Host", b"Guest"))
    house.reactor.advance(1.0)
    assert ("200\n", "400\n") == ((tmp_path / "access.log.1").read_text(), log.read_text())


def test_sighup_loads_anew(house: House, told: list[str]) -> None:
    """After SIGHUP requests are answered as the file says now, also those on connections that are open already."""
    house.start(HELLO)
    client = connect(house.reactor.ports[0].factory)
    house.text = HELLO.replace("hello", "other")
    signal.raise_signal(signal.SIGHUP)
    assert "info: the configuration is loaded anew" == told[-1]
    client.send(GET)
    assert client.received().endswith(b"other")
    assert house.answer().endswith(b"other")


# -- the end ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stops(house: House) -> list[str]:
    """When the reactor is stopped, it is written down."""
    told: list[str] = []
    house.reactor.stop = lambda: told.append("stopped")
    return told


def test_end_without_requests(house: House, stops: list[str]) -> None:
    """Where nothing is in progress the end is at once: no port is open, idle clients are gone, no timer waits."""
    service = house.start(HELLO)
    idle = connect(house.reactor.ports[0].factory)
    service.end()
    assert (True, [], []) == (idle.dropped, house.reactor.ports, stops)
    idle.close()
    assert ["stopped"] == stops
    house.reactor.advance(100)
    assert ["stopped"] == stops


def test_end_waits_for_requests(house: House, stops: list[str]) -> None:
    """A request in progress is waited for, but not longer than `worker_shutdown_timeout`."""
    service = house.start("[main]\nworker_shutdown_timeout = 5s\n" + PASS)
    client = connect(house.reactor.ports[0].factory)
    client.send(GET)
    service.end()
    house.reactor.advance(4.9)
    assert [] == stops
    house.reactor.advance(0.1)
    assert ["stopped"] == stops


def test_end_asked_twice(house: House, stops: list[str]) -> None:
    """Who asks a second time does not wait."""
    service = house.start(PASS)
    connect(house.reactor.ports[0].factory).send(GET)
    service.end()
    service.end()
    assert ["stopped"] == stops


# -- what is in the way ----------------------------------------------------------------------------------------------

MUCH = """\
[main]
error_log = {folder}/error.log
[http]
access_log = {folder}/{log}
[upstream app]
server = demo:a
[server www]
listen =
    127.0.0.1:8080
    {listen}
return = 200
"""


def refusal(house: House, text: str) -> str:
    """Say why a configuration cannot be opened, having seen that nothing of it stays open."""
    gc.collect()
    before = outside(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(StartError) as refused:
        house.open(text)
    assert before == (outside(), len(os.listdir("/proc/self/fd")))
    assert [] == house.reactor.ports
    return str(refused.value)


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        ("127.0.0.1:81", "[Errno 98] Address already in use"),
        ("tcp:http", "invalid literal for int() with base 10: 'http'"),
        ("ssl:8443:privateKey=/nowhere.pem", "[Errno 2] No such file or directory: '/nowhere.pem'"),
        ("systemd:domain=INET:index=0", "list index out of range"),
    ],
)
def test_place_that_is_not_to_be_had(listen: str, reason: str, house: House, tmp_path: Path) -> None:
    """A place that cannot be listened at is refused in one line, with its own, and nothing else stays open."""
    text = MUCH.format(folder=tmp_path, log="access.log", listen=listen)
    assert f"sticky.ini:10: listen: cannot listen on {listen}: {reason}" == refusal(house, text)


def test_log_that_is_not_to_be_had(house: House, tmp_path: Path) -> None:
    """A log that cannot be opened is refused in one line, with its own, and nothing else stays open."""
    text = MUCH.format(folder=tmp_path, log="no/access.log", listen="8081")
    reason = f"cannot open the log {tmp_path}/no/access.log: No such file or directory"
    assert f"sticky.ini:4: access_log: {reason}" == refusal(house, text)


def test_error_log_that_is_not_to_be_had(house: House, tmp_path: Path) -> None:
    """An error log that cannot be opened is refused like any other."""
    reason = f"cannot open the log {tmp_path}: Is a directory"
    assert f"sticky.ini:3: error_log: {reason}" == refusal(house, f"[main]\nerror_log =\n  {tmp_path}\n{PASS}")


def test_folder_that_takes_no_files(house: House, tmp_path: Path) -> None:
    """A folder for temporary files in which none can be made is refused like a log."""
    wrong = f"{tmp_path}/no: cannot be used: No such file or directory; expected a folder that may be written to"
    text = f"[http]\nproxy_temp_path = {tmp_path}/no\n{PASS}"
    assert f"sticky.ini:2: proxy_temp_path: {wrong}" == refusal(house, text)


# -- real sockets ----------------------------------------------------------------------------------------------------


def make(text: str) -> ProxyService:
    """Make a service as twistd does."""
    service = make_service(loads(text), lambda: loads(text))
    assert isinstance(service, ProxyService)
    return service


def is_open(address: tuple[str, int]) -> bool:
    """Whether somebody listens at an address."""
    with socket.socket() as client:
        return client.connect_ex(address) == 0


@pytest_twisted.inlineCallbacks
def test_as_many_connections_as_files() -> Generator[Deferred[None], object, None]:
    """There is no more room for clients than descriptors allow, whatever is asked for; the operator is warned."""
    most = connections(raise_limit())
    for asked, expected, warnings in ((most + 1, most, 1), (most, most, 0)):
        with capturedLogs() as told:
            service = make(f"[main]\nworker_connections = {asked}\n" + ANSWER.format("127.0.0.1:0"))
        assert expected == service.settings.worker_connections
        assert warnings == len([each for each in told if f"worker_connections: {most} " in (formatEvent(each) or "")])
        yield service.stopService()


@pytest_twisted.inlineCallbacks
def test_nothing_listens_after_the_stop() -> Generator[Deferred[None], object, None]:
    """A service holds its port from when it is made until it has stopped."""
    service = make(ANSWER.format("127.0.0.1:0"))
    address = service.ports[0].getHost()
    assert is_open((address.host, address.port))
    service.startService()
    yield service.stopService()
    assert not is_open((address.host, address.port))


@pytest_twisted.inlineCallbacks
def test_taken_port_closes_those_before_it(tmp_path: Path) -> Generator[Deferred[None], object, None]:
    """When a port is taken, those that were opened before it are closed again."""
    path = tmp_path / "socket"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = "{}:{}".format(*taken.getsockname())
        with pytest.raises(StartError, match=f"^sticky.ini:4: listen: cannot listen on {place}: .*in use$"):
            make(ANSWER.format(f"\n    unix:{path}\n    {place}"))
    turn: Deferred[None] = Deferred()
    reactor.callLater(0, turn.callback, None)
    yield turn
    assert not path.exists()


# -- checks ----------------------------------------------------------------------------------------------------------

CHECKED = "[upstream app]\nserver = 10.0.0.1:80\ncheck = type=http rise=1\n"
CHECKED += "[server www]\nlisten = 127.0.0.1:8080\n[location www /]\nproxy_pass = http://app\n"


def test_checks(house: House) -> None:
    """Servers are checked from the start, and get requests when they have passed."""
    service = house.start(CHECKED)
    assert b"HTTP/1.1 502 " == house.answer()[:13]
    servers = Servers(house.reactor)
    servers.accept().send(b"HTTP/1.0 200 OK\r\n")
    house.answer()
    assert [("10.0.0.1", 80)] * 2 == servers.asked
    service.stopService()
    assert [] == house.reactor.getDelayedCalls()
