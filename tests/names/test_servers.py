"""Servers from addresses: who stays, who is named, and what a service says of them."""

from collections.abc import Iterable
from ipaddress import ip_address

import pytest
from attrs import evolve

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server
from stickyproxy.names.lookup import Found
from stickyproxy.names.servers import servers_of
from tests.names.dns import server


def at(*numbers: int) -> list[Found]:
    """Addresses that were found: 10.0.0.1 and so on."""
    return [Found(InetAddress(ip_address(f"10.0.0.{number}"), 80)) for number in numbers]


def ids(servers: Iterable[Server]) -> list[tuple[str, str | None]]:
    """What the servers are called."""
    return [(str(each.address), each.id) for each in servers]


def test_each_address_is_a_server() -> None:
    """Each address has what the line says, under the line's name."""
    line = server("app:80 resolve weight=3 max_fails=2 backup srun_id=s")
    expected = [evolve(line, address=each.address) for each in at(1, 2)]
    assert (expected, [3, 3]) == (
        list(servers_of(line, at(1, 2), [])),
        list(servers_of(line, at(1, 2), []).values()),
    )


def test_nothing_found_is_no_server() -> None:
    """Without addresses there is nobody."""
    assert {} == servers_of(server("app resolve"), [], [server("app resolve")])


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([(1,)], [("10.0.0.1:80", "x")]),
        ([(1, 2)], [("10.0.0.1:80", "x"), ("10.0.0.2:80", None)]),
        # Who comes before the one that is named does not take its name.
        ([(2,), (1, 2)], [("10.0.0.1:80", None), ("10.0.0.2:80", "x")]),
        # Who stays does not become another one.
        ([(1, 2), (2,)], [("10.0.0.2:80", None)]),
        # Who comes takes the name that is free.
        ([(1, 2), (2, 3)], [("10.0.0.2:80", None), ("10.0.0.3:80", "x")]),
        ([(1,), (2,)], [("10.0.0.2:80", "x")]),
        ([(1, 2), (2,), (2, 3, 4)], [("10.0.0.2:80", None), ("10.0.0.3:80", "x"), ("10.0.0.4:80", None)]),
    ],
)
def test_one_server_has_the_name(rounds: list[tuple[int, ...]], expected: list[tuple[str, str | None]]) -> None:
    """An `id=` names one server as long as that is there, and then the next one that comes."""
    line = server("app resolve id=x")
    servers: Iterable[Server] = [line]
    for numbers in rounds:
        servers = servers_of(line, at(*numbers), servers)
    assert expected == ids(servers)


def test_names_of_other_dialects() -> None:
    """What names a server in any cookie goes with it; what the application server calls itself is each one's."""
    line = server("app resolve route=r cookie=c srun_id=s")
    found = [(each.route, each.cookie, each.srun_id) for each in servers_of(line, at(1, 2), [])]
    assert [("r", "c", "s"), (None, None, "s")] == found


def test_service_says_name_weight_and_backup() -> None:
    """The name and the weight are those of the target."""
    (address,) = at(1)
    (one, weight), *_ = servers_of(
        server("app resolve service=http"), [Found(address.address, "t:80", 5, True)], []
    ).items()
    assert ("t:80", 5, True, 5) == (one.name, one.weight, one.backup, weight)


def test_weight_of_the_line_is_stronger() -> None:
    """A weight in the line holds for all."""
    (address,) = at(1)
    line = server("app resolve service=http weight=2")
    assert [2] == list(servers_of(line, [Found(address.address, "t:80", 5)], []).values())


def test_weight_that_changes() -> None:
    """The server stays the one that it is, and is to have another weight."""
    (address,) = at(1)
    line = server("app resolve service=http")
    first, second = Found(address.address, "t:80", 5), Found(address.address, "t:80", 7)
    before = servers_of(line, [first], [])
    after = servers_of(line, [second], before)
    assert (list(before), [7]) == (list(after), list(after.values()))


def test_backup_line_has_the_first_priority() -> None:
    """Of a service that is a backup as a whole only the first priority counts."""
    one, two = at(1, 2)
    found = [Found(one.address, "t:80", 1), Found(two.address, "u:80", 1, True)]
    servers = servers_of(server("app resolve service=http backup"), found, [])
    assert [("10.0.0.1:80", True)] == [(str(each.address), each.backup) for each in servers]
