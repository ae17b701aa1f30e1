"""Servers known by name come and go while users work: a name server that changes its mind, and the real proxy."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.fakes import HOST, FakeServer, eventually
from tests.end_to_end.house import House
from tests.end_to_end.jar import Jar
from tests.end_to_end.zone import Zone


@pytest_twisted.async_yield_fixture
async def zone(no_timers: None) -> AsyncGenerator[Zone, None]:
    """Give a name server that answers."""
    zone = Zone(ttl=1)
    zone.start()
    yield zone
    await zone.close()


@pytest.fixture
def config(tmp_path: Path, zone: Zone) -> Callable[..., Path]:
    """Write a configuration with these servers, and that name server."""

    def write(*lines: str, more: str = "", valid: str = "") -> Path:
        path = tmp_path / "sticky.ini"
        servers = "".join(f"    {line}\n" for line in lines)
        path.write_text(
            f"[http]\nresolver = {HOST}:{zone.port} {valid}\nresolver_timeout = 500ms\n"
            f"[upstream app]\nserver =\n{servers}session_sticky =\n{more}\n"
            f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
            "[location www = /status]\ncheck_status = csv\n"
        )
        return path

    return write


def alike(house: House, *names: str) -> list[FakeServer]:
    """Add servers that differ by their addresses alone: 127.0.0.2, 127.0.0.3 and so on."""
    first = house.server(names[0], host="127.0.0.2")
    others = [house.server(name, host=f"127.0.0.{nth}", port=first.port) for nth, name in enumerate(names[1:], 3)]
    return [first, *others]


async def settle(house: House, port: int, *names: str) -> dict[str, Jar]:
    """Have users visit until each of these servers has one."""
    users: dict[str, Jar] = {}
    for _ in range(4 * len(names)):
        user = Jar(house)
        users.setdefault((await user.visit(port)).body.decode(), user)
    assert set(names) == set(users)
    return users


async def seen(users: dict[str, Jar], port: int) -> dict[str, str]:
    """Have all users visit; give who served whom."""
    return {name: (await user.visit(port)).body.decode() for name, user in users.items()}


@pytest_twisted.ensureDeferred
async def test_servers_come_and_go(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """By the TTL of its name an upstream gets and loses servers; whose server stays keeps it all the while."""
    a, b, c = alike(house, "a", "b", "c")
    zone.say("app.example", *zone.addresses(a.host, b.host))
    process, port = await house.start(config(f"app.example:{a.port} resolve"))
    users = await settle(house, port, "a", "b")
    await house.client(port)

    zone.say("app.example", *zone.addresses(c.host, b.host))
    await process.said(f"upstream app: {c.address} comes, {a.address} goes")
    await a.until(lambda: not a.connections)
    # Of the round of two each takes one.
    assert {"b": "b"} == await seen({"b": users["b"]}, port)
    assert {"b", "c"} == set(await settle(house, port, "b", "c"))
    moved = (await users["a"].visit(port)).body.decode()
    assert moved in ("b", "c")
    assert {"a": moved, "b": "b"} == await seen(users, port)
    status = await (await house.client(port)).request(b"GET /status HTTP/1.1")
    assert [b.address, c.address] == [line.split(",")[2] for line in status.body.decode().splitlines()]
    # The questions themselves are not told of.
    assert "UDP" not in process.out
    assert "DNSDatagramProtocol" not in process.out


@pytest_twisted.ensureDeferred
async def test_dead_name_server_changes_nothing(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """While nobody answers the last addresses stand; when somebody does again the new ones do."""
    a, b, c = alike(house, "a", "b", "c")
    zone.say("app.example", *zone.addresses(a.host, b.host))
    process, port = await house.start(config(f"app.example:{a.port} resolve", valid="valid=100ms"))
    users = await settle(house, port, "a", "b")

    await zone.stop()
    await process.said("stays as it is: app.example: no answer in time")
    assert {"a": "a", "b": "b"} == await seen(users, port)
    assert {"a", "b"} == set(await settle(house, port, "a", "b"))

    zone.say("app.example", *zone.addresses(a.host, b.host, c.host))
    zone.start()
    await process.said(f"{c.address} comes")
    assert {"a": "a", "b": "b"} == await seen(users, port)
    await settle(house, port, "a", "b", "c")


@pytest_twisted.ensureDeferred
async def test_service_changes(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """A service brings ports, weights and backups of its own."""
    a, b, c = (house.server(name) for name in "abc")
    for server in (a, b, c):
        zone.say(f"{server.name}.example", *zone.addresses(server.host))
    name = "_http._tcp.app.example"
    zone.say(name, zone.service(a.port, "a.example", weight=3), zone.service(b.port, "b.example", 1))
    process, port = await house.start(config("app.example service=http resolve", valid="valid=100ms"))
    users = await settle(house, port, "a")

    zone.say(name, zone.service(a.port, "a.example", 1), zone.service(c.port, "c.example"))
    await process.said(f"{b.address} goes")
    assert {"a": "a"} == await seen(users, port)
    await settle(house, port, "c")


@pytest_twisted.ensureDeferred
async def test_name_that_is_not_there_yet(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """A name without addresses is a server that is down, until it has some; then its checks begin too."""
    a, b = alike(house, "a", "b")
    lines = (f"later.example:{b.port} resolve", f"{a.address}")
    check = 'check = type=http interval=100\ncheck_http_send = "GET /check HTTP/1.0\\r\\n\\r\\n"'
    process, port = await house.start(config(*lines, more=check))
    users = await settle(house, port, "a")

    zone.say("later.example", *zone.addresses(b.host))
    await process.said(f"{b.address} comes")
    await process.said(f"{b.address} is up")
    assert b"GET /check HTTP/1.0" == b.requests[0].first
    assert {"a": "a"} == await seen(users, port)
    await settle(house, port, "a", "b")

    zone.say("later.example")
    await process.said(f"{b.address} goes")
    checked = len(b.requests)
    assert {"a": "a"} == await seen(users, port)
    a_checked = len(a.requests)
    await eventually(lambda: len(a.requests) > a_checked + 3)
    assert len(b.requests) - checked <= 1


@pytest_twisted.ensureDeferred
async def test_name_with_many_addresses(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """An answer that is too long for a datagram is asked for again over TCP."""
    addresses = [f"127.0.1.{number}" for number in range(1, 101)]
    zone.say("app.example", *zone.addresses(*addresses))
    _, port = await house.start(config("app.example:8080 resolve", valid="ipv6=off"))
    status = await (await house.client(port)).request(b"GET /status HTTP/1.1")
    assert [f"{address}:8080" for address in addresses] == [
        line.split(",")[2] for line in status.body.decode().splitlines()
    ]


@pytest_twisted.ensureDeferred
async def test_reload_knows_the_addresses(house: House, zone: Zone, config: Callable[..., Path]) -> None:
    """A file that is loaded anew keeps what names were found to be, even while nobody answers, and asks on."""
    a, b, c = alike(house, "a", "b", "c")
    zone.say("app.example", *zone.addresses(a.host, b.host))
    process, port = await house.start(config(f"app.example:{a.port} resolve", valid="valid=100ms"))
    users = await settle(house, port, "a", "b")
    await zone.stop()
    for parameter in ("", " weight=2", " weight=2"):
        process.out = ""
        config(f"app.example:{a.port} resolve{parameter}", valid="valid=100ms")
        process.transport.signalProcess("HUP")
        await process.said("loaded anew")
        assert {"a": "a", "b": "b"} == await seen(users, port)
    await process.said("stays as it is: app.example: no answer in time")
    assert {"a": "a", "b": "b"} == await seen(users, port)

    zone.say("app.example", *zone.addresses(b.host, c.host))
    zone.start()
    await process.said(f"{c.address} comes, {a.address} goes")
    assert {"b": "b"} == await seen({"b": users["b"]}, port)
    await settle(house, port, "b", "c")
