"""Ports of Twisted's on real sockets, whose reactor is one in memory: a test turns it by hand."""

import os
import resource
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from twisted.internet import unix
from twisted.internet.error import ConnectionAborted
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Port
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.python.failure import Failure

from stickyproxy.http.accepting import RETRY, Accepting, nobody

HOST = "127.0.0.1"


class Serving(Factory):
    """Remembers the connections that it serves."""

    noisy = False

    def __init__(self) -> None:
        self.served: list[Protocol] = []

    def buildProtocol(self, addr: object) -> Protocol:
        self.served.append(Protocol())
        return self.served[-1]


class House:
    """Ports of one process, and clients that connect to them."""

    def __init__(self, most: int, most_each: int = 0) -> None:
        self.reactor = MemoryReactorClock()
        self.accepting = Accepting(self.reactor, most, most_each)
        self.factory = Serving()
        self._ports: list[Port] = []
        self.clients: list[socket.socket] = []

    def port(self) -> Port:
        """Listen on a port."""
        return self.add(Port(0, self.factory, interface=HOST, reactor=self.reactor))

    def add(self, port: Port, trusts: Callable[[bytes], bool] = nobody) -> Port:
        """Have a port listen."""
        port.startListening()
        self.accepting.watch(port, trusts)
        self._ports.append(port)
        return port

    def come(self, port: Port, clients: int = 1, source: str = HOST) -> None:
        """Have clients connect, and the port accept them until it thinks that nobody waits."""
        for _ in range(clients):
            self.clients.append(socket.create_connection((HOST, port.getHost().port), source_address=(source, 0)))
        self.turn(port)

    def turn(self, port: Port) -> None:
        """Have the reactor tell the port that there are clients, if it wants to know."""
        for _ in range(10):
            if self.accepts(port):
                port.doRead()

    def accepts(self, port: Port) -> bool:
        """Whether the port wants to know of clients."""
        return port in self.reactor.readers

    def leave(self, nth: int = -1) -> None:
        """End a connection."""
        transport = self.factory.served.pop(nth).transport
        assert transport is not None
        transport.connectionLost(Failure(ConnectionAborted()))

    def close(self) -> None:
        while self.factory.served:
            self.leave()
        for client in self.clients:
            client.close()
        for port in self._ports:
            port.connectionLost(Failure(ConnectionAborted()))


@pytest.fixture
def house() -> Generator[House, None, None]:
    """Give a process that takes two clients."""
    house = House(2)
    yield house
    house.close()


@contextmanager
def exhausted() -> Iterator[None]:
    """Leave this process no descriptor to open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def said(told: list[LogEvent]) -> list[str | None]:
    """What the operator was told of accepting; Twisted tells of other things."""
    return [formatEvent(event) for event in told if event["log_namespace"] == "stickyproxy.http.accepting"]


def test_twisted_has_what_this_builds_on() -> None:
    """Twisted's ports accept on an attribute `socket` and make a `transport` of what they get; Unix sockets too."""
    for kind in (Port, unix.Port):
        assert isinstance(kind.transport, type)
        assert callable(kind.transport.connectionLost)
    port = Port(0, Serving(), reactor=MemoryReactorClock())
    port.startListening()
    assert callable(port.socket.accept)
    port.connectionLost(Failure(ConnectionAborted()))


# -- as many as may be -----------------------------------------------------------------------------------------------


def test_as_many_as_may_be(house: House) -> None:
    """No more connections are accepted than there may be, on all ports together, and that is told once."""
    first, second = house.port(), house.port()
    with capturedLogs() as told:
        house.come(first, 3)
        house.come(second)
    assert (2, 2) == (len(house.factory.served), house.accepting.count)
    assert (False, False) == (house.accepts(first), house.accepts(second))
    assert ["accepting pauses: 2 connections are open, as many as worker_connections allows"] == said(told)


