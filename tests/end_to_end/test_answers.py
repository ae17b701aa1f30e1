"""What the proxy answers by itself, and what its locations make of requests and answers."""

from io import BytesIO

import pytest
import pytest_twisted
from twisted.protocols.basic import FileSender

from tests.end_to_end.fakes import Client, answering
from tests.end_to_end.house import House

GET = b"GET / HTTP/1.1"


# -- requests that are refused ---------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nname : value\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n", 413),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ],
    ids=lambda value: value[:24].decode() if isinstance(value, bytes) else None,
)
async def test_request_that_is_refused(house: House, request_: bytes, status: int) -> None:
    """What is no valid request, or too large, is refused, the connection closed, and nothing of it reaches a server."""
    server = house.server("a")
    client = await house.client(house.before(server, location="client_max_body_size = 1k"))
    client.send(request_)
    response = await client.response()
    assert status == response.status
    assert [b"close"] == response.values(b"connection")
    assert b"<h1>%d " % status in response.body
    client.transport.loseWriteConnection()
    await client.end()
    assert 0 == server.accepted


@pytest_twisted.ensureDeferred
async def test_path_that_leads_nowhere(house: House) -> None:
    """A path above the root is refused, with 404 for one that no location serves; the connection goes on."""
    server = house.server("a")
    port = house.proxy(f"[server www]\nlisten = 127.0.0.1:0\n[location www /app]\nproxy_pass = http://{server.address}")
    client = await house.client(port)
    statuses = [
        (await client.request(b"GET " + path + b" HTTP/1.1")).status
        for path in (b"/app/../../etc", b"/app/%2e%2e/%2e%2e/etc", b"/apple", b"/app/x")
    ]
    assert [400, 400, 404, 200] == statuses
    assert 1 == len(server.requests)


@pytest_twisted.ensureDeferred
async def test_chunked_body_that_grows_too_large(house: House) -> None:
    """A body whose size nobody said is refused as soon as it is too large; the server never sees it end."""
    server = house.server("a")
    streamed = "client_max_body_size = 1k\nproxy_request_buffering = off"
    client = await house.client(house.before(server, location=streamed))
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3ff\r\n" + b"x" * 1023 + b"\r\n")
    await server.until(lambda: server.connections and server.connections[0].received)
    client.send(b"2\r\nxx\r\n")
    assert 413 == (await client.response()).status
    await server.until(lambda: not server.connections)
    assert [] == server.requests


@pytest_twisted.ensureDeferred
async def test_body_that_nobody_asked_for(house: House) -> None:
    """With Expect a body that is too large is refused before it is sent."""
    client = await house.client(house.before(house.server("a"), location="client_max_body_size = 1k"))
    response = await client.request(b"POST / HTTP/1.1\nContent-Length: 1025\nExpect: 100-continue")
    assert 413 == response.status


@pytest_twisted.ensureDeferred
async def test_refusal_reaches_a_client_that_is_still_sending(house: House) -> None:
    """A client that sends its body to the end before it reads gets its refusal, and no reset that swallows it."""
    client = await house.client(house.before(house.server("a"), location="client_max_body_size = 1k"))
    client.transport.pauseProducing()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
    await FileSender().beginFileTransfer(BytesIO(bytes(20_000_000)), client.transport)
    client.transport.resumeProducing()
    assert 413 == (await client.response()).status
    assert await client.end()


# -- locations -------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/", b"/"),
        (b"/app", b"/base"),
        (b"/app/", b"/base/"),
        (b"/app/x?y=1", b"/base/x?y=1"),
        (b"/app/%41%2fb", b"/base/%41%2fb"),
        (b"/apple", b"/apple"),
        (b"/%61pp/x", b"/base/x"),
    ],
)
async def test_proxy_pass_with_a_uri(house: House, target: bytes, expected: bytes) -> None:
    """A URI in `proxy_pass` takes the place of what matched, whole segments only; other targets pass as they are."""
    server = house.server("a")
    port = house.before(server, location="[location www /app]\nproxy_pass = http://app/base")
    client = await house.client(port)
    await client.request(b"GET " + target + b" HTTP/1.1")
    assert [b"GET " + expected + b" HTTP/1.1"] == [request.first for request in server.requests]


@pytest_twisted.ensureDeferred
async def test_proxy_pass_to_an_address(house: House) -> None:
    """`proxy_pass` may lead straight to an address, and the longest location decides."""
    one, other = house.server("one"), house.server("other")
    client = await house.client(house.before(one, location=f"[location www /b]\nproxy_pass = http://{other.address}"))
    bodies = [(await client.request(b"GET /%b HTTP/1.1" % path)).body for path in (b"a", b"b", b"b/c")]
    assert [b"one", b"other", b"other"] == bodies


