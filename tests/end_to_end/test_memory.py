"""Large bodies through the real process while one side does not read: what it holds of them stays small."""

from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.interfaces import IPullProducer, ITransport
from twisted.internet.task import deferLater
from zope.interface import implementer

from tests.end_to_end.fakes import Client, ServerEnd
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message, head_of
from tests.end_to_end.processes import Process

TOTAL = 64 * 1024 * 1024
ALLOWED = 8 * 1024 * 1024

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is asked of Linux's /proc")


@implementer(IPullProducer)
class Flood:
    """Writes TOTAL bytes, as fast as the other side takes them; `sent` counts them."""

    _PART = bytes(64 * 1024)

    def __init__(self, transport: ITransport) -> None:
        self.sent = 0
        self._transport = transport
        transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        self._transport.write(self._PART)
        self.sent += len(self._PART)
        if self.sent == TOTAL:
            self._transport.unregisterProducer()

    def stopProducing(self) -> None:
        """The connection is gone."""

    async def stalled(self) -> None:
        """Wait until no more is taken: nothing tells of that, so a while must pass."""
        before = -1
        while before != self.sent:
            before = self.sent
            await deferLater(reactor, 0.2)


class SlowReader:
    """Stops reading at the head of the message, and counts the bytes of the body."""

    head: Message | None = None
    count = 0

    def dataReceived(self, data: bytes) -> None:
        if self.head is not None:
            self.count += len(data)
        else:
            self.received += data
            if found := head_of(self.received):
                self.head, rest = found
                self.count = len(rest)
                self.transport.pauseProducing()
        self.changed()


class SlowClient(SlowReader, Client):
    """A client that stops reading at the head of the answer."""


class SlowServerEnd(SlowReader, ServerEnd):
    """A server that stops reading at the head of the request."""


def memory(process: Process, what: str) -> int:
    """Ask how many bytes a process holds: `VmRSS` now, `VmHWM` at most since `forget_peak`."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith(f"{what}:"))
    return int(kib) * 1024


def forget_peak(process: Process) -> None:
    """Begin the peak anew (proc(5), clear_refs)."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


async def warm(house: House, folder: Path, server: str) -> tuple[Process, int, int]:
    """Start a proxy before a server and have it answer once; give the process, its port and its memory."""
    config = folder / "large.ini"
    config.write_text(
        "[server www]\nlisten = 127.0.0.1:0\nclient_max_body_size = 0\n"
        f"[location www /]\nproxy_pass = http://{server}\n[location www /warm]\nreturn = 200 warm\n"
    )
    process, port = await house.start(config)
    client = await house.client(port)
    assert b"warm" == (await client.request(b"GET /warm HTTP/1.1")).body
    forget_peak(process)
    return process, port, memory(process, "VmRSS")


@pytest_twisted.ensureDeferred
async def test_download_to_a_client_that_stalls(house: House, tmp_path: Path) -> None:
    """While the client does not read the server is not read from either, and then all of it arrives."""
    server = house.server("a")
    floods: list[Flood] = []

    def answer(end: ServerEnd, request: Message) -> None:
        end.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % TOTAL)
        floods.append(Flood(end.transport))

    server.answer = answer
    process, port, before = await warm(house, tmp_path, server.address)
    client = await house.client(port, SlowClient)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await client.until(lambda: client.head)
    await floods[0].stalled()
    assert floods[0].sent < TOTAL
    client.transport.resumeProducing()
    await client.until(lambda: client.count == TOTAL)
    assert memory(process, "VmHWM") - before < ALLOWED


@pytest_twisted.ensureDeferred
async def test_upload_to_a_server_that_stalls(house: House, tmp_path: Path) -> None:
    """While the server does not read the client is not read from either, and then all of it arrives."""
    server = house.server("a", end=SlowServerEnd)
    process, port, before = await warm(house, tmp_path, server.address)
    client = await house.client(port)
    client.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % TOTAL)
    flood = Flood(client.transport)
    end = await server.until(lambda: next((each for each in server.connections if each.head), None))
    await flood.stalled()
    assert flood.sent < TOTAL
    end.transport.resumeProducing()
    await server.until(lambda: end.count == TOTAL)
    end.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert 200 == (await client.response()).status
    assert memory(process, "VmHWM") - before < ALLOWED