def test_exactly_as_many(house: House) -> None:
    """As long as nobody waits there is nothing to tell."""
    port = house.port()
    with capturedLogs() as told:
        house.come(port, 2)
    assert (True, []) == (house.accepts(port), said(told))


def test_room_again(house: House) -> None:
    """When one connection ends the next is accepted at once; all that goes on until nobody waits is one shortage."""
    port = house.port()
    with capturedLogs() as told:
        house.come(port, 5)
        for _ in range(3):
            house.leave()
            assert house.accepts(port)
            house.turn(port)
            assert 2 == len(house.factory.served)
        house.reactor.advance(RETRY)
    assert (True, 1) == (house.accepts(port), len(said(told)) - 1)
    assert "accepting goes on" == said(told)[-1]


def test_still_full(house: House) -> None:
    """As long as nobody leaves nothing happens, and nothing more is told."""
    port = house.port()
    with capturedLogs() as told:
        house.come(port, 3)
        house.reactor.pump([RETRY] * 10)
    assert (False, 1) == (house.accepts(port), len(said(told)))


def test_another_shortage(house: House) -> None:
    """One shortage behind another is told again."""
    port = house.port()
    with capturedLogs() as told:
        for _ in range(2):
            house.come(port, 3)
            house.leave()
            house.turn(port)
            house.reactor.advance(RETRY)
            house.leave()
            house.leave()
    assert 4 == len(said(told))


def test_a_connection_that_is_lost_twice(house: House) -> None:
    """A connection that Twisted tells of twice was one all the same."""
    port = house.port()
    house.come(port, 2)
    transport = house.factory.served[-1].transport
    house.leave()
    transport.connectionLost(Failure(ConnectionAborted()))
    assert 1 == house.accepting.count


def test_a_protocol_that_fails(house: House) -> None:
    """A connection whose protocol fails at its end has ended."""
    port = house.port()
    house.come(port)
    house.factory.served[0].connectionLost = lambda reason: 1 / 0
    with pytest.raises(ZeroDivisionError):
        house.leave()
    assert 0 == house.accepting.count


def test_unix(house: House, tmp_path: Path) -> None:
    """Connections on Unix sockets count too."""
    path = str(tmp_path / "socket")
    port = house.add(unix.Port(path, house.factory, reactor=house.reactor))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        house.turn(port)
    assert 1 == house.accepting.count


# -- as many of one address as may be --------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Generator[House, None, None]:
    """Give a process that takes ten clients, two of each address."""
    house = House(10, 2)
    yield house
    house.close()


def test_as_many_of_one_address(strict: House) -> None:
    """What one address has too much of is closed, on all ports together; that is told once, and others are served."""
    first, second = strict.port(), strict.port()
    with capturedLogs() as told:
        strict.come(first, 2)
        strict.come(second, 3)
        strict.come(first, source="127.0.0.2")
    assert (3, True) == (strict.accepting.count, strict.accepts(second))
    assert [b"", b"", b""] == [client.recv(1) for client in strict.clients[2:5]]
    assert ["127.0.0.1 has 2 connections: more are closed"] == said(told)


def test_one_address_has_room_again(strict: House) -> None:
    """When one of its connections ends an address may have another one; the next that is too much is told again."""
    port = strict.port()
    with capturedLogs() as told:
        for _ in range(2):
            strict.come(port, 3)
            strict.leave()
    assert (1, 2) == (strict.accepting.count, len(said(told)))
    strict.leave()
    strict.come(port, 2)
    assert 2 == strict.accepting.count


def test_who_comes_for_others(strict: House) -> None:
    """An address that is trusted may have as many as it likes."""
    port = strict.add(
        Port(0, strict.factory, interface=HOST, reactor=strict.reactor), lambda host: host == b"127.0.0.1"
    )
    with capturedLogs() as told:
        strict.come(port, 4)
    assert (4, []) == (strict.accepting.count, said(told))


# -- no descriptors --------------------------------------------------------------------------------------------------


