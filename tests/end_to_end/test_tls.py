import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_twisted
from attrs import frozen
from OpenSSL.SSL import TLS1_2_VERSION, Error
from twisted.internet.threads import deferToThread

from stickyproxy.errors import StartError
from tests.certificates import Authority
from tests.end_to_end.fakes import Client, FakeServer, ServerEnd, echoing, eventually, resetting, silent
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message
from tests.end_to_end.processes import installed
from tests.end_to_end.tls import Asking, Showing, shown

MIB = 1024 * 1024


@frozen
class Trust:
    """An authority, its own certificate in `roots`, and a folder for all that it signs."""

    authority: Authority
    folder: Path

    @property
    def roots(self) -> Path:
        return self.folder / "ca.pem"

    def sign(self, *names: str, days: int = 2) -> tuple[Path, Path]:
        """Sign a certificate for names; return its file and that of its key."""
        return self.authority.sign(*names, days=days).write(self.folder, names[0])

    def section(self, name: str) -> str:
        """The lines of a `[server]` that is shown as `name`, and listens for that."""
        certificate, key = self.sign(name)
        return (
            f"listen = 127.0.0.1:0 ssl\nserver_name = {name}\n"
            f"ssl_certificate = {certificate}\nssl_certificate_key = {key}\n"
        )

    def asking(self, name: bytes = b"one.example", latest: int | None = None) -> Asking:
        """The TLS of a client."""
        return Asking(self.roots, name, latest)


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    authority = Authority()
    authority.write(tmp_path)
    return Trust(authority, tmp_path)


async def get(house: House, port: int, tls: Asking, target: str = "/") -> tuple[str, Message]:
    """Ask over a connection of its own; tell whose certificate was shown, and the answer."""
    client = await house.client(port, tls=tls)
    answer = await client.request(b"GET %b HTTP/1.1" % target.encode())
    return shown(client), answer


# -- curl ------------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_curl(house: House, trust: Trust, tmp_path: Path) -> None:
    """What others make of TLS agrees with ours: curl trusts what it should, and keeps its connection."""
    server = house.server("a", tls=Showing(*trust.sign("app")))
    port = over_tls(house, trust, server)
    url = f"https://one.example:{port}/"
    there = ["--silent", "--show-error", "--resolve", f"one.example:{port}:127.0.0.1", url, url]
    program = installed("curl")
    curl = house.run(tmp_path, program, "--cacert", trust.roots, "-w", "%{num_connects},%{ssl_verify_result};", *there)
    assert 0 == await curl.ended()
    assert "a1,0;a0,0;" == curl.out
    distrustful = house.run(tmp_path, program, *there)
    assert 60 == await distrustful.ended()


# -- clients ---------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_names(house: House, trust: Trust) -> None:
    """Servers at one address each show their own certificate; who asks for none of them is shown the default's."""
    port = house.proxy(
        f"[server one]\n{trust.section('one.example')}return = 200\n"
        f"[server two]\n{trust.section('*.two.example')}return = 200\n"
    )
    found = []
    for name in (b"one.example", b"WWW.two.example", b"three.example", b""):
        subject, _ = await get(house, port, trust.asking(name))
        found.append(subject)
    assert ["one.example", "*.two.example", "one.example", "one.example"] == found


@pytest_twisted.ensureDeferred
async def test_what_is_known(house: House, trust: Trust) -> None:
    """Variables tell of the client's TLS, and servers are told that the client came by https."""
    server = house.server("a")
    port = house.proxy(
        f"[upstream app]\nserver = {server.address}\n[server one]\n{trust.section('one.example')}"
        "[location one /]\nproxy_pass = http://app\n"
        "[location one /known]\nreturn = 200 $scheme,$ssl_protocol,$ssl_server_name\n"
    )
    _, answer = await get(house, port, trust.asking(latest=TLS1_2_VERSION), "/known")
    assert b"https,TLSv1.2,one.example" == answer.body
    await get(house, port, trust.asking())
    assert [b"https"] == server.requests[0].values(b"X-Forwarded-Proto")


