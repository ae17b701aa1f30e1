"""Who the client is behind balancers that speak the PROXY protocol, on real sockets."""

from pathlib import Path

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.certificates import Authority
from tests.end_to_end.fakes import HOST
from tests.end_to_end.house import House

BEHIND = "proxy_protocol\nset_real_ip_from = {}\nreal_ip_header = proxy_protocol"
LINE = b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443\r\n"
BLOCK = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13" + bytes([192, 0, 2, 7, 192, 0, 2, 80, 199, 56, 1, 187]) + b"\x04\0\4abcd"
GET = b"GET / HTTP/1.1"


def behind(house: House, trusted: str, location: str = "") -> int:
    """Start a proxy that has clients introduced by `trusted`, and tells who they are; return its port."""
    return house.proxy(
        f"[server www]\nlisten = {HOST}:0 {BEHIND.format(trusted)}\n[location www /]\n"
        f"{location or 'return = 200 $remote_addr:$remote_port'}\n"
    )


@pytest_twisted.ensureDeferred
async def test_introductions(house: House) -> None:
    """A header of either version introduces the client, in one piece with the request or byte by byte."""
    port = behind(house, HOST)
    for header in (LINE, BLOCK):
        client = await house.client(port)
        client.send(header + GET + b"\r\nHost: x\r\n\r\n")
        assert b"192.0.2.7:51000" == (await client.response()).body
        assert b"192.0.2.7:51000" == (await client.request(GET)).body
        client = await house.client(port)
        client.transport.setTcpNoDelay(True)
        for byte in header:
            client.send(bytes([byte]))
            await deferLater(reactor, 0)
        assert b"192.0.2.7:51000" == (await client.request(GET)).body


@pytest_twisted.ensureDeferred
async def test_who_is_closed(house: House) -> None:
    """Whoever is not trusted, and whoever does not begin with a header, is closed without an answer."""
    client = await house.client(behind(house, "192.0.2.1"))
    client.send(LINE + GET + b"\r\nHost: x\r\n\r\n")
    await client.end()
    assert b"" == client.received
    client = await house.client(behind(house, HOST))
    client.send(GET + b"\r\nHost: x\r\n\r\n")
    await client.end()
    assert b"" == client.received


@pytest_twisted.ensureDeferred
async def test_one_proxy_before_another(house: House) -> None:
    """What one proxy sends another reads: the client is its own address, and nothing it forges."""
    server = house.server("a")
    inner = behind(house, HOST, f"proxy_pass = http://{server.address}")
    outer = house.proxy(
        f"[server www]\nlisten = {HOST}:0\nset_real_ip_from = {HOST}\nreal_ip_header = X-Client\n"
        f"[location www /]\nproxy_pass = http://{HOST}:{inner}\nproxy_protocol = on\n"
    )
    client = await house.client(outer)
    for address in (b"192.0.2.7", b"2001:db8::7"):
        head = GET + b"\nX-Client: " + address + b"\nX-Forwarded-For: 10.9.9.9"
        assert 200 == (await client.request(head)).status
        request = server.requests[-1]
        assert [address] == request.values(b"x-real-ip")
        assert [address] == request.values(b"x-forwarded-for")


@pytest_twisted.ensureDeferred
async def test_before_tls(house: House, tmp_path: Path) -> None:
    """The header goes before TLS, and is read before it."""
    authority = Authority()
    authority.write(tmp_path)
    certificate, key = authority.sign("inner.example").write(tmp_path, "inner")
    inner = house.proxy(
        f"[server www]\nlisten = {HOST}:0 ssl {BEHIND.format(HOST)}\n"
        f"ssl_certificate = {certificate}\nssl_certificate_key = {key}\n"
        "[location www /]\nreturn = 200 $remote_addr|$proxy_protocol_addr|$ssl_server_name\n"
    )
    outer = house.proxy(
        f"[server www]\nlisten = {HOST}:0\nset_real_ip_from = {HOST}\nreal_ip_header = X-Client\n"
        f"[location www /]\nproxy_pass = https://{HOST}:{inner}\nproxy_protocol = on\n"
        f"proxy_ssl_name = inner.example\nproxy_ssl_trusted_certificate = {tmp_path}/ca.pem\n"
    )
    client = await house.client(outer)
    for address in (b"192.0.2.7", b"192.0.2.8"):
        answer = await client.request(GET + b"\nX-Client: " + address)
        assert b"|".join([address, address, b"inner.example"]) == answer.body
