"""What DNS says of a line: in which order, for how long, and what stands when it does not say anything."""

import random
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, TimeoutError
from twisted.names.error import DNSNameError, DNSQueryRefusedError, DNSServerError

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.resolver import Resolver
from stickyproxy.names.lookup import AGAIN, LONGEST, Answer, Found, Lookup, service_name
from tests.names.dns import Names, server

HOST = server("app.example:80 resolve")
SERVICE = server("app.example service=http resolve")
SRV = "_http._tcp.app.example SRV"


def find(lookup: Lookup) -> Answer:
    """Ask, where every question is answered at once."""
    found: list[Answer] = []
    Deferred.fromCoroutine(lookup.find()).addCallback(found.append)
    (answer,) = found
    return answer


def found(answer: Answer) -> list[str]:
    """Write where servers are."""
    return [str(each.address) for each in answer.found]


def test_addresses_of_both_kinds() -> None:
    """A name stands for all its addresses, IPv4 before IPv6, each once, whatever the order of the answer."""
    said = {"app.example A": ["60 10.0.0.2", "60 10.0.0.10", "60 10.0.0.2"], "app.example AAAA": ["60 ::2", "60 ::1"]}
    expected = ["10.0.0.2:80", "10.0.0.10:80", "[::1]:80", "[::2]:80"]
    assert expected == found(find(Lookup(HOST, Names(**said).ask, Resolver())))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Resolver(), ["app.example A", "app.example AAAA"]),
        (Resolver(ipv6=False), ["app.example A"]),
        (Resolver(ipv4=False), ["app.example AAAA"]),
    ],
)
def test_kinds_that_are_asked_for(settings: Resolver, expected: list[str]) -> None:
    """A kind of address that nobody wants is not asked for."""
    names = Names()
    find(Lookup(HOST, names.ask, settings))
    assert expected == names.asked


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "valid", "expected"),
    [
        (["300 10.0.0.1"], [], None, 300),
        (["300 10.0.0.1", "20 10.0.0.2"], [], None, 20),
        (["300 10.0.0.1"], ["40 ::1"], None, 40),
        (["300 10.0.0.1", "7 CNAME other.example"], [], None, 7),
        (["0 10.0.0.1"], [], None, 1),
        (["86400 10.0.0.1"], [], None, LONGEST),
        (["300 10.0.0.1"], [], 2.0, 2),
        (["1 10.0.0.1"], [], 7200.0, 7200),
        ([], [], None, AGAIN),
        ([], [], 60.0, AGAIN),
        (DNSNameError(), DNSNameError(), None, AGAIN),
        (["300 10.0.0.1"], DNSServerError(), None, AGAIN),
    ],
)
def test_how_long_it_is_good(ipv4: object, ipv6: object, valid: float | None, expected: float) -> None:
    """The shortest TTL counts, within bounds, or `valid`; what is nothing or failed is asked for again soon."""
    said = {"app.example A": ipv4, "app.example AAAA": ipv6}
    assert expected == find(Lookup(HOST, Names(**said).ask, Resolver(valid=valid))).ttl


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TimeoutError(), "app.example: no answer in time"),
        (DNSServerError(), "app.example: the name server failed (SERVFAIL)"),
        (DNSQueryRefusedError(), "app.example: the name server refuses (REFUSED)"),
        (OSError(101, "Network is unreachable"), "app.example: [Errno 101] Network is unreachable"),
        (KeyError("x"), "app.example: KeyError"),
    ],
)
def test_failure_keeps_what_was_known(error: Exception, fault: str) -> None:
    """A question that fails is answered as the last time, each kind of address by itself."""
    names = Names(**{"app.example A": ["60 10.0.0.1"], "app.example AAAA": ["60 ::1"]})
    lookup = Lookup(HOST, names.ask, Resolver())
    find(lookup)
    names.said |= {"app.example A": error, "app.example AAAA": ["60 ::2"]}
    for _ in range(2):
        answer = find(lookup)
        assert (["10.0.0.1:80", "[::2]:80"], fault) == (found(answer), answer.fault)
    names.said |= {"app.example A": ["60 10.0.0.3"]}
    answer = find(lookup)
    assert (["10.0.0.3:80", "[::2]:80"], "") == (found(answer), answer.fault)


