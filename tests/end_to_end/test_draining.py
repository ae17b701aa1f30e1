"""A server is taken out while its users work: drained, watched, taken down and brought back, by the real command."""

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from tests.end_to_end.fakes import HOST, Client, FakeServer
from tests.end_to_end.house import House
from tests.end_to_end.processes import PROXY

CONTROL = "control"


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Write a configuration with these servers, a status page and a control socket."""

    def write(*servers: FakeServer) -> Path:
        lines = "".join(f"    {server.address} id={server.name}\n" for server in servers)
        path = tmp_path / "sticky.ini"
        path.write_text(
            f"[main]\ncontrol = unix:{tmp_path / CONTROL}\n"
            f"[upstream app]\nserver =\n{lines}session_sticky = hash=plain\n"
            f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
            "[location www = /status]\ncheck_status =\n"
        )
        return path

    return write


async def ctl(house: House, folder: Path, *words: str) -> str:
    """Run the command as an operator does; give what it printed."""
    process = house.run(folder, sys.executable, "-m", "stickyproxy", "ctl", "-c", folder / "sticky.ini", *words)
    assert (0, "") == (await process.ended(), process.err)
    return process.out


async def standing(house: House, folder: Path) -> dict[str, dict[str, Any]]:
    """Ask for all that is known, by the id of each server."""
    servers = json.loads(await ctl(house, folder, "status", "--json"))["servers"]
    return {server["id"]: server for server in servers}


async def visit(client: Client, cookie: bytes = b"") -> tuple[str, list[bytes]]:
    """Ask for the front page; give the name of the server, and the cookies that were set."""
    response = await client.request(b"GET / HTTP/1.1" + (b"\nCookie: " + cookie if cookie else b""))
    assert 200 == response.status
    return response.body.decode(), [value.partition(b";")[0] for value in response.values(b"Set-Cookie")]


@pytest_twisted.ensureDeferred
async def test_server_is_taken_out_and_brought_back(house: House, config: Callable[..., Path], tmp_path: Path) -> None:
    """Drained, a server keeps its client and gets no new ones; down, its client moves; up, it gets clients again."""
    process, port = await house.start(config(house.server("a"), house.server("b")))
    client = await house.client(port)
    name, (cookie,) = await visit(client)
    assert ("a", b"route=a") == (name, cookie)

    assert " drain " in await ctl(house, tmp_path, "drain", "app", "a")
    assert [("a", [])] * 3 == [await visit(client, cookie) for _ in range(3)]
    assert ["b"] * 4 == [(await visit(client))[0] for _ in range(4)]
    known = await standing(house, tmp_path)
    assert ["drain", "up"] == [known[name]["state"] for name in "ab"]
    assert [(3, 1), (0, 0)] == [(known[name]["bound"], known[name]["clients"]) for name in "ab"]
    assert known["a"]["bound_since"] <= known["a"]["last_bound"]
    page = (await client.request(b"GET /status HTTP/1.1")).body.decode()
    assert ("up, draining: no new sessions" in page, "1 client<" in page) == (True, True)

    await ctl(house, tmp_path, "down", "app", "a")
    assert ("b", [b"route=b"]) == await visit(client, cookie)
    lines = (await client.request(b"GET /status?format=csv HTTP/1.1")).body.decode().splitlines()
    assert ["down", "up"] == [line.split(",")[3] for line in lines]

    await ctl(house, tmp_path, "up", "app", "a")
    assert ("a", []) == await visit(client, cookie)
    assert {"a", "b"} == {(await visit(client))[0] for _ in range(4)}
    for word in ("drain", "down", "up"):
        await process.said(f"control: {word} app a")
    assert 0 == await process.stop()
    assert not (tmp_path / CONTROL).exists()


@pytest_twisted.ensureDeferred
async def test_weight(house: House, config: Callable[..., Path], tmp_path: Path) -> None:
    """Another weight shares new clients out anew, at once."""
    _, port = await house.start(config(house.server("a"), house.server("b")))
    await ctl(house, tmp_path, "weight", "app", "b", "3")
    client = await house.client(port)
    assert 6 == [(await visit(client))[0] for _ in range(8)].count("b")


@pytest_twisted.ensureDeferred
async def test_refused_command(house: House, config: Callable[..., Path], tmp_path: Path) -> None:
    """A command that cannot be done is told in a line, with status 1."""
    path = config(house.server("a"))
    await house.start(path)
    process = house.run(tmp_path, sys.executable, "-m", "stickyproxy", "ctl", "-c", path, "drain", "app", "z")
    assert (1, "", 'error: no server "z" in app; expected a\n') == (await process.ended(), process.out, process.err)


@pytest_twisted.ensureDeferred
async def test_socket_is_for_one(house: House, config: Callable[..., Path], tmp_path: Path) -> None:
    """The socket is for the proxy's own user, and for one proxy; after a kill -9 the next one takes it over."""
    path = config(house.server("a"))
    first, _ = await house.start(path)
    assert 0o600 == stat.S_IMODE((tmp_path / CONTROL).stat().st_mode)
    second = house.run(tmp_path, *PROXY, path)
    assert 1 == await second.ended()
    assert f"stickyproxy: control: another process listens on unix:{tmp_path / CONTROL}; " in second.err
    first.transport.signalProcess("KILL")
    await first.ended()
    assert (tmp_path / CONTROL).is_socket()
    await house.start(path)
    assert ["a"] == list(await standing(house, tmp_path))
