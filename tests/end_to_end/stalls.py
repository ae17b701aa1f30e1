"""Large bodies through the real process while one side stops to read, and what the process holds of them meanwhile."""

from pathlib import Path

from attrs import frozen
from twisted.internet import reactor
from twisted.internet.interfaces import IPullProducer, ITransport
from twisted.internet.task import deferLater
from zope.interface import implementer

from tests.end_to_end.fakes import Client, ServerEnd
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message, head_of
from tests.end_to_end.processes import Process


@frozen
class Stall:
    """A body of `total` bytes, and how many of them the reader takes before it stops."""

    total: int
    stop_at: int = 0
    chunked: bool = False

    @property
    def framing(self) -> bytes:
        """The field that says how long the body is."""
        return b"Transfer-Encoding: chunked" if self.chunked else b"Content-Length: %d" % self.total


@frozen
class Figures:
    """What was measured, in bytes: what was `taken` of the sender and not passed on while the reader did not read,
    how much of that lay `on_disk`, and how much the process has `grown` at most.

    `taken` counts what the kernel holds for either side too.
    """

    taken: int
    on_disk: int
    grown: int


@implementer(IPullProducer)
class Flood:
    """Writes a body, as fast as the other side takes it; `sent` counts its bytes."""

    _PART = bytes(64 * 1024)

    def __init__(self, transport: ITransport, stall: Stall) -> None:
        self.sent = 0
        self._total = stall.total
        self._part = b"%x\r\n%b\r\n" % (len(self._PART), self._PART) if stall.chunked else self._PART
        self._last = b"0\r\n\r\n" if stall.chunked else b""
        self._transport = transport
        transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        self._transport.write(self._part)
        self.sent += len(self._PART)
        if self.sent == self._total:
            self._transport.write(self._last)
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
    """Stops reading once it has some of the body, and counts its bytes, the framing of chunks among them."""

    stall: Stall
    head: Message | None = None
    count = 0
    stopped = False
    _tail = b""

    def dataReceived(self, data: bytes) -> None:
        if self.head is None:
            self.received += data
            if found := head_of(self.received):
                self.head, data = found
        if self.head is not None:
            self.count += len(data)
            self._tail = (self._tail + data)[-7:]
            if not self.stopped and self.count >= self.stall.stop_at:
                self.stopped = True
                self.transport.pauseProducing()
        self.changed()

    @property
    def ended(self) -> bool:
        """Whether the body has come to its end; it may be framed otherwise than it was sent."""
        chunked = self.head is not None and self.head.values(b"transfer-encoding")
        return self._tail == b"\r\n0\r\n\r\n" if chunked else self.count == self.stall.total


class SlowClient(SlowReader, Client):
    """A client that stops reading the answer."""


class SlowServerEnd(SlowReader, ServerEnd):
    """A server that stops reading the request."""


def memory(process: Process, what: str) -> int:
    """Ask how many bytes a process holds: `VmRSS` now, `VmHWM` at most since `forget_peak`."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith(f"{what}:"))
    return int(kib) * 1024


def forget_peak(process: Process) -> None:
    """Begin the peak anew (proc(5), clear_refs)."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def on_disk(process: Process) -> int:
    """Count the bytes in the files without a name that a process has open."""
    files = [file for file in Path(f"/proc/{process.pid}/fd").iterdir() if str(file.readlink()).endswith(" (deleted)")]
    return sum(file.stat().st_size for file in files)


async def warm(house: House, folder: Path, server: str, lines: str) -> tuple[Process, int, int]:
    """Start a proxy before a server and have it answer once; give the process, its port and its memory.

    `lines` are further ones of the location.
    """
    config = folder / "large.ini"
    config.write_text(
        "[server www]\nlisten = 127.0.0.1:0\nclient_max_body_size = 0\n"
        f"[location www /]\nproxy_pass = http://{server}\n{lines}\n[location www /warm]\nreturn = 200 warm\n"
    )
    process, port = await house.start(config)
    client = await house.client(port)
    assert b"warm" == (await client.request(b"GET /warm HTTP/1.1")).body
    forget_peak(process)
    return process, port, memory(process, "VmRSS")


async def download(house: House, folder: Path, stall: Stall, lines: str = "") -> Figures:
    """Send a body to a client that stops reading, and wait until it has all of it."""
    server = house.server("a")
    floods: list[Flood] = []

    def answer(end: ServerEnd, request: Message) -> None:
        end.transport.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % stall.framing)
        floods.append(Flood(end.transport, stall))

    server.answer = answer
    process, port, before = await warm(house, folder, server.address, lines)
    client = await house.client(port, SlowClient)
    client.stall = stall
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await client.until(lambda: client.stopped)
    await floods[0].stalled()
    taken, disk = floods[0].sent - client.count, on_disk(process)
    client.transport.resumeProducing()
    await client.until(lambda: client.ended)
    return Figures(taken, disk, memory(process, "VmHWM") - before)


async def upload(house: House, folder: Path, stall: Stall, lines: str = "") -> Figures:
    """Send a body to a server that stops reading, and wait until it has all of it, and has answered."""

    def end_for(server: object) -> SlowServerEnd:
        end = SlowServerEnd(server)
        end.stall = stall
        return end

    server = house.server("a", end=end_for)
    process, port, before = await warm(house, folder, server.address, lines)
    client = await house.client(port)
    client.send(b"PUT / HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % stall.framing)
    flood = Flood(client.transport, stall)
    end = await server.until(lambda: next((each for each in server.connections if each.stopped), None))
    await flood.stalled()
    taken, disk = flood.sent - end.count, on_disk(process)
    end.transport.resumeProducing()
    await server.until(lambda: end.ended)
    end.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert 200 == (await client.response()).status
    return Figures(taken, disk, memory(process, "VmHWM") - before)