def test_name_that_is_gone_has_no_addresses() -> None:
    """That there is no such name any more is an answer."""
    names = Names(**{"app.example A": ["60 10.0.0.1"]})
    lookup = Lookup(HOST, names.ask, Resolver())
    find(lookup)
    names.said |= {"app.example A": DNSNameError(), "app.example AAAA": DNSNameError()}
    assert Answer((), AGAIN) == find(lookup)


def test_service() -> None:
    """A service brings targets, ports and weights; all but the first priority are backups."""
    said = {
        SRV: ["60 20 5 8002 b.example", "30 10 7 8001 a.example", "60 10 0 8003 c.example"],
        "a.example A": ["60 10.0.0.1"],
        "b.example A": ["60 10.0.0.2"],
        "b.example AAAA": ["60 ::2"],
        "c.example A": ["60 10.0.0.3"],
    }
    assert Answer(
        (
            Found(InetAddress(ip_address("10.0.0.1"), 8001), "a.example:8001", 7, False),
            Found(InetAddress(ip_address("10.0.0.3"), 8003), "c.example:8003", 1, False),
            Found(InetAddress(ip_address("10.0.0.2"), 8002), "b.example:8002", 5, True),
            Found(InetAddress(ip_address("::2"), 8002), "b.example:8002", 5, True),
        ),
        30.0,
    ) == find(Lookup(SERVICE, Names(**said).ask, Resolver()))


def test_service_fails_in_parts() -> None:
    """Where a target cannot be asked for, it is where it was; and where the service cannot, so are all."""
    names = Names(**{SRV: ["60 0 1 81 a.example"], "a.example A": ["60 10.0.0.1"]})
    lookup = Lookup(SERVICE, names.ask, Resolver())
    find(lookup)
    names.said |= {"a.example A": DNSServerError(), SRV: ["60 0 1 82 a.example"]}
    assert ["10.0.0.1:82"] == found(find(lookup))
    names.said |= {SRV: TimeoutError()}
    assert ["10.0.0.1:82"] == found(find(lookup))


@pytest.mark.parametrize("records", [["60 0 0 0 ."], [], DNSNameError()])
def test_service_that_is_not_there(records: object) -> None:
    """The root for a target says that there is no such service."""
    assert Answer((), AGAIN) == find(Lookup(SERVICE, Names(**{SRV: records}).ask, Resolver()))


def test_address_of_two_targets_is_one_server() -> None:
    """Of two targets at one address the first counts."""
    said = {SRV: ["60 0 3 80 b.example", "60 0 2 80 a.example"]}
    said |= {f"{name}.example A": ["60 10.0.0.1"] for name in "ab"}
    (only,) = find(Lookup(SERVICE, Names(**said).ask, Resolver())).found
    assert ("a.example:80", 2) == (only.name, only.weight)


def test_great_weights_are_scaled_down() -> None:
    """Weights over 1000 keep their relation to each other."""
    said = {SRV: [f"60 0 {weight} {port} a.example" for port, weight in enumerate((60000, 30000, 1), 1)]}
    said["a.example A"] = ["60 10.0.0.1"]
    answer = find(Lookup(SERVICE, Names(**said).ask, Resolver()))
    assert [1000, 500, 1] == [each.weight for each in answer.found]


@given(st.randoms(use_true_random=False))
def test_order_does_not_matter(chance: random.Random) -> None:
    """What is found comes in the same order, however the name server turns its answer."""
    records = [f"60 {n % 2} {n} 80 t{n % 3}.example" for n in range(6)]
    said = {SRV: records} | {f"t{n}.example A": [f"60 10.0.{n}.{m}" for m in range(3)] for n in range(3)}
    expected = find(Lookup(SERVICE, Names(**said).ask, Resolver()))
    turned = {name: chance.sample(each, len(each)) for name, each in said.items()}
    assert expected == find(Lookup(SERVICE, Names(**turned).ask, Resolver()))


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("http", "_http._tcp.app.example"),
        ("_http._tcp", "_http._tcp.app.example"),
        ("web.blue", "web.blue.app.example"),
    ],
)
def test_name_of_a_service(service: str, expected: str) -> None:
    """A word becomes a TCP service, a name with a dot stands as it is."""
    assert expected == service_name(service, "app.example")
