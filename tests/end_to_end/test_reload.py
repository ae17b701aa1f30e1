"""A running proxy loads its file anew while users work: a process, signals, and cookie jars that count."""

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.error import ConnectionRefusedError

from tests.end_to_end.fakes import HOST, eventually, silent
from tests.end_to_end.house import House
from tests.end_to_end.processes import Process
from tests.end_to_end.test_lost_sessions import NAMES, Crowd, Site


async def hang_up(process: Process, says: str = "the configuration is loaded anew") -> None:
    """Send SIGHUP, and wait until the process tells what comes of it."""
    process.out = ""
    process.transport.signalProcess(signal.SIGHUP)
    await process.said(says)


@pytest_twisted.ensureDeferred
async def test_nobody_loses_anything(house: House, tmp_path: Path) -> None:
    """Under load no request fails, no connection and no session is lost, and a server that drains goes on draining."""
    site = Site(house, tmp_path)
    await site.start()
    crowd = Crowd(await site.regulars(6))
    await crowd.more()
    homes = crowd.homes()
    assert set(NAMES) == set(homes)
    await site.command("drain", "c")
    config = tmp_path / "sticky.ini"
    text = config.read_text()
    for weight in (1, 2, 3):
        config.write_text(text.replace("max_fails=0", f"max_fails=0 weight={weight}"))
        await hang_up(site._proxy)
        await crowd.more()
    await crowd.end()
    assert homes == crowd.homes()
    assert [[]] * len(homes) == crowd.lost()
    assert {"a", "b"} == {regular.home for regular in await site.regulars(4)}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the configuration: each time into the same file."""

    def write(*listens: str, server: str, more: str = "") -> Path:
        path = tmp_path / "sticky.ini"
        lines = "".join(f"    {listen}\n" for listen in listens)
        path.write_text(
            f"[main]\ncontrol = unix:{tmp_path}/control\nerror_log = {tmp_path}/error.log info\n"
            f"[server www]\nlisten =\n{lines}[location www /]\nproxy_pass = http://{server}\n{more}"
        )
        return path

    return write


@pytest_twisted.ensureDeferred
async def test_broken_file(house: House, write: Callable[..., Path], tmp_path: Path) -> None:
    """A file with a fault changes nothing; the error log has it with its line, and `ctl reload` fails with it."""
    a, b = house.server("a"), house.server("b")
    process, port = await house.start(write(f"{HOST}:0", server=a.address))
    client = await house.client(port)
    path = write(f"{HOST}:0", server=b.address, more="proxy_buffering = perhaps\n")
    await hang_up(process, "the configuration is not loaded anew")
    fault = f"{path}:9: "
    assert fault in (tmp_path / "error.log").read_text()
    assert b"a" == (await client.request(b"GET / HTTP/1.1")).body

    words = (sys.executable, "-m", "stickyproxy", "ctl", "--socket", tmp_path / "control", "reload")
    command = house.run(tmp_path, *words)
    assert (1, True) == (await command.ended(), command.err.startswith(f"error: {fault}"))
    write(f"{HOST}:0", server=b.address)
    command = house.run(tmp_path, *words)
    assert (0, True) == (await command.ended(), b.address in command.out)
    assert b"b" == (await client.request(b"GET / HTTP/1.1")).body
    assert 0 == await process.stop()


@pytest_twisted.ensureDeferred
async def test_ports_come_and_go(house: House, write: Callable[..., Path]) -> None:
    """A new port is listened on, one that is gone refuses, and what is in progress there is answered first."""
    server = house.server("a")
    old, new = (f"{HOST}:{house.server(name, running=False).port}" for name in ("old", "new"))
    process, port = await house.start(write(f"{HOST}:0", old, server=server.address))
    idle, busy = [await house.client(int(old.partition(":")[2])) for _ in range(2)]
    server.answer = silent
    busy.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.until(lambda: server.requests)

    write(f"{HOST}:0", new, server=server.address)
    await hang_up(process, f"listening on {new}")
    await idle.end()
    with pytest.raises(ConnectionRefusedError):
        await house.client(int(old.partition(":")[2]))
    server.connections[0].transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
    await busy.end()
    assert busy.received.endswith(b"late")

    server.answer = lambda end, request: end.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    for each in (port, int(new.partition(":")[2])):
        client = await house.client(each)
        assert 200 == (await client.request(b"GET / HTTP/1.1")).status


@pytest_twisted.ensureDeferred
async def test_checks_keep_their_standing(house: House, tmp_path: Path) -> None:
    """A server that was found down stays down over a reload, and one that is up stays up."""
    a, b = house.server("a"), house.server("b", running=False)
    path = tmp_path / "sticky.ini"
    path.write_text(
        f"[upstream app]\nserver =\n    {a.address}\n    {b.address}\n"
        "check = interval=100 timeout=1000 fall=1 rise=1 type=http\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )
    process, port = await house.start(path)
    await process.said(f"{a.address} is up")
    client = await house.client(port)
    for _ in range(3):
        await hang_up(process)
        assert [b"a"] * 4 == [(await client.request(b"GET / HTTP/1.1")).body for _ in range(4)]
    assert "is up" not in process.out
    b.start()
    await process.said(f"{b.address} is up")
    checks = len(a.requests)
    await eventually(lambda: len(a.requests) > checks + 2)


@pytest_twisted.ensureDeferred
async def test_names_that_nobody_waits_for_any_more(house: House, write: Callable[..., Path]) -> None:
    """Clients who wait at the start for names that the file does not have any more are let in."""
    server = house.server("a")
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind((HOST, 0))
        names = f"[http]\nresolver = {HOST}:{deaf.getsockname()[1]}\n[upstream app]\nserver = app.example resolve\n"
        process, port = await house.start(write(f"{HOST}:0", server="app", more=names))
        client = await house.client(port)
        write(f"{HOST}:0", server=server.address)
        await hang_up(process)
        assert b"a" == (await client.request(b"GET / HTTP/1.1")).body
        assert 0 == await process.stop()