@pytest_twisted.ensureDeferred
async def test_virtual_hosts(house: House) -> None:
    """The Host chooses the server: exact names before wildcards, and the first server for what nobody has."""
    names = {"default": "_", "exact": "www.example.org", "wild": "*.example.org"}
    port = house.proxy(
        "".join(
            f"[server {server}]\nlisten = 127.0.0.1:0\nserver_name = {name}\nreturn = 200 {server}\n"
            for server, name in names.items()
        )
    )
    client = await house.client(port)

    async def named(host: bytes) -> bytes:
        client.send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        return (await client.response()).body

    assert b"exact" == await named(b"WWW.example.org:8080")
    assert b"wild" == await named(b"a.b.example.org")
    assert b"default" == await named(b"example.com")
    client.send(b"GET http://www.example.org/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert b"exact" == (await client.response()).body


async def answer_at(client: Client, path: bytes, headers: bytes = b"") -> tuple[int, bytes, list[bytes]]:
    """Ask for a path; give status, body and Location."""
    response = await client.request(b"GET " + path + b" HTTP/1.1" + headers)
    return response.status, response.body, response.values(b"location")


@pytest_twisted.ensureDeferred
async def test_return(house: House) -> None:
    """`return` answers at once: a text, a redirect, a bare status, or (444) not at all."""
    port = house.proxy(
        "[server www]\nlisten = 127.0.0.1:0\n"
        '[location www /text]\nreturn = 200 "you asked for $uri"\n'
        "[location www /moved]\nreturn = 301 https://$host$request_uri\n"
        "[location www = /gone]\nreturn = 410\n"
        "[location www /quiet]\nreturn = 444\n"
    )
    client = await house.client(port)
    assert (200, b"you asked for /text/a b", []) == await answer_at(client, b"/text/a%20b")
    assert (301, b"", [b"https://example.org/moved?x=1"]) == await answer_at(client, b"/moved?x=1")
    assert 410 == (await answer_at(client, b"/gone"))[0]
    assert 404 == (await answer_at(client, b"/gone/below"))[0]
    client.send(b"GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n")
    await client.end()
    assert b"" == client.received


@pytest_twisted.ensureDeferred
async def test_access(house: House) -> None:
    """Who is denied gets 403, and the server hears nothing of it."""
    server = house.server("a")
    port = house.before(
        server,
        location="access =\n    deny all\n[location www /open]\nproxy_pass = http://app\n"
        "access =\n    allow 127.0.0.0/8\n    deny all",
    )
    client = await house.client(port)
    assert 403 == (await answer_at(client, b"/"))[0]
    assert (200, b"a", []) == await answer_at(client, b"/open")
    assert 1 == len(server.requests)


@pytest_twisted.ensureDeferred
async def test_error_page_directive(house: House) -> None:
    """`error_page` gives the proxy's own errors another body, another status or a redirect."""
    dead, pages = house.server("dead", running=False), house.server("pages")
    port = house.before(
        dead,
        location="error_page =\n    502 /sorry\n"
        "[location www /as200]\nproxy_pass = http://app\nerror_page =\n    502 =200 /sorry\n"
        "[location www /away]\nproxy_pass = http://app\nerror_page =\n    502 https://example.com/down\n"
        f"[location www /sorry]\nproxy_pass = http://{pages.address}\n",
    )
    client = await house.client(port)
    assert (502, b"pages", []) == await answer_at(client, b"/")
    assert (200, b"pages", []) == await answer_at(client, b"/as200")
    assert (302, b"", [b"https://example.com/down"]) == await answer_at(client, b"/away")
    assert [b"GET /sorry HTTP/1.1"] * 2 == [request.first for request in pages.requests]


@pytest_twisted.ensureDeferred
async def test_error_page_for_a_post(house: House) -> None:
    """The page for a failed POST is fetched with GET and without the body, and the connection goes on."""
    dead, pages = house.server("dead", running=False), house.server("pages")
    port = house.before(
        dead,
        location=f"error_page =\n    502 /sorry\n[location www /sorry]\nproxy_pass = http://{pages.address}\n",
    )
    client = await house.client(port)
    response = await client.request(b"POST / HTTP/1.1\nContent-Length: 5", b"hello")
    assert (502, b"pages") == (response.status, response.body)
    assert [(b"GET /sorry HTTP/1.1", b"")] == [(request.first, request.body) for request in pages.requests]
    assert 502 == (await client.request(GET)).status


# -- fields ----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_fields_that_the_configuration_sets(house: House) -> None:
    """`proxy_set_header`, `proxy_hide_header` and `add_header` do what they say; an empty value leaves a field out."""
    server = house.server("a")
    server.answer = answering(200, b"X-Powered-By: magic", b"X-Own: 1")
    port = house.before(
        server,
        location="proxy_set_header =\n    Host $proxy_host\n    X-Forwarded-For $proxy_add_x_forwarded_for\n"
        '    X-Real-IP ""\n    X-Agent "<$http_user_agent>"\n'
        "proxy_hide_header = X-Powered-By\nadd_header =\n    X-Served-By $sticky_server\n",
    )
    client = await house.client(port)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
    response = await client.response()
    sent = server.requests[0]
    assert [b"app"] == sent.values(b"host")
    assert [b"10.0.0.1, 127.0.0.1"] == sent.values(b"x-forwarded-for")
    assert [] == sent.values(b"x-real-ip")
    assert [b"<me>"] == sent.values(b"x-agent")
    assert ([], [b"1"], [b"a"]) == tuple(map(response.values, (b"x-powered-by", b"x-own", b"x-served-by")))


@pytest_twisted.ensureDeferred
async def test_proxy_redirect(house: House) -> None:
    """A Location that names the upstream is led back to the location that it came through."""
    server = house.server("a")
    server.answer = answering(302, b"Location: http://app/base/next", body=b"")
    port = house.before(server, location="[location www /app]\nproxy_pass = http://app/base")
    client = await house.client(port)
    assert (302, b"", [b"/app/next"]) == await answer_at(client, b"/app/first")
