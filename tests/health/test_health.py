import errno
from collections.abc import Generator

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred, fail
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.config.settings import Check
from stickyproxy.health.health import Health, ServerCheck
from tests.health.wires import Wires, address
from tests.wire import End

CHECK = Check("http", interval=10.0, fall=2, rise=1, timeout=1.0)
OK = b"HTTP/1.1 200 OK\r\n"
NO = b"HTTP/1.1 503 No\r\n"


@define(eq=False)
class Server:
    """A server under check."""

    address: InetAddress | UnixAddress = field(factory=address)
    sick: bool = False

    @property
    def name(self) -> bytes:
        return str(self.address).encode()


class House:
    """The checks, and their servers."""

    def __init__(self) -> None:
        self.wires = Wires()
        self.health = Health(self.wires.reactor, lambda: 0.5)

    def watch(self, server: Server, check: Check = CHECK, upstream: str = "app") -> ServerCheck:
        """Have a server checked."""
        self.health.watch(upstream, server, check, self.wires.connect)
        found = self.health.of(server)
        assert found is not None
        return found

    def check(self, *answers: bytes) -> None:
        """Let each check that waits be answered, one after the other, and the next one come."""
        for answer in answers:
            end: End = self.wires.servers.accept()
            end.send(answer)
        begun = len(self.wires.servers.asked)
        while begun == len(self.wires.servers.asked):
            self.wires.wait(0.1)


@pytest.fixture
def told() -> Generator[list[str], None, None]:
    """What the error log is told, at the level of information."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        if event["log_namespace"].startswith("stickyproxy.health"):
            lines.append(f"{event['log_level'].name}: {formatEvent(event)}")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def test_sick() -> None:
    """A server is sick from the beginning, well when its checks pass, and sick again when so many have failed."""
    house = House()
    server = Server()
    found = house.watch(server)
    house.health.start()
    states = [server.sick]
    for answer in (OK, NO, NO, OK):
        house.check(answer)
        states.append(server.sick)
    assert [True, False, False, True, False] == states
    assert (True, 1, 0, "") == (found.up, found.rise, found.fall, found.reason)


def test_default_up() -> None:
    """With `default_down=false` a server is well until so many checks have failed, and the start waits for nothing."""
    house = House()
    server = Server()
    house.watch(server, evolve(CHECK, default_down=False))
    assert house.health.start().called
    states = [server.sick]
    for answer in (NO, NO, OK):
        house.check(answer)
        states.append(server.sick)
    assert [False, False, True, False] == states


def test_first_round() -> None:
    """The start is over when every server that begins as down has had its first round."""
    house = House()
    servers = [Server(address(port)) for port in (1, 2)]
    for server in servers:
        house.watch(server)
    first = house.health.start()
    house.wires.servers.accept().send(OK)
    assert not first.called
    house.wires.servers.accept().send(NO)
    assert first.called
    assert [False, True] == [server.sick for server in servers]


def test_nobody() -> None:
    """Where nobody is checked nobody waits."""
    house = House()
    assert house.health.start().called
    assert (None, []) == (house.health.of(Server()), house.health.checks)


def test_shown() -> None:
    """What is known of each server can be read, in the order in which they came."""
    house = House()
    found = [house.watch(Server(address(port)), evolve(CHECK, port=check), "u") for port, check in ((2, 0), (1, 9))]
    assert found == house.health.checks
    house.health.start()
    house.check(NO, OK)
    shown = [
        (each.upstream, each.name, each.type, each.port, each.up, each.rise, each.fall, each.reason) for each in found
    ]
    assert [
        ("u", "10.0.0.1:2", "http", 0, False, 0, 1, "it answers 503"),
        ("u", "10.0.0.1:1", "http", 9, True, 1, 0, ""),
    ] == shown


def test_port() -> None:
    """Another port than that of the traffic is checked if one is given; a Unix socket has none."""
    house = House()
    house.watch(Server(address(80)), evolve(CHECK, port=8081))
    house.watch(Server(address(81)))
    house.health.start()
    assert [("10.0.0.1", 8081), ("10.0.0.1", 81)] == house.wires.servers.asked


def test_told(told: list[str]) -> None:
    """Changes are told, once each: the first state, and what comes of it."""
    house = House()
    server = Server()
    house.watch(server)
    house.health.start()
    for answer in (NO, NO, OK, OK, NO, NO, NO, OK):
        house.check(answer)
    assert [
        "info: upstream app: 10.0.0.1:80 is down: it answers 503 (1 failed check)",
        "info: upstream app: 10.0.0.1:80 is up",
        "info: upstream app: 10.0.0.1:80 is down: it answers 503 (2 failed checks)",
        "info: upstream app: 10.0.0.1:80 is up",
    ] == told


def test_not_told(told: list[str]) -> None:
    """That a server is up which was taken for that is no news."""
    house = House()
    house.watch(Server(), evolve(CHECK, default_down=False))
    house.health.start()
    for answer in (OK, NO, OK):
        house.check(answer)
    assert [] == told


def test_nothing_learnt(told: list[str]) -> None:
    """When there is no socket left for the first round a server stays as down as it was, and nothing is told."""

    class Without:
        def connect(self, factory: object) -> "Deferred[None]":
            return fail(OSError(errno.EMFILE, "too many open files"))

    house = House()
    server = Server()
    house.health.watch("app", server, CHECK, lambda address: Without())
    assert house.health.start().called
    assert (True, []) == (server.sick, told)


# -- one address of several upstreams --------------------------------------------------------------------------------


def test_unique() -> None:
    """With `unique` an address is checked once, for all who ask the same of it."""
    house = House()
    check = evolve(CHECK, unique=True)
    servers = [Server(), Server()]
    for server in servers:
        house.watch(server, check)
    house.health.start()
    house.check(OK)
    assert [False, False] == [server.sick for server in servers]
    house.check(NO)
    house.check(NO)
    assert [True, True] == [server.sick for server in servers]


@pytest.mark.parametrize(
    ("check", "port"),
    [(CHECK, 80), (evolve(CHECK, unique=True, fall=3), 80), (evolve(CHECK, unique=True), 81)],
)
def test_not_shared(check: Check, port: int) -> None:
    """Another address, other settings, or none of this: a state of one's own."""
    house = House()
    one, other = Server(), Server(address(port))
    house.watch(one, evolve(CHECK, unique=True))
    house.watch(other, check)
    house.health.start()
    house.check(OK, NO)
    assert (False, True) == (one.sick, other.sick)


