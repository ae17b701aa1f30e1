"""Messages through the proxy, byte by byte: framing, order, and connections that are used again."""

import pytest
import pytest_twisted

from tests.end_to_end.fakes import ServerEnd, answering, echoing, eventually, saying, saying_last, silent
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message

# More than any buffer on the way takes at once, and every byte there is.
BODY = bytes(range(256)) * 600


def chunked(body: bytes, size: int) -> bytes:
    """Frame a body in chunks of `size` bytes, with all that RFC 9112 allows: an extension, zeros, and trailers."""
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"0%X;some=extension\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return framed + b"0\r\nX-Trailer: yes\r\nSet-Cookie: trailer=1\r\n\r\n"


# -- bodies ----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_body_with_a_length(house: House) -> None:
    """A body of known length arrives whole, either way, with that length."""
    server = house.server("a")
    server.answer = echoing
    client = await house.client(house.before(server))
    response = await client.request(b"PUT / HTTP/1.1\nContent-Length: %d" % len(BODY), BODY)
    assert BODY == server.requests[0].body == response.body
    assert [b"%d" % len(BODY)] == server.requests[0].values(b"content-length")
    assert [b"%d" % len(BODY)] == response.values(b"content-length")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("buffering", "framing"),
    [("off", [(b"transfer-encoding", b"chunked")]), ("on", [(b"content-length", b"%d" % len(BODY))])],
)
async def test_chunked_body(house: House, buffering: str, framing: list[tuple[bytes, bytes]]) -> None:
    """A chunked body arrives whole, either way; one that was collected has a length. No extensions, no trailers."""
    server = house.server("a")
    server.answer = saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(BODY, 5000))
    client = await house.client(house.before(server, location=f"proxy_request_buffering = {buffering}"))
    response = await client.request(b"POST / HTTP/1.1\nTransfer-Encoding: chunked", chunked(BODY, 7000))
    assert BODY == server.requests[0].body == response.body
    framings = (b"transfer-encoding", b"content-length")
    assert framing == [(name, value) for name in framings for value in server.requests[0].values(name)]
    assert [b"chunked"] == response.values(b"transfer-encoding")
    for message in (server.requests[0], response):
        assert [] == message.values(b"x-trailer") + message.values(b"set-cookie")
    assert b"" == client.received
    assert b"" == server.connections[0].received


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("method", "answer", "length"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", [b"7"]),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", []),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", []),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", [b"7"]),
    ],
)
async def test_answer_without_body(house: House, method: bytes, answer: bytes, length: list[bytes]) -> None:
    """An answer to HEAD, a 204 and a 304 end with their heads, and both connections go on."""
    server = house.server("a")
    server.answer = saying(answer)
    client = await house.client(house.before(server))
    response = await client.request(method + b" / HTTP/1.1")
    assert length == response.values(b"content-length")
    server.answer = answering()
    assert b"a" == (await client.request(b"GET / HTTP/1.1")).body
    assert 1 == server.accepted


@pytest_twisted.ensureDeferred
async def test_server_without_length(house: House) -> None:
    """A body that ends with the server's connection is chunked for an HTTP/1.1 client, whose connection stays."""
    server = house.server("a")
    server.answer = saying_last(b"HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\n" + BODY)
    client = await house.client(house.before(server))
    response = await client.request(b"GET / HTTP/1.1")
    assert (b"HTTP/1.1 200 OK", BODY) == (response.first, response.body)
    assert [b"chunked"] == response.values(b"transfer-encoding")
    assert 200 == (await client.request(b"GET / HTTP/1.1")).status


class Eager(ServerEnd):
    """A server that answers every byte of the body with that byte, as soon as it is here."""

    began = False

    def dataReceived(self, data: bytes) -> None:
        if not self.began:
            self.began = True
            data = data.partition(b"\r\n\r\n")[2]
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        self.transport.write(data)


@pytest_twisted.ensureDeferred
async def test_answer_that_overtakes_its_request(house: House) -> None:
    """Request and answer stream at the same time: the server may begin to answer before the body has come."""
    client = await house.client(house.before(house.server("a", end=Eager), location="proxy_request_buffering = off"))
    client.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n" % len(BODY))
    client.send(BODY[:1000])
    await client.head()
    await client.until(lambda: BODY[:1000] == client.received)
    client.send(BODY[1000:])
    await client.until(lambda: BODY == client.received)


class Hasty(ServerEnd):
    """A server that answers before the body is here, and wants no more of it."""

    def dataReceived(self, data: bytes) -> None:
        if not self.received:
            answering(413)(self, Message(b"POST / HTTP/1.1", (), b""))
        self.received += data


