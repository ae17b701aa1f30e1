"""Answers and requests on their way through the real proxy with buffering on and off: who waits for whom."""

from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.fakes import FakeServer, ServerEnd, answering, eventually, silent
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message
from tests.end_to_end.stalls import Flood, SlowClient, Stall, on_disk

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
# More than sockets hold for a client that does not read.
TOTAL = 16 * 1024 * 1024


def write(folder: Path, server: FakeServer, lines: str = "") -> Path:
    """Write a configuration: one kept connection to one server."""
    path = folder / "buffering.ini"
    path.write_text(
        f"[upstream app]\nserver = {server.address}\nkeepalive = 8\n"
        f"[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://app\n{lines}\n"
    )
    return path


def flooding(server: FakeServer, *fields: bytes) -> list[Flood]:
    """Have a server answer the first request with a large body, and those behind it with its name; give the flood."""
    floods: list[Flood] = []
    stall = Stall(TOTAL)

    def answer(end: ServerEnd, request: Message) -> None:
        end.transport.write(b"\r\n".join([b"HTTP/1.1 200 OK", *fields, stall.framing, b"", b""]))
        floods.append(Flood(end.transport, stall))
        server.answer = answering()

    server.answer = answer
    return floods


async def stalled(house: House, port: int, floods: list[Flood]) -> SlowClient:
    """Have a client ask, and stop to read; the server has then sent what it can get rid of."""
    client = await house.client(port, SlowClient)
    client.stall = Stall(TOTAL)
    client.send(GET)
    await client.until(lambda: client.stopped)
    await floods[0].stalled()
    return client


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("buffering", ["on", "off"])
async def test_events(house: House, tmp_path: Path, buffering: str) -> None:
    """Each event of a stream is with the client before the server has the next one."""
    server = house.server("a")
    server.answer = silent
    _, port = await house.start(write(tmp_path, server, f"proxy_buffering = {buffering}"))
    client = await house.client(port)
    client.send(GET)
    await server.until(lambda: server.requests)
    server.connections[0].transport.write(STREAM)
    assert 200 == (await client.head()).status
    for number in range(5):
        event = b"data: %d\n\n" % number
        server.connections[0].transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        await client.until(lambda event=event: event in client.received)
        client.received = b""
    server.connections[0].transport.write(b"0\r\n\r\n")
    await client.until(lambda: client.received == b"0\r\n\r\n")


@pytest_twisted.ensureDeferred
async def test_a_server_is_free_before_its_client(house: House, tmp_path: Path) -> None:
    """While a client still fetches what lies on disk its server's connection is there for others."""
    server = house.server("a")
    floods = flooding(server)
    process, port = await house.start(write(tmp_path, server))
    slow = await stalled(house, port, floods)
    assert TOTAL == floods[0].sent
    assert on_disk(process) > TOTAL // 2
    other = await house.client(port)
    assert b"a" == (await other.request(b"GET / HTTP/1.1")).body
    assert 1 == server.accepted
    slow.transport.resumeProducing()
    await slow.until(lambda: slow.ended)
    await eventually(lambda: not on_disk(process))


@pytest_twisted.ensureDeferred
async def test_a_server_that_wants_no_buffering(house: House, tmp_path: Path) -> None:
    """With X-Accel-Buffering: no the server waits for its client, and others get a connection of their own."""
    server = house.server("a")
    floods = flooding(server, b"X-Accel-Buffering: no")
    process, port = await house.start(write(tmp_path, server))
    slow = await stalled(house, port, floods)
    assert floods[0].sent < TOTAL
    assert 0 == on_disk(process)
    other = await house.client(port)
    assert b"a" == (await other.request(b"GET / HTTP/1.1")).body
    assert 2 == server.accepted
    slow.transport.resumeProducing()
    await slow.until(lambda: slow.ended)
    assert not slow.head.values(b"x-accel-buffering")


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_what_waits_for_it(house: House, tmp_path: Path) -> None:
    """What waited on disk for a client that leaves is given back."""
    server = house.server("a")
    floods = flooding(server)
    process, port = await house.start(write(tmp_path, server))
    slow = await stalled(house, port, floods)
    assert on_disk(process) > 0
    await slow.close()
    other = await house.client(port)
    while on_disk(process):
        assert b"a" == (await other.request(b"GET / HTTP/1.1")).body


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("ignoring", "goes_on"), [("on", True), ("off", False)])
async def test_a_client_that_leaves(house: House, tmp_path: Path, ignoring: str, goes_on: bool) -> None:
    """Told to ignore that, the proxy lets the server finish and keeps its connection; else it leaves the server."""
    server = house.server("a")
    server.answer = silent
    lines = f"proxy_ignore_client_abort = {ignoring}\naccess_log = {tmp_path}/log"
    _, port = await house.start(write(tmp_path, server, lines))
    client = await house.client(port)
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
    await server.until(lambda: server.requests)
    await client.close()
    if goes_on:
        answering()(server.connections[0], server.requests[0])
    else:
        await server.until(lambda: not server.connections)
    server.answer = answering()
    other = await house.client(port)
    assert b"a" == (await other.request(b"GET / HTTP/1.1")).body
    assert (1 if goes_on else 2) == server.accepted


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("size", [1000, 1_000_000])
async def test_a_server_that_waits_for_nobody(house: House, tmp_path: Path, size: int) -> None:
    """A server is connected to once a body is whole, however long it is and however slowly it comes."""
    server = house.server("a")
    process, port = await house.start(write(tmp_path, server))
    client = await house.client(port)
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size - 1))
    other = await house.client(port)
    assert b"a" == (await other.request(b"GET / HTTP/1.1")).body
    await server.hang_up()
    assert 1 == server.accepted
    client.send(b"!")
    assert b"a" == (await client.response()).body
    assert bytes(size - 1) + b"!" == server.requests[1].body
    await eventually(lambda: not on_disk(process))