@pytest_twisted.ensureDeferred
async def test_protocols(house: House, trust: Trust) -> None:
    """Who speaks only versions that are not allowed gets no connection."""
    port = house.proxy(f"[server one]\n{trust.section('one.example')}ssl_protocols = TLSv1.3\nreturn = 200\n")
    client = await house.client(port, tls=trust.asking(latest=TLS1_2_VERSION))
    await client.end()
    assert isinstance(client.lost, Error)
    _, answer = await get(house, port, trust.asking())
    assert 200 == answer.status


@pytest_twisted.ensureDeferred
async def test_new_certificate(house: House, trust: Trust, told: list[str]) -> None:
    """A certificate that has changed is loaded anew; a broken one is told of, and the one before serves on."""
    port = house.proxy(f"[server one]\n{trust.section('one.example')}return = 200\n")
    trust.authority.sign("renewed").write(trust.folder, "one.example")
    await eventually(lambda: any("loaded anew" in line for line in told))
    (trust.folder / "one.example.pem").write_bytes(b"broken")
    await eventually(lambda: any(line.startswith("error: ") for line in told))
    (complaint,) = [line for line in told if line.startswith("error: ")]
    assert f"ssl_certificate: {trust.folder}/one.example.pem: cannot be used: " in complaint
    subject, _ = await get(house, port, trust.asking())
    assert "renewed" == subject


@pytest_twisted.ensureDeferred
async def test_unusable_at_start(house: House, trust: Trust) -> None:
    """Nothing starts with a certificate that cannot be used, and a line tells which it is."""
    section = trust.section("one.example")
    (trust.folder / "one.example.key").unlink()
    with pytest.raises(StartError, match=r"^sticky.ini:5: ssl_certificate_key: /.*: cannot be read: No such file"):
        house.proxy(f"[server one]\n{section}return = 200\n")


@pytest_twisted.ensureDeferred
async def test_plain_request(house: House, trust: Trust) -> None:
    """Who speaks no TLS where it is spoken is told so."""
    port = house.proxy(f"[server one]\n{trust.section('one.example')}return = 200\n")
    client = await house.client(port)
    answer = await client.request(b"GET / HTTP/1.1")
    assert (400, b"The plain HTTP request was sent to an HTTPS port.\n") == (answer.status, answer.body)
    assert await client.end()


@pytest_twisted.ensureDeferred
async def test_silent_client(house: House, trust: Trust) -> None:
    """Who does not go through with the handshake has as long for it as for the head of a request."""
    port = house.proxy(f"[server one]\n{trust.section('one.example')}client_header_timeout = 1s\nreturn = 200\n")
    client = await house.client(port)
    client.send(b"\x16\x03\x01")
    assert not await client.end()


def ask_and_close(port: int, roots: Path, name: str) -> bytes:
    """Send a request and, in the same segment, that nothing follows it; return what is answered."""
    read, written = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=str(roots)).wrap_bio(read, written, server_hostname=name)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                wire.sendall(written.read())
                read.write(wire.recv(65536))
        tls.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with suppress(ssl.SSLError):
            tls.unwrap()
        wire.sendall(written.read())
        answer = b""
        while data := wire.recv(65536):
            read.write(data)
            with suppress(ssl.SSLError):
                answer += tls.read(65536)
        return answer


@pytest_twisted.ensureDeferred
async def test_a_client_that_says_that_it_is_done(house: House, trust: Trust) -> None:
    """A request that the proxy answers by itself is answered even if the client ends its side behind it."""
    config = trust.folder / "tls.ini"
    config.write_text(f"[server one]\n{trust.section('one.example')}return = 200 hello\n")
    process, port = await house.start(config)
    answer = await deferToThread(ask_and_close, port, trust.roots, "one.example")
    assert answer.endswith(b"\r\n\r\nhello")
    assert 0 == await process.stop()


@pytest_twisted.ensureDeferred
async def test_shutdown(house: House, trust: Trust) -> None:
    """When the proxy ends, so do idle connections, in good order, and the process with them."""
    config = trust.folder / "tls.ini"
    config.write_text(f"[server one]\n{trust.section('one.example')}return = 200\n")
    process, port = await house.start(config)
    client = await house.client(port, tls=trust.asking())
    await client.request(b"GET / HTTP/1.1")
    assert 0 == await process.stop()
    assert await client.end()


