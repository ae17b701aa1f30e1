"""More clients than anybody wants, before the real process: what they cost, and that the others are served."""

import resource
import sys
import warnings
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from stickyproxy.descriptors import connections
from tests.end_to_end.fakes import HOST, FakeServer, answering, silent
from tests.end_to_end.house import House
from tests.end_to_end.processes import PROXY, Process
from tests.end_to_end.stalls import memory

CROWD = Path(__file__).with_name("crowd.py")
KIB = 1024
GET = b"GET / HTTP/1.1"

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is asked of Linux's /proc")


def write(folder: Path, server: FakeServer, main: str = "", http: str = "") -> Path:
    """Write a configuration: / asks a server, and /idle answers by itself."""
    path = folder / "floods.ini"
    path.write_text(
        f"[main]\n{main}\n[http]\n{http}\n"
        f"[server www]\nlisten = {HOST}:0 backlog=4096\n"
        f"[location www /]\nproxy_pass = http://{server.address}\n"
        "[location www /idle]\nreturn = 200 hello\n"
    )
    return path


def crowd(house: House, folder: Path, kind: str, port: int, number: int) -> Process:
    """Have a crowd come."""
    return house.run(folder, sys.executable, CROWD, kind, str(port), str(number))


def lines(process: Process, words: str) -> list[str]:
    """List the lines of what a process wrote that have these words in them."""
    return [line for line in process.out.splitlines() if words in line]


# -- who does nothing ------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_idle_connections(house: House, tmp_path: Path) -> None:
    """10,000 idle connections cost less than 8 KiB each, and others are served beside them."""
    number = min(10_000, connections(resource.getrlimit(resource.RLIMIT_NOFILE)[1]) - 100)
    if number < 10_000:
        warnings.warn(f"only {number} idle connections, as many as files may be open here", stacklevel=1)
    server = house.server("a")
    process, port = await house.start(write(tmp_path, server))
    await crowd(house, tmp_path, "idle", port, 100).said("100 are idle")
    before = memory(process, "VmRSS")
    clients = crowd(house, tmp_path, "idle", port, number)
    for count in range(500, number + 1, 500):
        await clients.said(f"{count} are idle")
    await clients.said(f"{number} are idle")
    cost = (memory(process, "VmRSS") - before) / number
    assert 1 * KIB < cost < 8 * KIB
    client = await house.client(port)
    for _ in range(3):
        assert b"a" == (await client.request(GET)).body


@pytest_twisted.ensureDeferred
async def test_slow_heads(house: House, tmp_path: Path) -> None:
    """2,000 clients whose requests drip are cut when their time is over, and others are served meanwhile."""
    server = house.server("a")
    _, port = await house.start(write(tmp_path, server, http="client_header_timeout = 1s"))
    slow = crowd(house, tmp_path, "slow", port, 2000)
    client = await house.client(port)
    served = 0
    while "are cut" not in slow.out:
        assert b"a" == (await client.request(GET)).body
        served += 1
        await deferLater(reactor, 0.05)
    assert served > 1
    assert ["2000 are cut, 2000 with 408"] == lines(slow, "are cut")
    assert served == len(server.requests)


# -- who does not take what it asked for ------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("buffering", "buffers"), [("off", 0), ("on", 64 * KIB)])
async def test_clients_that_do_not_read(house: House, tmp_path: Path, buffering: str, buffers: int) -> None:
    """Of a large answer to each of 200 clients that do not take it one read, 64 KiB, is held beyond the buffers.

    What the two connections cost by themselves comes on top of it: less than 8 KiB each, as of those that are idle.
    """
    server = house.server("a")
    server.answer = answering(body=bytes(512 * KIB))
    process, port = await house.start(write(tmp_path, server, http=f"proxy_buffering = {buffering}"))
    client = await house.client(port)
    assert b"hello" == (await client.request(b"GET /idle HTTP/1.1")).body
    before = memory(process, "VmRSS")
    await crowd(house, tmp_path, "stalled", port, 200).said("200 have asked")
    await server.until(lambda: len(server.requests) == 200)
    held, last = memory(process, "VmRSS"), 0
    while held != last:
        await deferLater(reactor, 0.2)
        held, last = memory(process, "VmRSS"), held
    assert buffers < (held - before) / 200 < buffers + 64 * KIB + 2 * 8 * KIB
    assert b"hello" == (await client.request(b"GET /idle HTTP/1.1")).body


# -- no room ---------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_as_many_as_may_be(house: House, tmp_path: Path) -> None:
    """Beyond `worker_connections` a client waits until another one leaves, and that is told once."""
    server = house.server("a")
    process, port = await house.start(write(tmp_path, server, main="worker_connections = 3"))
    inside = [await house.client(port) for _ in range(3)]
    for client in inside:
        assert b"a" == (await client.request(GET)).body
    waiting = [await house.client(port) for _ in range(3)]
    await process.said("accepting pauses: 3 connections are open")
    for client, next_one in zip(inside, waiting, strict=True):
        assert b"a" == (await client.request(GET)).body
        await client.close()
        assert b"a" == (await next_one.request(GET)).body
    await process.said("accepting goes on")
    assert 1 == len(lines(process, "accepting pauses"))


@pytest_twisted.ensureDeferred
async def test_as_many_of_one_address(house: House, tmp_path: Path) -> None:
    """Beyond `worker_connections_per_address` an address is closed, unless it comes for others; others are served."""
    server = house.server("a")
    process, port = await house.start(
        write(tmp_path, server, "worker_connections_per_address = 2", "set_real_ip_from = 127.0.0.3")
    )
    first = await house.client(port)
    assert b"a" == (await first.request(GET)).body
    await house.client(port)
    assert await (await house.client(port)).end()
    await process.said("127.0.0.1 has 2 connections: more are closed")
    for source in ["127.0.0.2"] + ["127.0.0.3"] * 4:
        assert b"a" == (await (await house.client(port, source=source)).request(GET)).body
    await first.close()
    assert b"a" == (await (await house.client(port)).request(GET)).body


@pytest_twisted.ensureDeferred
async def test_no_descriptors(house: House, tmp_path: Path) -> None:
    """With the descriptors used up accepting pauses, what is open is served, one line tells, and it recovers."""
    server = house.server("a")
    command = " ".join(map(str, PROXY))
    process = house.run(tmp_path, "/bin/sh", "-c", f"ulimit -n 24; exec {command} {write(tmp_path, server)}")
    port = int(await process.said(f"listening on {HOST}:"))
    first, second = await house.client(port), await house.client(port)
    assert b"a" == (await first.request(GET)).body
    crowd = [await house.client(port) for _ in range(40)]
    await process.said("accepting pauses: too many open files")
    assert b"a" == (await second.request(GET)).body
    # The only connection to the server is busy now, and there is no descriptor for another.
    server.answer = silent
    first.send(GET + b"\r\nHost: x\r\n\r\n")
    await server.until(lambda: len(server.requests) == 3)
    assert 503 == (await second.request(GET)).status
    server.answer = answering()
    for client in crowd:
        await client.close()
    await process.said("accepting goes on")
    newcomer = await house.client(port)
    assert b"a" == (await newcomer.request(GET)).body
    assert 1 == len(lines(process, "accepting pauses"))
    assert [] == lines(process, "EMFILE")
