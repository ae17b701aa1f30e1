"""When names are asked for, what is made of the answers, and how a start waits for them."""

from collections.abc import Mapping, Sequence

import pytest
from twisted.internet.defer import TimeoutError
from twisted.internet.task import Clock
from twisted.names.error import DNSNameError

from stickyproxy.config.resolver import Resolver
from stickyproxy.config.settings import Server
from stickyproxy.names.lookup import AGAIN
from stickyproxy.names.renewal import PATIENCE, Renewals
from tests.names.dns import Names, server


def addresses(server: Server) -> str:
    """The address of a server."""
    return str(server.address)


class House:
    """Names under a clock. `heard` is what upstreams became: the servers, and who has another weight."""

    def __init__(self, *lines: str, **said: object) -> None:
        self.able = True
        self.clock = Clock()
        self.names = Names(**said)
        self.heard: list[tuple[str, list[str], dict[str, int]]] = []
        self.begun: list[None] = []
        self.renewals = Renewals(self.clock, self.names.ask, Resolver(ipv6=False), self.become)
        self.renewals.watch("app", [server(line) for line in lines])

    def become(self, upstream: str, servers: Sequence[Server], weights: Mapping[Server, int]) -> None:
        assert self.able
        shown = {str(each.address): weight for each, weight in weights.items()}
        self.heard.append((upstream, [str(each.address) for each in servers], shown))

    def start(self) -> None:
        self.renewals.start().addCallback(self.begun.append)


