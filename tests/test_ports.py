"""Addresses that are listened on: opened all or none, and those that stay are never closed."""

import pytest
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.assembly import Parts, build_sites
from stickyproxy.config.load import loads
from stickyproxy.config.settings import Listen
from stickyproxy.errors import StartError
from stickyproxy.http.accepting import Accepting
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.ports import Ports
from stickyproxy.proxy.site import Site
from tests.test_service import GET, Reactor
from tests.wire import connect


class House:
    """Ports in memory."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.ports = Ports(self.reactor, Accepting(self.reactor, 10))

    def sites(self, listen: str, text: str = "hello") -> list[tuple[Listen, Site]]:
        """Build the sites of a configuration that answers with that text."""
        settings = loads(f"[server www]\nlisten =\n    {listen}\n[location www /]\nreturn = 200 {text}\n")
        parts = Parts({}, Survey({}, Tallies(), self.reactor.seconds), LogFiles(), Certificates())
        return build_sites(settings, parts, Deadlines(MemoryReactorClock()))

    def turn(self, listen: str, text: str = "hello") -> None:
        """Serve these."""
        sites = self.sites(listen, text)
        self.ports.turn(sites, self.ports.open(sites))

    @property
    def open(self) -> list[int]:
        """The ports that are open."""
        return [port.getHost().port for port in self.reactor.ports]


def test_turn() -> None:
    """What stays stays open and serves anew, what is new is opened, the rest is closed."""
    house = House()
    house.turn("1001\n    1002")
    stays = house.reactor.ports[1]
    house.turn("1003\n    1002", "other")
    assert [1002, 1003] == house.open
    assert stays is house.reactor.ports[0]
    assert [1003, 1002] == [port.getHost().port for port in house.ports.all]
    client = connect(stays.factory)
    client.send(GET)
    assert client.received().endswith(b"other")


@pytest.mark.parametrize("listen", ["1003\n    81", "1003\n    1001 backlog=7"])
def test_all_or_none(listen: str) -> None:
    """If one cannot be opened none is."""
    house = House()
    house.turn("1001")
    with pytest.raises(StartError):
        house.ports.open(house.sites(listen))
    assert [1001] == house.open


def test_given_up() -> None:
    """What was opened in vain is closed again."""
    house = House()
    house.turn("1001")
    house.ports.give_up(house.ports.open(house.sites("1002")))
    assert [1001] == house.open


def test_stop() -> None:
    """In the end no port is open."""
    house = House()
    house.turn("1001\n    1002")
    stopped: list[None] = []
    house.ports.stop().addCallback(stopped.append)
    assert ([], [None]) == (house.open, stopped)


def test_drain() -> None:
    """When nobody is connected there is nothing to wait for; who is idle is not waited for long."""
    house = House()
    house.turn("1001")
    drained: list[None] = []
    house.ports.drain().addCallback(drained.append)
    assert [None] == drained
    idle = connect(house.reactor.ports[0].factory)
    house.ports.drain().addCallback(drained.append)
    assert (True, 1) == (idle.dropped, len(drained))
    idle.close()
    assert 2 == len(drained)