@pytest_twisted.ensureDeferred
async def test_answer_that_does_not_wait_for_the_body(house: House) -> None:
    """An answer that ends before the body does ends the request: neither connection is used for another one."""
    server = house.server("a", end=Hasty)
    client = await house.client(house.before(server, location="proxy_request_buffering = off"))
    client.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY[:1000])
    response = await client.response()
    assert (413, [b"close"]) == (response.status, response.values(b"connection"))
    await server.until(lambda: not server.connections)
    client.send(BODY[1000:])
    assert await client.end()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("framing", "framed"),
    [(b"Content-Length: %d" % len(BODY), BODY), (b"Transfer-Encoding: chunked", chunked(BODY, 7000))],
)
async def test_upgrade_that_nobody_grants(house: House, framing: bytes, framed: bytes) -> None:
    """A request that asks for an upgrade is served as if it had not, its body with it."""
    server = house.server("a")
    server.answer = echoing
    client = await house.client(house.before(server))
    response = await client.request(b"POST / HTTP/1.1\nConnection: upgrade\nUpgrade: h2c\n" + framing, framed)
    assert BODY == server.requests[0].body == response.body
    assert [] == server.requests[0].values(b"upgrade")


# -- old and careful clients -----------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(BODY, 5000),
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    ],
)
async def test_http_1_0_client_without_length(house: House, answer: bytes) -> None:
    """An HTTP/1.0 client gets a body of unknown length plain, up to the connection's end, even if it would stay."""
    server = house.server("a")
    server.answer = saying_last(answer)
    client = await house.client(house.before(server))
    response = await client.request(b"GET / HTTP/1.0\nConnection: keep-alive")
    assert BODY == response.body
    assert [] == response.values(b"transfer-encoding")
    assert [b"close"] == response.values(b"connection")
    assert [b"GET / HTTP/1.1"] == [request.first for request in server.requests]


@pytest_twisted.ensureDeferred
async def test_http_1_0_keep_alive(house: House) -> None:
    """An HTTP/1.0 client's connection is kept when it asks for that, and closed when it does not."""
    client = await house.client(house.before(house.server("a")))
    kept = await client.request(b"GET / HTTP/1.0\nConnection: keep-alive")
    assert [b"keep-alive"] == kept.values(b"connection")
    last = await client.request(b"GET / HTTP/1.0")
    assert [b"close"] == last.values(b"connection")
    assert await client.end()


@pytest_twisted.ensureDeferred
async def test_expect_continue(house: House) -> None:
    """The proxy itself says 100 when it wants the body; the server sees neither the wait nor the field."""
    server = house.server("a")
    server.answer = echoing
    client = await house.client(house.before(server))
    client.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    interim = await client.response()
    assert (b"HTTP/1.1 100 Continue", ()) == (interim.first, interim.fields)
    client.send(b"hello")
    response = await client.response()
    assert (200, b"hello") == (response.status, response.body)
    assert [] == server.requests[0].values(b"expect")


@pytest_twisted.ensureDeferred
async def test_interim_answer_of_the_server_is_kept_back(house: House) -> None:
    """A 100 from a server that nobody asked for it does not reach the client."""
    server = house.server("a")
    server.answer = saying(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    client = await house.client(house.before(server))
    response = await client.request(b"GET / HTTP/1.1")
    assert (200, b"ok") == (response.status, response.body)


# -- order -----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_pipelined_requests(house: House) -> None:
    """Requests sent at once reach the server one at a time and are answered in order, however they are framed."""
    server = house.server("a")
    server.answer = echoing
    client = await house.client(house.before(server))
    host = b" HTTP/1.1\r\nHost: example.org\r\n"
    client.send(
        b"POST /1" + host + b"Content-Length: 3\r\n\r\none"
        b"GET /2" + host + b"\r\n"
        b"POST /3" + host + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY, 5000) + b"GET /4" + host + b"\r\n"
    )
    assert [b"one", b"", BODY, b""] == [(await client.response()).body for _ in range(4)]
    targets = [request.first.split()[1] for request in server.requests]
    assert [b"/1", b"/2", b"/3", b"/4"] == targets
    assert [] == server.requests[3].values(b"x-trailer"), "a trailer became a field of the next request"