@pytest_twisted.ensureDeferred
async def test_unexpected_tls(house: House, trust: Trust) -> None:
    """Who speaks TLS where it is not spoken is refused, and the next client is served."""
    port = house.proxy("[server one]\nlisten = 127.0.0.1:0\nreturn = 204\n")
    client = await house.client(port, tls=trust.asking())
    await client.end()
    assert isinstance(client.lost, Error)
    assert 204 == (await (await house.client(port)).request(b"GET / HTTP/1.1")).status


@pytest_twisted.ensureDeferred
async def test_unread_body(house: House, trust: Trust) -> None:
    """A client whose body is not read gets the whole answer, and the orderly end of a TLS connection."""
    port = house.proxy(f"[server one]\n{trust.section('one.example')}client_max_body_size = 1\nreturn = 200\n")
    client = await house.client(port, tls=trust.asking())
    answer = await client.request(b"POST / HTTP/1.1\nContent-Length: 100000", bytes(50_000))
    assert 413 == answer.status
    client.transport.write(bytes(50_000))
    assert await client.end()


@pytest_twisted.ensureDeferred
async def test_big_bodies(house: House, trust: Trust) -> None:
    """Large bodies pass whole in both directions, over TLS on both sides."""
    server = house.server("a", tls=Showing(*trust.sign("app")))
    server.answer = echoing
    port = over_tls(house, trust, server, "client_max_body_size = 9m")
    client = await house.client(port, tls=trust.asking())
    body = bytes(range(256)) * (4 * MIB // 256)
    for _ in range(2):
        answer = await client.request(b"POST / HTTP/1.1\nContent-Length: %d" % len(body), body)
        assert body == answer.body
    assert 1 == server.accepted


@pytest_twisted.ensureDeferred
async def test_client_leaves(house: House, trust: Trust) -> None:
    """A client that goes away ends its try."""
    server = house.server("a", tls=Showing(*trust.sign("app")))
    server.answer = silent
    port = over_tls(house, trust, server)
    client = await house.client(port, tls=trust.asking())
    client.send(b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n")
    await server.until(lambda: server.requests)
    await client.close()
    await server.until(lambda: not server.connections)


@pytest_twisted.ensureDeferred
async def test_tunnel(house: House, trust: Trust) -> None:
    """What client and server have changed to passes through TLS on both sides, and ends in good order."""
    server = house.server("a", tls=Showing(*trust.sign("app")), end=Granting)
    client = await house.client(over_tls(house, trust, server), tls=trust.asking())
    client.send(b"GET / HTTP/1.1\r\nHost: one.example\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
    assert 101 == (await client.head()).status
    client.send(bytes(MIB))
    await client.until(lambda: len(client.received) == MIB)
    client.transport.loseConnection()
    assert await client.end()
    await server.until(lambda: not server.connections)


class Granting(ServerEnd):
    """Grants the change to another protocol, which is to say everything back."""

    granted = False

    def dataReceived(self, data: bytes) -> None:
        grant = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"
        self.transport.write(data if self.granted else grant)
        self.granted = True


@pytest_twisted.ensureDeferred
async def test_slow_reader(house: House, trust: Trust) -> None:
    """What a client does not read is not read from the server either."""
    server = house.server("a", tls=Showing(*trust.sign("app")), end=Pouring)
    port = over_tls(house, trust, server)
    client = await house.client(port, Swallowing, tls=trust.asking())
    client.send(b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n")
    await client.until(lambda: client.size)
    client.transport.pauseProducing()
    end = server.connections[0]
    assert isinstance(end, Pouring)
    await server.until(lambda: end.paused)
    client.transport.resumeProducing()
    await client.until(lambda: client.size > Pouring.size)


class Swallowing(Client):
    """Counts the bytes that come, and forgets them."""

    size = 0

    def dataReceived(self, data: bytes) -> None:
        self.size += len(data)
        self.changed()


class Pouring(ServerEnd):
    """Answers with a body of `size` bytes, as fast as it is taken; `paused` says that nobody takes it."""

    size = 32 * MIB
    paused = False

    def dataReceived(self, data: bytes) -> None:
        self.left = self.size
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.size)
        self.transport.registerProducer(self, True)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        self.paused = False
        while self.left and not self.paused:
            self.left -= 64 * 1024
            self.transport.write(bytes(64 * 1024))

    def pauseProducing(self) -> None:
        self.paused = True
        self.changed()

    def stopProducing(self) -> None:
        self.left = 0


# -- servers ---------------------------------------------------------------------------------------------------------


def over_tls(house: House, trust: Trust, server: FakeServer, lines: str = "") -> int:
    """Start a proxy that speaks TLS on both sides."""
    return house.proxy(
        f"[upstream app]\nserver = {server.address} id={server.name}\n[server one]\n{trust.section('one.example')}"
        f"[location one /]\nproxy_pass = https://app\nproxy_ssl_trusted_certificate = {trust.roots}\n{lines}\n"
    )


def to_tls(house: House, server: FakeServer, lines: str) -> int:
    """Start a proxy that speaks TLS to a server alone."""
    return house.proxy(
        f"[upstream app]\nserver = {server.address}\n[server one]\nlisten = 127.0.0.1:0\n"
        f"[location one /]\nproxy_pass = https://app\n{lines}\n"
    )


@pytest_twisted.ensureDeferred
async def test_server_is_trusted(house: House, trust: Trust) -> None:
    """A server that proves to be who it should be is asked, by its name, and its connection is kept for the next."""
    tls = Showing(*trust.sign("app"))
    server = house.server("a", tls=tls)
    client = await house.client(to_tls(house, server, f"proxy_ssl_trusted_certificate = {trust.roots}"))
    for _ in range(3):
        assert b"a" == (await client.request(b"GET / HTTP/1.1")).body
    assert (1, [b"app"]) == (server.accepted, tls.names)


@pytest.mark.parametrize(
    ("names", "days", "lines", "reason"),
    [
        (("other",), 2, "proxy_ssl_trusted_certificate = {roots}", 'it is not for "app"'),
        (("app",), 2, "proxy_ssl_name = else\nproxy_ssl_trusted_certificate = {roots}", 'it is not for "else"'),
        (("app",), 2, "", "unable to get issuer cert locally"),
        (("app",), -1, "proxy_ssl_trusted_certificate = {roots}", "cert has expired"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_server_is_refused(
    house: House, trust: Trust, told: list[str], names: tuple[str, ...], days: int, lines: str, reason: str
) -> None:
    """A server that does not prove who it is gets nothing of the request: 502, and the reason in the error log."""
    server = house.server("a", tls=Showing(*trust.sign(*names, days=days)))
    client = await house.client(to_tls(house, server, lines.format(roots=trust.roots)))
    assert 502 == (await client.request(b"GET / HTTP/1.1")).status
    refused = f"error: {server.address}: the server's certificate is refused: {reason}; GET / of 127.0.0.1"
    assert refused in told
    assert [] == server.requests


@pytest_twisted.ensureDeferred
async def test_not_verified(house: House, trust: Trust) -> None:
    """With `proxy_ssl_verify = off` any certificate will do, and without SNI no name is sent."""
    tls = Showing(*trust.sign("other"))
    server = house.server("a", tls=tls)
    client = await house.client(to_tls(house, server, "proxy_ssl_verify = off\nproxy_ssl_server_name = off"))
    assert 200 == (await client.request(b"GET / HTTP/1.1")).status
    assert [None] == tls.names


@pytest_twisted.ensureDeferred
async def test_by_address(house: House, trust: Trust) -> None:
    """A server that is named by its IP address needs a certificate for that; an address is never sent as a name."""
    tls = Showing(*trust.sign("127.0.0.1"))
    server = house.server("a", tls=tls)
    port = house.proxy(
        "[server one]\nlisten = 127.0.0.1:0\n"
        f"[location one /]\nproxy_pass = https://{server.address}\nproxy_ssl_trusted_certificate = {trust.roots}\n"
    )
    client = await house.client(port)
    assert 200 == (await client.request(b"GET / HTTP/1.1")).status
    assert [None] == tls.names


@pytest_twisted.ensureDeferred
async def test_unverified_connections_are_not_lent_out(house: House, trust: Trust) -> None:
    """A connection that was made without a check is not used where a check is asked for."""
    server = house.server("a", tls=Showing(*trust.sign("other")))
    port = to_tls(house, server, "proxy_ssl_verify = off\n[location one /checked]\nproxy_pass = https://app")
    client = await house.client(port)
    assert 200 == (await client.request(b"GET / HTTP/1.1")).status
    assert 502 == (await client.request(b"GET /checked HTTP/1.1")).status
    assert 1 == len(server.requests)


@pytest_twisted.ensureDeferred
async def test_next_server(house: House, trust: Trust) -> None:
    """After a handshake that failed another server is tried, whatever the method: nothing was sent."""
    bad, good = [house.server(name, tls=Showing(*trust.sign(name))) for name in ("bad", "app")]
    port = house.proxy(
        f"[upstream app]\nserver =\n    {bad.address}\n    {good.address}\n[server one]\nlisten = 127.0.0.1:0\n"
        f"[location one /]\nproxy_pass = https://app\nproxy_ssl_trusted_certificate = {trust.roots}\n"
    )
    client = await house.client(port)
    answer = await client.request(b"POST / HTTP/1.1\nContent-Length: 2", b"hi")
    assert (b"app", b"hi") == (answer.body, good.requests[0].body)


@pytest.mark.parametrize("shows", [True, False])
@pytest_twisted.ensureDeferred
async def test_client_certificate(house: House, trust: Trust, told: list[str], shows: bool) -> None:
    """A server that demands a certificate is shown ours; without one it breaks off, and the error log tells so."""
    server = house.server("a", tls=Showing(*trust.sign("app"), trust.roots))
    certificate, key = trust.sign("proxy")
    ours = f"proxy_ssl_certificate = {certificate}\nproxy_ssl_certificate_key = {key}\n" if shows else ""
    port = to_tls(house, server, f"proxy_ssl_trusted_certificate = {trust.roots}\n{ours}")
    answer = await (await house.client(port)).request(b"GET / HTTP/1.1")
    assert (200 if shows else 502) == answer.status
    assert shows is not any("the server broke off TLS: " in line and "certificate required" in line for line in told)


@pytest_twisted.ensureDeferred
async def test_sessions(house: House, trust: Trust) -> None:
    """Sessions stay on their servers over TLS."""
    tls = Showing(*trust.sign("app"))
    servers = [house.server(name, tls=tls) for name in "abc"]
    lines = "".join(f"    {server.address} id={server.name}\n" for server in servers)
    port = house.proxy(
        f"[upstream app]\nserver =\n{lines}session_sticky = hash=plain\n[server one]\n{trust.section('one.example')}"
        f"[location one /]\nproxy_pass = https://app\nproxy_ssl_trusted_certificate = {trust.roots}\n"
    )
    client = await house.client(port, tls=trust.asking())
    for name in (b"c", b"a", b"b", b"a", b"a"):
        answer = await client.request(b"GET / HTTP/1.1\nCookie: route=" + name)
        assert name == answer.body
    assert [1, 1, 1] == [server.accepted for server in servers]


@pytest_twisted.ensureDeferred
async def test_answer_cut_short(house: House, trust: Trust) -> None:
    """An answer that ends with the connection, but without TLS's own end, is not passed for a whole one."""
    server = house.server("a", tls=Showing(*trust.sign("app")))

    def cut(end: ServerEnd, request: Message) -> None:
        end.transport.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        end.transport.transport.loseConnection()

    server.answer = cut
    client = await house.client(to_tls(house, server, f"proxy_ssl_trusted_certificate = {trust.roots}"))
    client.send(b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n")
    await client.until(lambda: b"half" in client.received)
    assert not await client.end()


@pytest_twisted.ensureDeferred
async def test_kept_connection_is_gone(house: House, trust: Trust) -> None:
    """A kept connection that the server has closed is not written to: even a POST goes to a new one."""
    server = house.server("a", tls=Showing(*trust.sign("app")))
    client = await house.client(to_tls(house, server, f"proxy_ssl_trusted_certificate = {trust.roots}"))
    await client.request(b"GET / HTTP/1.1")
    await server.hang_up()
    assert 200 == (await client.request(b"POST / HTTP/1.1\nContent-Length: 2", b"hi")).status
    server.answer = resetting
    assert 502 == (await client.request(b"POST / HTTP/1.1\nContent-Length: 2", b"hi")).status
    assert 3 == len(server.requests)
