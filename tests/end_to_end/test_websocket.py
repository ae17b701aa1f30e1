"""Upgrades on real sockets: WebSocket with wsproto at both ends, and protocols that nobody knows."""

import signal
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from zope.interface import implementer

from tests.certificates import Authority
from tests.end_to_end.fakes import Client, FakeServer, ServerEnd, answering, eventually
from tests.end_to_end.house import House
from tests.end_to_end.messages import head_of
from tests.end_to_end.tls import Asking, Showing

STICKY = "session_sticky = cookie=route hash=plain"
# A protocol of our own: what is said goes through as it is.
ASK = b"GET /raw HTTP/1.1\r\nHost: example.org\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"
GRANT = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"
# More than the buffers of four sockets hold.
MUCH = 48 * 1024 * 1024


class WebSocketEnd(ServerEnd):
    """A WebSocket server that says back what it is told."""

    def __init__(self, server: FakeServer) -> None:
        super().__init__(server)
        self.ws = WSConnection(ConnectionType.SERVER)

    def dataReceived(self, data: bytes) -> None:
        self.ws.receive_data(data)
        for event in self.ws.events():
            self.take(event)
        self.changed()

    def take(self, event: ws.Event) -> None:
        match event:
            case ws.Request():
                self.served += 1
                self.say(ws.AcceptConnection())
            case ws.Message():
                self.say(type(event)(event.data, message_finished=event.message_finished))
            case ws.Ping():
                self.say(event.response())
            case ws.CloseConnection():
                self.say(event.response())
                self.transport.loseConnection()

    def say(self, event: ws.Event) -> None:
        self.transport.write(self.ws.send(event))