def test_no_descriptors(house: House) -> None:
    """Where descriptors have run out all ports pause, one line tells of it, and who waits is not turned away."""
    port, other = house.port(), house.port()
    with capturedLogs() as told:
        client = socket.create_connection((HOST, port.getHost().port))
        with exhausted():
            house.turn(port)
            house.reactor.pump([RETRY] * 10)
        assert (False, False, []) == (house.accepts(port), house.accepts(other), house.factory.served)
        assert ["accepting pauses: too many open files"] == said(told)
        house.reactor.advance(RETRY)
        house.turn(port)
        assert (True, 1) == (house.accepts(other), len(house.factory.served))
        house.reactor.advance(RETRY)
    assert ["accepting goes on"] == said(told)[1:]
    client.close()


def test_no_descriptors_until_one_leaves(house: House) -> None:
    """A connection that ends leaves its descriptor to the next one, at once."""
    port = house.port()
    house.come(port)
    client = socket.create_connection((HOST, port.getHost().port))
    with exhausted():
        house.turn(port)
        assert not house.accepts(port)
        house.leave()
        house.turn(port)
    assert (True, 1) == (house.accepts(port), len(house.factory.served))
    client.close()


def test_what_is_no_shortage(house: House) -> None:
    """A client that is gone before it is accepted, and whatever else is wrong with it, is left to Twisted."""
    port = house.port()
    house.accepting.close()

    class Aborted:
        def accept(self) -> None:
            raise ConnectionAbortedError(103, "gone")

    port.socket._listener, listener = Aborted(), port.socket._listener
    port.doRead()
    port.socket._listener = listener
    assert house.accepts(port)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_end(house: House) -> None:
    """At the end no timer is left, and a port that pauses goes on no more, whoever leaves."""
    port = house.port()
    house.come(port, 3)
    house.accepting.close()
    house.leave()
    assert ([], False) == (house.reactor.getDelayedCalls(), house.accepts(port))


def test_port_that_stops_while_it_pauses(house: House) -> None:
    """A port that is told to stop goes on no more, though there is room again."""
    port = house.port()
    house.come(port, 3)
    port.stopListening()
    house.leave()
    assert not house.accepts(port)


def test_ports_of_others(house: House) -> None:
    """A port that is not Twisted's accepts as it will."""
    house.accepting.watch(object())
    house.accepting.pause("so it is")
    house.accepting.close()


def test_hold(house: House) -> None:
    """Who connects while nobody is accepted waits, and is served when it goes on."""
    port = house.port()
    house.accepting.hold()
    house.come(port)
    assert 0 == len(house.factory.served)
    house.accepting.go_on()
    house.turn(port)
    assert 1 == len(house.factory.served)


def test_shortage_while_it_is_held(house: House) -> None:
    """The end of a shortage, by one who leaves or by itself, does not end the hold."""
    port = house.port()
    house.come(port, 3)
    house.accepting.hold()
    house.leave()
    assert not house.accepts(port)
    house.accepting.pause("so it is")
    house.reactor.pump([RETRY] * 3)
    assert not house.accepts(port)
    house.accepting.go_on()
    assert house.accepts(port)


def test_port_that_comes_while_nobody_is_accepted(house: House) -> None:
    """A port that is added accepts nobody either, until all do."""
    house.accepting.hold()
    port = house.port()
    house.come(port)
    assert 0 == len(house.factory.served)
    house.accepting.go_on()
    assert house.accepts(port)


def test_port_that_leaves(house: House) -> None:
    """A port that was closed is not told to go on."""
    port = house.port()
    house.accepting.leave(port)
    port.stopListening()
    house.accepting.hold()
    house.accepting.go_on()
    assert not house.accepts(port)


def test_bound_that_comes_later() -> None:
    """Connections from before there was a bound for each address count, too, and may end."""
    house = House(9)
    port = house.port()
    house.come(port, 2)
    house.accepting.most_each = 2
    house.come(port)
    assert 2 == house.accepting.count
    house.leave()
    assert house.accepting.count < 2
    house.close()