@pytest_twisted.ensureDeferred
async def test_pipelined_request_waits_its_turn(house: House) -> None:
    """The second request does not reach any server while the first is being answered."""
    slow, idle = house.server("slow"), house.server("idle")
    slow.answer = silent
    client = await house.client(house.before(slow, idle))
    client.send(b"GET /1 HTTP/1.1\r\nHost: example.org\r\n\r\nGET /2 HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await slow.until(lambda: slow.requests)
    assert [] == idle.requests
    answering()(slow.connections[0], slow.requests[0])
    assert [b"slow", b"idle"] == [(await client.response()).body for _ in range(2)]


# -- connections -----------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_connections_are_kept(house: House) -> None:
    """Requests one after the other share one connection to the server, whoever they come from."""
    server = house.server("a")
    port = house.before(server)
    for _ in range(3):
        client = await house.client(port)
        for _ in range(10):
            await client.request(b"GET / HTTP/1.1")
    assert (30, 1) == (len(server.requests), server.accepted)


@pytest_twisted.ensureDeferred
async def test_many_clients_at_once(house: House) -> None:
    """A hundred clients at once are all served, and of their connections to the servers `keepalive` are kept."""
    servers = [house.server("a"), house.server("b")]
    port = house.before(*servers, upstream="keepalive = 8")
    clients = [await house.client(port) for _ in range(100)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
    assert {200} == {(await client.response()).status for client in clients}
    assert [50, 50] == [len(server.requests) for server in servers]
    await eventually(lambda: sum(len(server.connections) for server in servers) == 8)


@pytest_twisted.ensureDeferred
async def test_keepalive_requests_ends_a_connection(house: House) -> None:
    """`keepalive_requests` is the most that one connection serves, to the server as from the client."""
    server = house.server("a")
    port = house.before(server, upstream="keepalive_requests = 2", server="keepalive_requests = 3")
    client = await house.client(port)
    responses = [await client.request(b"GET / HTTP/1.1") for _ in range(3)]
    assert [[], [], [b"close"]] == [response.values(b"connection") for response in responses]
    assert await client.end()
    assert 2 == server.accepted


@pytest_twisted.ensureDeferred
async def test_keepalive_0_keeps_nothing(house: House) -> None:
    """`keepalive = 0` is a connection for each request."""
    server = house.server("a")
    client = await house.client(house.before(server, upstream="keepalive = 0"))
    for _ in range(3):
        await client.request(b"GET / HTTP/1.1")
    assert 3 == server.accepted


@pytest_twisted.ensureDeferred
async def test_client_that_leaves_ends_its_try(house: House) -> None:
    """When the client goes away the server sees its connection close, whether it has begun to answer or not."""
    for answer in (silent, saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")):
        server = house.server("a")
        server.answer = answer
        client = await house.client(house.before(server))
        client.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        await server.until(lambda server=server: server.requests)
        await client.close()
        await server.until(lambda server=server: not server.connections)


@pytest_twisted.ensureDeferred
async def test_client_that_leaves_its_request_unfinished(house: House) -> None:
    """A request whose client left in the midst of the body is not finished by the proxy: the server sees a close."""
    server = house.server("a")
    client = await house.client(house.before(server, location="proxy_request_buffering = off"))
    client.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await server.until(lambda: server.connections and b"hello" in server.connections[0].received)
    await client.close()
    await server.until(lambda: not server.connections)
    assert [] == server.requests


# -- fields ----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_what_the_server_is_told_of_the_client(house: House) -> None:
    """The server gets the client's Host and address from the proxy, and not what a client claims they are."""
    server = house.server("a")
    client = await house.client(house.before(server))
    await client.request(
        b"GET /path?query HTTP/1.1\nX-Real-IP: 6.6.6.6\nx-forwarded-for: 6.6.6.6\nX-Forwarded-Proto: https\n"
        b"X-Forwarded-Host: evil.example\nForwarded: for=6.6.6.6\nX-Mine: yes"
    )
    assert b"GET /path?query HTTP/1.1" == server.requests[0].first
    assert {
        (b"Host", b"example.org"),
        (b"X-Real-IP", b"127.0.0.1"),
        (b"X-Forwarded-For", b"127.0.0.1"),
        (b"X-Forwarded-Proto", b"http"),
        (b"X-Forwarded-Host", b"example.org"),
        (b"X-Mine", b"yes"),
    } == set(server.requests[0].fields)
    assert 6 == len(server.requests[0].fields)


@pytest_twisted.ensureDeferred
async def test_fields_of_one_connection_end_there(house: House) -> None:
    """Fields that speak of one connection, or that Connection names, go no further, either way."""
    server = house.server("a")
    server.answer = answering(200, b"Connection: x-hop", b"X-Hop: 1", b"Keep-Alive: timeout=5", b"X-Own: 1")
    client = await house.client(house.before(server))
    response = await client.request(
        b"GET / HTTP/1.1\nConnection: keep-alive, X-Hop\nX-Hop: 1\nKeep-Alive: 5\nTE: trailers\nUpgrade: h2c\nX-Own: 1"
    )
    for message in (server.requests[0], response):
        names = {name.lower() for name, _ in message.fields}
        assert b"x-own" in names
        assert not names & {b"connection", b"x-hop", b"keep-alive", b"te", b"upgrade"}