def test_servers_stand_where_their_line_does() -> None:
    """What is found takes the place of its line; the other servers stay where they are."""
    house = House("10.0.0.8", "app resolve", "10.0.0.9", **{"app A": ["60 10.0.0.2", "60 10.0.0.1"]})
    house.start()
    assert [("app", ["10.0.0.8:80", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.9:80"], {})] == house.heard


def test_lines_with_one_name() -> None:
    """Each of several lines with one name has its addresses, now and for those who come after."""
    lines = ["app resolve id=a", "app resolve backup"]
    house = House(*lines, **{"app A": ["60 10.0.0.1"]})
    house.start()
    assert ("app", ["10.0.0.1:80", "10.0.0.1:80"], {}) == house.heard[-1]
    for line in map(server, lines):
        (stands,) = house.renewals.stands("app", line)
        assert ("10.0.0.1:80", line.id, line.backup) == (addresses(stands), stands.id, stands.backup)


def test_asks_again_when_the_ttl_is_over() -> None:
    """A name is asked for when its TTL is over and not before; nobody hears of what has not changed."""
    house = House("app resolve", **{"app A": ["60 10.0.0.1"]})
    house.start()
    house.clock.advance(59)
    assert 1 == len(house.names.asked)
    house.clock.advance(1)
    assert (2, 1) == (len(house.names.asked), len(house.heard))
    house.names.said["app A"] = ["60 10.0.0.2"]
    house.clock.advance(60)
    assert ("app", ["10.0.0.2:80"], {}) == house.heard[-1]


def test_turned_answer_is_no_change() -> None:
    """A name server that turns its answers changes nothing."""
    house = House("app resolve", **{"app A": ["1 10.0.0.1", "1 10.0.0.2"]})
    house.start()
    house.names.said["app A"] = ["1 10.0.0.2", "1 10.0.0.1"]
    house.clock.advance(1)
    assert (2, 1) == (len(house.names.asked), len(house.heard))


def test_name_without_addresses() -> None:
    """A line whose name has no address stands for itself, and is asked for again soon."""
    house = House("app resolve", "10.0.0.9", **{"app A": ["60 10.0.0.1"]})
    house.start()
    house.names.said["app A"] = DNSNameError()
    house.clock.advance(60)
    assert ("app", ["app:80", "10.0.0.9:80"], {}) == house.heard[-1]
    house.names.said["app A"] = ["60 10.0.0.2"]
    house.clock.advance(AGAIN)
    assert ("app", ["10.0.0.2:80", "10.0.0.9:80"], {}) == house.heard[-1]


def test_failure_is_told_once(told: list[str]) -> None:
    """While nobody answers all stays as it is, which is told when it begins."""
    house = House("app resolve", **{"app A": ["60 10.0.0.1"]})
    house.start()
    house.names.said["app A"] = TimeoutError()
    house.clock.pump([60, AGAIN, AGAIN])
    assert (4, 1) == (len(house.names.asked), len(house.heard))
    assert ["warn: upstream app: app stays as it is: app: no answer in time"] == told
    house.names.said["app A"] = ["60 10.0.0.1"]
    house.clock.advance(AGAIN)
    house.names.said["app A"] = TimeoutError()
    house.clock.advance(60)
    assert 2 == len(told)


def test_weight_that_changes() -> None:
    """A service that weighs a server anew changes its weight alone."""
    srv = "_http._tcp.app SRV"
    house = House("app resolve service=http", **{srv: ["9 0 3 80 a", "9 0 1 80 b"]})
    house.names.said |= {"a A": ["9 10.0.0.1"], "b A": ["9 10.0.0.2"]}
    house.start()
    assert {} == house.heard[-1][2]
    house.names.said[srv] = ["9 0 4 80 a", "9 0 1 80 b"]
    house.clock.advance(9)
    assert ("app", ["10.0.0.1:80", "10.0.0.2:80"], {"10.0.0.1:80": 4}) == house.heard[-1]
    house.clock.advance(9)
    assert 2 == len(house.heard)
    house.names.said[srv] = ["9 0 3 80 a", "9 0 1 80 b"]
    house.clock.advance(9)
    assert {"10.0.0.1:80": 3} == house.heard[-1][2]


@pytest.mark.parametrize("said", [["60 10.0.0.1"], DNSNameError(), TimeoutError()])
def test_start_waits_for_the_first_answers(said: object) -> None:
    """Clients are let in when each name has had an answer, whatever that says."""
    house = House("app resolve", "other resolve", **{"app A": ["60 10.0.0.1"], "other A": said})
    house.start()
    assert [None] == house.begun
    house.clock.advance(PATIENCE)


def test_start_does_not_wait_long() -> None:
    """A name server that does not answer keeps clients waiting for a moment, and is heard when it does."""
    house = House("app resolve", **{"app A": None})
    house.start()
    house.clock.advance(PATIENCE - 0.1)
    assert [] == house.begun
    house.clock.advance(0.1)
    assert [None] == house.begun
    house.names.waiting[0].callback([])
    house.names.said["app A"] = ["60 10.0.0.1"]
    house.clock.advance(AGAIN)
    assert ([None], [("app", ["10.0.0.1:80"], {})]) == (house.begun, house.heard)


def test_stop() -> None:
    """Nothing is waited for behind a stop, and nothing is heard."""
    house = House("app resolve", "other resolve", **{"app A": ["60 10.0.0.1"], "other A": None})
    house.start()
    house.renewals.stop()
    assert ([], 1, []) == (house.clock.getDelayedCalls(), len(house.heard), house.begun)


def test_stop_within_a_service() -> None:
    """The targets of a service whose records are just asked for are not asked for behind a stop."""
    house = House("app service=http resolve", **{"_http._tcp.app SRV": ["60 0 0 80 one"], "one A": ["60 10.0.0.1"]})
    house.start()
    house.names.said["_http._tcp.app SRV"] = None
    house.clock.advance(60)
    asked = [*house.names.asked]
    house.renewals.stop()
    assert ("_http._tcp.app SRV", asked) == (asked[-1], house.names.asked)


def test_stop_before_the_start() -> None:
    """What has not begun can be stopped."""
    house = House("app resolve")
    house.renewals.stop()
    assert [] == house.clock.getDelayedCalls()


def test_fault_of_ours_is_told_and_survived(told: list[str]) -> None:
    """If a change cannot be made the name is asked for again all the same, and the change made then."""
    house = House("app resolve", **{"app A": ["60 10.0.0.1"]})
    able, house.able = house.able, False
    house.start()
    assert ([None], []) == (house.begun, house.heard)
    assert ["critical: app could not be renewed"] == told
    house.able = able
    house.clock.advance(60)
    assert [("app", ["10.0.0.1:80"], {})] == house.heard


def test_what_was_found_before_stands() -> None:
    """Those who come after others begin with what those have found, and keep it while nobody answers."""
    before = House("app resolve", "10.0.0.9", **{"app A": ["60 10.0.0.1", "60 10.0.0.2"]})
    before.start()
    before.renewals.stop()
    clock, names, heard = Clock(), Names(**{"app A": TimeoutError()}), []
    after = Renewals(
        clock, names.ask, Resolver(ipv6=False), lambda *now: heard.append([*map(addresses, now[1])]), before.renewals
    )
    line = server("app weight=3 resolve")
    assert [("10.0.0.1:80", 3), ("10.0.0.2:80", 3)] == [
        (addresses(each), each.weight) for each in before.renewals.stands("app", line)
    ]
    assert [line] == before.renewals.stands("other", line)
    after.watch("app", [line, server("10.0.0.9")])
    after.start()
    assert [] == heard
    names.said["app A"] = ["60 10.0.0.2"]
    clock.advance(AGAIN)
    assert [["10.0.0.2:80", "10.0.0.9:80"]] == heard


def test_service_that_is_asked_for_stands() -> None:
    """What was found of a service stands, too, if others come after those who were just asking for it."""
    said = {"_http._tcp.app SRV": ["60 0 0 80 one"], "one A": ["60 10.0.0.1"]}
    before = House("app service=http resolve", **said)
    before.start()
    before.names.said = {"_http._tcp.app SRV": None, "one A": None}
    before.clock.advance(60)
    before.renewals.stop()
    clock, heard = Clock(), []
    names = Names(**{"_http._tcp.app SRV": TimeoutError(), "one A": TimeoutError()})
    after = Renewals(clock, names.ask, Resolver(ipv6=False), lambda *now: heard.append(now), before.renewals)
    after.watch("app", [server("app service=http resolve")])
    after.start()
    assert [] == heard


def test_same_line_stands_for_the_same_servers() -> None:
    """A line that has not changed stands for the very servers that it stood for; one without addresses for itself."""
    house = House("app resolve id=a", "later resolve", **{"app A": ["60 10.0.0.2"], "later A": DNSNameError()})
    house.start()
    house.names.said["app A"] = ["60 10.0.0.1", "60 10.0.0.2"]
    house.clock.advance(60)
    line, later = server("app resolve id=a"), server("later resolve weight=2")
    assert [None, "a"] == [each.id for each in house.renewals.stands("app", line)]
    assert [later] == house.renewals.stands("app", later)