class WebSocket(Client):
    """A WebSocket client. `told` holds each message whole, and every other event."""

    def __init__(self) -> None:
        super().__init__()
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.told: list[str | bytes | ws.Event] = []
        self._parts: list[str | bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self.ws.receive_data(data)
        for event in self.ws.events():
            if isinstance(event, ws.Message):
                self._parts.append(event.data)
                if event.message_finished:
                    self.told.append(type(event.data)().join(self._parts))
                    self._parts = []
            else:
                self.told.append(event)
        self.changed()

    def say(self, event: ws.Event) -> None:
        self.transport.write(self.ws.send(event))

    async def next(self) -> str | bytes | ws.Event:
        """Take what comes next."""
        await self.until(lambda: self.told)
        return self.told.pop(0)

    async def open(self, cookie: str = "") -> ws.Event:
        """Ask for the upgrade; return how it was answered."""
        self.say(ws.Request("example.org", "/ws", extra_headers=[(b"Cookie", cookie.encode())] if cookie else []))
        return await self.next()


@implementer(IHalfCloseableProtocol)
class RawEnd(ServerEnd):
    """A server that grants the change to `raw`. `heard` is what it was told since, `ended` that no more comes."""

    def __init__(self, server: FakeServer) -> None:
        super().__init__(server)
        self.granted = self.ended = False
        self.heard = bytearray()

    def dataReceived(self, data: bytes) -> None:
        if self.granted:
            self.heard += data
        else:
            self.received += data
            self.granted = head_of(self.received) is not None
            self.transport.write(GRANT if self.granted else b"")
        self.changed()

    def readConnectionLost(self) -> None:
        self.ended = True
        self.changed()

    def writeConnectionLost(self) -> None:
        """It has said so itself."""


@implementer(IHalfCloseableProtocol)
class RawClient(Client):
    """A client that speaks `raw`; `heard` and `ended` are those of the server."""

    def __init__(self) -> None:
        super().__init__()
        self.granted = self.ended = False
        self.heard = bytearray()

    def dataReceived(self, data: bytes) -> None:
        if self.granted:
            self.heard += data
            self.changed()
        else:
            super().dataReceived(data)

    def readConnectionLost(self) -> None:
        self.ended = True
        self.changed()

    def writeConnectionLost(self) -> None:
        """It has said so itself."""


async def raw(house: House, location: str = "") -> tuple[RawClient, RawEnd]:
    """Open a tunnel; return its two ends."""
    server = house.server("a", end=RawEnd)
    client = await house.client(house.before(server, location=location), RawClient)
    client.send(ASK)
    assert 101 == (await client.head()).status
    client.granted = True
    (end,) = server.connections
    assert isinstance(end, RawEnd)
    return client, end


# -- WebSocket -------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_echo(house: House) -> None:
    """Text, bytes, pings and frames of a mebibyte pass both ways, and the close handshake ends both connections."""
    server = house.server("a", end=WebSocketEnd)
    client = await house.client(house.before(server), WebSocket)
    assert isinstance(await client.open(), ws.AcceptConnection)
    for message in (ws.TextMessage("grüß dich"), ws.BytesMessage(bytes(range(256)))):
        client.say(message)
        assert message.data == await client.next()
    client.say(ws.Ping(b"there?"))
    assert ws.Pong(b"there?") == await client.next()
    for _ in range(3):
        client.say(ws.BytesMessage(bytes(range(256)) * 4096))
        assert bytes(range(256)) * 4096 == await client.next()
    client.say(ws.CloseConnection(1000, "bye"))
    assert ws.CloseConnection(1000, "bye") == await client.next()
    assert await client.end()
    await server.until(lambda: not server.connections)


@pytest_twisted.ensureDeferred
async def test_sessions(house: House) -> None:
    """The handshake brings the session's cookie, and goes where that leads; tunnels live side by side."""
    servers = [house.server(name, end=WebSocketEnd) for name in "abc"]
    port = house.before(*servers, upstream=STICKY)
    clients = []
    for server in servers:
        client = await house.client(port, WebSocket)
        accepted = await client.open()
        assert [b"route=%b; Path=/" % server.name.encode()] == [
            value for name, value in accepted.extra_headers if name.lower() == b"set-cookie"
        ]
        clients.append(client)
    for _ in range(3):
        client = await house.client(port, WebSocket)
        accepted = await client.open("route=b")
        assert [] == [value for name, value in accepted.extra_headers if name.lower() == b"set-cookie"]
        clients.append(client)
    assert [1, 4, 1] == [server.accepted for server in servers]
    for number, client in enumerate(clients):
        client.say(ws.TextMessage(f"number {number}"))
    assert [f"number {number}" for number in range(6)] == [await client.next() for client in clients]


@pytest_twisted.ensureDeferred
async def test_two_proxies(house: House) -> None:
    """A tunnel leads through a proxy behind a proxy."""
    server = house.server("a", end=WebSocketEnd)
    inner = house.before(server)
    outer = house.proxy(
        f"[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://127.0.0.1:{inner}\n"
    )
    client = await house.client(outer, WebSocket)
    assert isinstance(await client.open(), ws.AcceptConnection)
    client.say(ws.TextMessage("far"))
    assert "far" == await client.next()


@pytest_twisted.ensureDeferred
async def test_over_tls(house: House, tmp_path: Path) -> None:
    """A tunnel leads over TLS on both sides, and each side's end is the other's."""
    authority = Authority()
    trusted = authority.write(tmp_path)
    certificate, key = authority.sign("one.example").write(tmp_path, "one")
    server = house.server("a", end=WebSocketEnd, tls=Showing(certificate, key))
    port = house.proxy(
        f"[upstream app]\nserver = {server.address}\n[server one]\nlisten = 127.0.0.1:0 ssl\n"
        f"ssl_certificate = {certificate}\nssl_certificate_key = {key}\n[location one /]\nproxy_pass = https://app\n"
        f"proxy_ssl_name = one.example\nproxy_ssl_trusted_certificate = {trusted}\n"
    )
    for leave in (True, False):
        client = await house.client(port, WebSocket, tls=Asking(trusted, b"one.example"))
        assert isinstance(await client.open(), ws.AcceptConnection)
        client.say(ws.BytesMessage(bytes(range(256)) * 4096))
        assert bytes(range(256)) * 4096 == await client.next()
        if leave:
            client.transport.loseConnection()
        else:
            client.say(ws.CloseConnection(1000))
            assert ws.CloseConnection(1000, "") == await client.next()
        assert await client.end()
        await server.until(lambda: not server.connections)


@pytest.mark.parametrize("status", [200, 403, 426])
@pytest_twisted.ensureDeferred
async def test_refused(house: House, status: int) -> None:
    """A refusal is an ordinary answer: a request behind it is answered next, over the same connections."""
    server = house.server("a")
    server.answer = answering(status)
    client = await house.client(house.before(server))
    client.send(ASK + ASK.replace(b"/raw", b"/two"))
    assert [status, status] == [(await client.response()).status for _ in range(2)]
    assert status == (await client.request(b"GET /three HTTP/1.1")).status
    assert [b"/raw", b"/two", b"/three"] == [message.first.split(b" ")[1] for message in server.requests]
    assert 1 == server.accepted


# -- any protocol ----------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_half_closed_by_the_client(house: House) -> None:
    """A client that has said all is answered to the end."""
    client, end = await raw(house)
    client.send(b"question" * 10_000)
    client.transport.loseWriteConnection()
    await end.server.until(lambda: end.ended)
    assert b"question" * 10_000 == end.heard
    end.transport.write(b"answer" * 10_000)
    await client.until(lambda: len(client.heard) == 60_000)
    assert not client.ended
    end.transport.loseConnection()
    await client.until(lambda: client.ended)
    assert b"answer" * 10_000 == client.heard


@pytest_twisted.ensureDeferred
async def test_half_closed_by_the_server(house: House) -> None:
    """A server that has said all still hears the client to the end."""
    client, end = await raw(house)
    end.transport.write(b"all")
    end.transport.loseWriteConnection()
    await client.until(lambda: client.ended)
    assert b"all" == client.heard
    client.send(b"thanks" * 10_000)
    client.transport.loseConnection()
    await end.server.until(lambda: end.ended)
    assert b"thanks" * 10_000 == end.heard


@pytest_twisted.ensureDeferred
async def test_client_gone(house: House) -> None:
    """A client that is cut off ends the server's connection, behind what it said."""
    client, end = await raw(house)
    client.send(b"last words")
    await end.server.until(lambda: end.heard)
    client.transport.abortConnection()
    await end.server.until(lambda: end.ended)
    assert b"last words" == end.heard


@pytest_twisted.ensureDeferred
async def test_server_gone(house: House) -> None:
    """A server that dies ends the client's connection, behind what it said."""
    client, end = await raw(house)
    end.transport.write(b"last words")
    await client.until(lambda: client.heard)
    await end.server.stop()
    await client.until(lambda: client.ended)
    assert b"last words" == client.heard


@pytest_twisted.ensureDeferred
async def test_idle(house: House) -> None:
    """A tunnel in which nobody says anything is closed after `proxy_read_timeout`."""
    client, end = await raw(house, "proxy_read_timeout = 100ms")
    await client.until(lambda: client.ended)
    await end.server.until(lambda: end.ended)


@implementer(IPushProducer)
class Flood:
    """Says as much as it can, up to MUCH; `said` counts the bytes."""

    def __init__(self, transport: object) -> None:
        self.said = 0
        self._transport = transport
        self._flowing = True
        transport.registerProducer(self, True)

    def resumeProducing(self) -> None:
        self._flowing = True
        while self._flowing and self.said < MUCH:
            self.said += 65_536
            self._transport.write(b"x" * 65_536)

    def pauseProducing(self) -> None:
        self._flowing = False

    def stopProducing(self) -> None:
        self._flowing = False


async def stalled(flood: Flood) -> int:
    """Wait until the flood has come to a halt; return how much it has said."""
    seen = [-1]

    def steady() -> bool:
        seen.append(flood.said)
        return len(seen) > 50 and len(set(seen[-30:])) == 1

    flood.resumeProducing()
    await eventually(steady)
    return flood.said


@pytest_twisted.ensureDeferred
async def test_client_that_does_not_read(house: House) -> None:
    """A server is held back by a client that does not read, and goes on when it does."""
    client, end = await raw(house)
    client.transport.pauseProducing()
    flood = Flood(end.transport)
    assert await stalled(flood) < MUCH
    client.transport.resumeProducing()
    await client.until(lambda: len(client.heard) == MUCH)


@pytest_twisted.ensureDeferred
async def test_server_that_does_not_read(house: House) -> None:
    """A client is held back by a server that does not read, and goes on when it does."""
    client, end = await raw(house)
    end.transport.pauseProducing()
    flood = Flood(client.transport)
    assert await stalled(flood) < MUCH
    end.transport.resumeProducing()
    await end.server.until(lambda: len(end.heard) == MUCH)


# -- the end of the proxy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("patience", ["60s", "100ms"])
@pytest_twisted.ensureDeferred
async def test_sigterm(house: House, tmp_path: Path, patience: str) -> None:
    """A proxy that ends waits for its tunnels up to `worker_shutdown_timeout`; each has its line in the log."""
    server = house.server("a", end=WebSocketEnd)
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[main]\nworker_shutdown_timeout = {patience}\n[http]\naccess_log = access.log combined\n"
        f"[upstream app]\nserver = {server.address}\n"
        "[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://app\n"
    )
    process, port = await house.start(config)
    client = await house.client(port, WebSocket)
    await client.open()
    process.transport.signalProcess(signal.SIGTERM)
    if patience == "60s":
        await process.said("requests in progress are answered")
        client.say(ws.TextMessage("still there?"))
        assert "still there?" == await client.next()
        client.say(ws.CloseConnection(1000))
        await client.next()
        assert isinstance(await client.until(lambda: client.lost), ConnectionDone)
    assert 0 == await process.ended()
    await client.end()
    (line,) = (tmp_path / "access.log").read_text().splitlines()
    assert '"GET /ws HTTP/1.1" 101 ' in line