def test_shared_late() -> None:
    """Who comes later to a shared check finds its state."""
    house = House()
    check = evolve(CHECK, unique=True)
    house.watch(Server(), check)
    house.health.start()
    house.check(OK)
    server = Server(sick=True)
    assert house.watch(server, check).up
    assert not server.sick


# -- servers that come and go ----------------------------------------------------------------------------------------


def test_comes_later() -> None:
    """A server that comes while others are checked is checked at once."""
    house = House()
    house.health.start()
    server = Server()
    house.watch(server)
    house.check(OK)
    assert not server.sick


def test_goes() -> None:
    """A server that goes is checked no more, also within a check, and nobody waits for it."""
    house = House()
    server = Server()
    house.watch(server)
    first = house.health.start()
    end = house.wires.servers.accept()
    house.health.drop(server)
    end.send(OK)
    assert (True, None, []) == (server.sick, house.health.of(server), house.wires.reactor.getDelayedCalls())
    assert first.called


def test_hand_over() -> None:
    """What is known of a server stands for the one in its place, and so does what comes next."""
    house = House()
    old, new = Server(), Server()
    found = house.watch(old)
    house.health.start()
    house.check(OK)
    house.check(OK)
    house.health.hand_over(old, new)
    assert (None, found, False) == (house.health.of(old), house.health.of(new), new.sick)
    house.wires.servers.accept().send(NO)
    assert 1 == found.fall
    house.health.drop(new)
    assert ([], []) == (house.health.checks, house.wires.reactor.getDelayedCalls())


def test_one_of_two_goes() -> None:
    """A shared check goes on for the other one."""
    house = House()
    check = evolve(CHECK, unique=True)
    servers = [Server(), Server()]
    for server in servers:
        house.watch(server, check)
    house.health.start()
    house.health.drop(servers[0])
    house.check(OK)
    assert [True, False] == [server.sick for server in servers]
    house.health.drop(servers[1])
    assert [] == house.wires.reactor.getDelayedCalls()


def test_stop() -> None:
    """After the stop nothing is left, and what a start was waited for has not come true."""
    house = House()
    house.watch(Server())
    house.watch(Server(address(81)))
    first = house.health.start()
    house.wires.servers.accept().send(OK)
    house.health.stop()
    assert ([], False) == (house.wires.reactor.getDelayedCalls(), first.called)
