"""Names to addresses: one server for each, and what becomes of a name that has none."""

import socket
from ipaddress import ip_address

import pytest
from attrs import evolve

from stickyproxy.config.addresses import InetAddress, parse_address
from stickyproxy.config.proxying import parse_server
from stickyproxy.config.settings import Server
from stickyproxy.resolve import Remembering, resolve, system_lookup

NAMES = {"one": ["10.0.0.1"], "two": ["10.0.0.2", "::2"], "echo": ["10.0.0.3", "10.0.0.4", "10.0.0.3"]}


def lookup(host: str, port: int) -> list[InetAddress]:
    """Look a name up in NAMES."""
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [InetAddress(ip_address(ip), port) for ip in NAMES[host]]


def demo(name: str) -> InetAddress:
    """A demonstration server on a port of its own."""
    return InetAddress(ip_address("127.0.0.1"), 5000 + ord(name))


def server(line: str) -> Server:
    """Read a `server` line."""
    return parse_server(line.split())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["one:80"], ["10.0.0.1:80"]),
        (["two:8080"], ["10.0.0.2:8080", "[::2]:8080"]),
        (["echo:80"], ["10.0.0.3:80", "10.0.0.4:80"]),
        (["10.0.0.9", "unix:/run/app"], ["10.0.0.9:80", "unix:/run/app"]),
        (["demo:a", "demo:b"], ["127.0.0.1:5097", "127.0.0.1:5098"]),
        (["10.0.0.9:80", "two:80", "one:80"], ["10.0.0.9:80", "10.0.0.2:80", "[::2]:80", "10.0.0.1:80"]),
        ([], []),
    ],
)
def test_each_address_is_a_server(lines: list[str], expected: list[str]) -> None:
    """A name is one server for each address that it has, in place of its line; addresses stay as they are."""
    assert expected == [str(each.address) for each in resolve(map(server, lines), lookup, demo)]


@pytest.mark.parametrize("address", ["two:80", "demo:a"])
def test_parameters_hold_for_each_address(address: str) -> None:
    """Weight and all the rest of a line hold for every server that it becomes."""
    line = server(f"{address} weight=3 max_fails=2 fail_timeout=5s max_conns=7 backup srun_id=y")
    resolved = resolve([line], lookup, demo)
    assert [line] * len(resolved) == [evolve(each, address=line.address) for each in resolved]


def test_an_id_names_one_server(told: list[str]) -> None:
    """Of the addresses of one name the first keeps the `id=`, so that a session does not come back to another."""
    assert ["x", None] == [each.id for each in resolve([server("two:80 id=x")], lookup, demo)]
    assert ["warn: two:80 has several addresses: id=x names the first"] == told
    assert ["x"] == [each.id for each in resolve([server("one:80 id=x")], lookup, demo)]


def test_other_names_are_for_one_server_too(told: list[str]) -> None:
    """What stands in cookies of other dialects names the first address as well."""
    found = resolve([server("two:80 route=r cookie=c srun_id=s")], lookup, demo)
    assert [("r", "c", "s"), (None, None, "s")] == [(each.route, each.cookie, each.srun_id) for each in found]
    assert ["warn: two:80 has several addresses: route=r cookie=c names the first"] == told


def test_unknown_name_is_a_server_that_is_down(told: list[str]) -> None:
    """A name that does not resolve is told, its server is down, and the others are not touched."""
    lost, sound = server("nowhere:80 id=a"), server("10.0.0.9:80 id=b")
    assert (evolve(lost, down=True), sound) == resolve([lost, sound], lookup, demo)
    assert ["warn: nowhere:80 does not resolve and is down: [Errno -2] Name or service not known"] == told


def test_name_that_is_asked_for_later_is_left_alone(told: list[str]) -> None:
    """A name with `resolve` is for those who go on asking."""
    lines = server("nowhere:80 resolve"), server("one:80 resolve")
    assert (lines, []) == (resolve(lines, lookup, demo), told)


@pytest.mark.parametrize("name", ["a..example", f"{'x' * 64}.example"])
def test_impossible_name_is_down_too(name: str) -> None:
    """A name that no resolver can even be asked for is like one that it does not know."""
    line = server(f"{name}:80")
    assert parse_address(f"{name}:80") == line.address
    assert (evolve(line, down=True),) == resolve([line], system_lookup, demo)


def test_system_knows_itself() -> None:
    """The system's resolver finds an address where there is one."""
    assert InetAddress(ip_address("127.0.0.1"), 8080) in system_lookup("localhost", 8080)


def test_name_that_was_found_before() -> None:
    """A name that cannot be found any more has the addresses that it had; one that never was is not found."""
    answers: dict[str, list[InetAddress]] = {"app": [InetAddress(ip_address("10.0.0.1"), 80)]}

    def lookup(host: str, port: int) -> list[InetAddress]:
        if host not in answers:
            raise OSError("nobody knows it")
        return answers[host]

    remembering = Remembering(lookup)
    first = remembering("app", 80)
    answers.clear()
    assert first == remembering("app", 80)
    for host, port in (("app", 81), ("other", 80)):
        with pytest.raises(OSError, match="nobody knows it"):
            remembering(host, port)
