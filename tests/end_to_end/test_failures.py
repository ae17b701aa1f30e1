"""What goes wrong at the servers: who is tried next, what the client gets, and that nothing is done twice."""

import json
import socket

import pytest
import pytest_twisted

from tests.end_to_end.fakes import Answer, ServerEnd, answering, resetting, saying, saying_last, silent
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message

GET = b"GET / HTTP/1.1"
POST = b"POST / HTTP/1.1\nContent-Length: 5"


def closing(end: ServerEnd, request: Message) -> None:
    """Read the request, and close the connection."""
    end.transport.loseConnection()


# -- the next server -------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("head", "body"), [(GET, b""), (POST, b"hello")])
async def test_server_that_refuses(house: House, head: bytes, body: bytes) -> None:
    """A server that refuses costs the client nothing, a POST neither: the next one gets the whole request."""
    dead, alive = house.server("dead", running=False), house.server("alive")
    client = await house.client(house.before(dead, alive))
    response = await client.request(head, body)
    assert (200, b"alive") == (response.status, response.body)
    assert [body] == [request.body for request in alive.requests]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "answer", [resetting, closing, saying_last(b"HTTP/1.1 200 OK\r\nContent-Le")], ids=["reset", "close", "half a head"]
)
async def test_request_that_may_be_repeated(house: House, answer: Answer) -> None:
    """A GET whose server breaks off before its answer's head is whole goes to the next one."""
    broken, alive = house.server("broken"), house.server("alive")
    broken.answer = answer
    client = await house.client(house.before(broken, alive))
    assert b"alive" == (await client.request(GET)).body
    assert (1, 1) == (len(broken.requests), len(alive.requests))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("answer", [resetting, closing], ids=["reset", "close"])
async def test_post_is_never_executed_twice(house: House, answer: Answer) -> None:
    """A POST that a server has read is not sent again, to nobody: the client gets 502."""
    broken, alive = house.server("broken"), house.server("alive")
    broken.answer = answer
    client = await house.client(house.before(broken, alive))
    assert 502 == (await client.request(POST, b"hello")).status
    assert ([b"hello"], []) == ([request.body for request in broken.requests], alive.requests)


@pytest_twisted.ensureDeferred
async def test_failed_server_is_left_alone(house: House) -> None:
    """A server that failed is out for `fail_timeout`: it is not asked again at once."""
    broken, alive = house.server("broken"), house.server("alive")
    broken.answer = resetting
    client = await house.client(house.before(broken, alive))
    assert [b"alive"] * 5 == [(await client.request(GET)).body for _ in range(5)]
    assert 1 == len(broken.requests)


@pytest_twisted.ensureDeferred
async def test_all_servers_refuse(house: House) -> None:
    """When every server refuses the client gets 502; as soon as one is there again, it is served."""
    first, second = house.server("first", running=False), house.server("second", running=False)
    client = await house.client(house.before(first, second))
    assert [502, 502] == [(await client.request(GET)).status for _ in range(2)]
    second.start()
    assert b"second" == (await client.request(GET)).body


@pytest_twisted.ensureDeferred
async def test_answer_that_the_configuration_calls_a_failure(house: House) -> None:
    """With `proxy_next_upstream = http_503` a 503 goes to the next server; when all have said so the client gets it."""
    first, second = house.server("first"), house.server("second")
    first.answer = answering(503)
    client = await house.client(house.before(first, second, location="proxy_next_upstream = error http_503"))
    assert b"second" == (await client.request(GET)).body
    second.answer = answering(503)
    last = await client.request(GET)
    assert 503 == last.status
    assert last.body in (b"first", b"second")


@pytest_twisted.ensureDeferred
async def test_last_answer_is_passed_on(house: House) -> None:
    """A 503 that would be followed by another server is passed on when the only other one is marked `down`."""
    server, down = house.server("server"), house.server("down")
    server.answer = answering(503)
    port = house.proxy(
        f"[upstream app]\nserver =\n    {server.address}\n    {down.address} down\n"
        "[server www]\nlisten = 127.0.0.1:0\n"
        "[location www /]\nproxy_pass = http://app\nproxy_next_upstream = http_503\n"
    )
    client = await house.client(port)
    response = await client.request(GET)
    assert (503, b"server") == (response.status, response.body)


# -- requests with a body --------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("method", [b"PUT", b"POST"])
async def test_large_body_and_a_server_that_refuses(house: House, method: bytes) -> None:
    """A body that is too long to be kept goes to the next server, whole, if the first one took nothing of it."""
    dead, alive = house.server("dead", running=False), house.server("alive")
    client = await house.client(house.before(dead, alive))
    body = bytes(500_000)
    assert 200 == (await client.request(method + b" / HTTP/1.1\nContent-Length: 500000", body)).status
    assert [body] == [request.body for request in alive.requests]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("framing", "first", "second"),
    [
        (b"Content-Length: 10", b"hello", b"world"),
        (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n", b"5\r\nworld\r\n0\r\n\r\n"),
    ],
)
async def test_server_that_breaks_off_while_a_body_comes(
    house: House, framing: bytes, first: bytes, second: bytes
) -> None:
    """A PUT whose server breaks off in the midst of a short body goes on at the next one, with what came before."""
    broken, alive = house.server("broken"), house.server("alive")
    client = await house.client(house.before(broken, alive, location="proxy_request_buffering = off"))
    client.send(b"PUT / HTTP/1.1\r\nHost: example.org\r\n" + framing + b"\r\n\r\n" + first)
    await broken.until(lambda: broken.connections and first in broken.connections[0].received)
    await broken.reset()
    await alive.until(lambda: alive.connections)
    client.send(second)
    assert b"alive" == (await client.response()).body
    assert [b"helloworld"] == [request.body for request in alive.requests]


@pytest_twisted.ensureDeferred
async def test_server_that_breaks_off_in_a_large_body(house: House) -> None:
    """A PUT whose body was too long to be kept cannot be sent again: 502, and no other server gets a part of it."""
    broken, alive = house.server("broken"), house.server("alive")
    client = await house.client(house.before(broken, alive, location="proxy_request_buffering = off"))
    client.send(b"PUT / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 500000\r\n\r\n" + bytes(200_000))
    await broken.until(lambda: broken.connections and len(broken.connections[0].received) > 200_000)
    await broken.reset()
    assert 502 == (await client.response()).status
    assert 0 == alive.accepted


@pytest_twisted.ensureDeferred
async def test_server_that_breaks_off_in_a_body_that_was_collected(house: House) -> None:
    """A large body that was collected first goes to the next server as whole as it went to the first one."""
    broken, alive = house.server("broken"), house.server("alive")
    broken.answer = resetting
    body = bytes(range(256)) * 2048
    client = await house.client(house.before(broken, alive))
    response = await client.request(b"PUT / HTTP/1.1\nContent-Length: %d" % len(body), body)
    assert b"alive" == response.body
    assert [[body], [body]] == [[request.body for request in server.requests] for server in (broken, alive)]


# -- kept connections ------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("head", "body"), [(GET, b""), (POST, b"hello")])
async def test_kept_connection_that_the_server_closed(house: House, head: bytes, body: bytes) -> None:
    """A kept connection that the server closes while it is idle is replaced, for a POST too, and nobody notices."""
    server, other = house.server("server"), house.server("other", running=False)
    port = house.before(server, other, upstream="session_sticky = hash=plain")
    client = await house.client(port)
    sticking = b"\nCookie: route=server"
    await client.request(GET + sticking)
    await server.hang_up()
    response = await client.request(head + sticking, body)
    assert (200, b"server", []) == (response.status, response.body, response.values(b"set-cookie"))
    assert (2, 2) == (len(server.requests), server.accepted)


@pytest_twisted.ensureDeferred
async def test_kept_connection_that_closes_in_the_same_moment(house: House) -> None:
    """A POST that arrives together with the close of the kept connection is not lost on that."""
    server = house.server("server")
    client = await house.client(house.before(server))
    await client.request(GET)
    # Both are in the kernel before the proxy hears of either; it hears of the request first.
    client.transport.getHandle().send(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\nhello")
    server.connections[0].transport.getHandle().shutdown(socket.SHUT_WR)
    assert b"server" == (await client.response()).body
    assert ([b"", b"hello"], 2) == ([request.body for request in server.requests], server.accepted)


@pytest_twisted.ensureDeferred
async def test_kept_connection_that_closes_under_a_request(house: House) -> None:
    """A kept connection that the server closes as a GET arrives is no failure: it goes out once more to that server."""
    server, other = house.server("server"), house.server("other")
    port = house.before(server, other, upstream="session_sticky = hash=plain")
    client = await house.client(port)
    sticking = b"\nCookie: route=server"
    await client.request(GET + sticking)

    def close_the_kept(end: ServerEnd, request: Message) -> None:
        (closing if end.served > 1 else answering())(end, request)

    server.answer = close_the_kept
    response = await client.request(GET + sticking)
    assert (b"server", []) == (response.body, response.values(b"set-cookie"))
    assert (3, 2) == (len(server.requests), server.accepted)
    assert 0 == len(other.requests)
    bodies = {(await client.request(GET)).body for _ in range(2)}
    assert {b"server", b"other"} == bodies, "the server counts as failed"


@pytest_twisted.ensureDeferred
async def test_kept_connection_that_closes_under_a_post(house: House) -> None:
    """A kept connection that the server closes as a POST arrives is 502, since it may have read it, and no failure."""
    server, other = house.server("server"), house.server("other")
    client = await house.client(house.before(server, other, upstream="session_sticky = hash=plain"))
    sticking = b"\nCookie: route=server"
    await client.request(GET + sticking)
    server.answer = closing
    assert 502 == (await client.request(POST + sticking, b"hello")).status
    assert (2, 0) == (len(server.requests), len(other.requests))
    server.answer = answering()
    bodies = {(await client.request(GET)).body for _ in range(2)}
    assert {b"server", b"other"} == bodies, "the server counts as failed"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 204 No Content\r\n\r\nbody",
        b"HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ],
)
async def test_bytes_behind_an_answer(house: House, answer: bytes) -> None:
    """What a server sends behind its answer is nobody's: it reaches no client, and the connection is not used again."""
    server = house.server("a")
    server.answer = saying(answer)
    client = await house.client(house.before(server))
    response = await client.request(GET)
    assert b"ok"[: len(response.body)] == response.body
    server.answer = answering()
    assert b"a" == (await client.request(GET)).body
    assert 2 == server.accepted


# -- answers that break off ------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("orderly", [True, False], ids=["close", "reset"])
@pytest.mark.parametrize(
    ("framing", "part"), [(b"Content-Length: 10", b"half"), (b"Transfer-Encoding: chunked", b"4\r\nhalf\r\n")]
)
async def test_answer_that_breaks_off(house: House, framing: bytes, part: bytes, orderly: bool) -> None:
    """An answer that breaks off in its body is cut for the client as well, and never made to look whole."""
    server, other = house.server("a"), house.server("b")
    server.answer = saying(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + part)
    client = await house.client(house.before(server, other))
    client.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
    assert 200 == (await client.head()).status
    await client.until(lambda: part == client.received)
    await (server.hang_up() if orderly else server.reset())
    assert not await client.end()
    assert (part, []) == (client.received, other.requests)


@pytest_twisted.ensureDeferred
async def test_reset_is_not_the_end_of_an_answer_without_length(house: House) -> None:
    """An answer that a close would end is not ended by a reset: the client's connection is cut."""
    server = house.server("a")
    server.answer = saying(b"HTTP/1.0 200 OK\r\n\r\nhalf")
    client = await house.client(house.before(server))
    client.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await client.head()
    await client.until(lambda: client.received)
    await server.reset()
    assert not await client.end()
    assert b"4\r\nhalf\r\n" == client.received


@pytest_twisted.ensureDeferred
async def test_chunk_that_is_none(house: House) -> None:
    """A chunked answer that goes wrong after its beginning cuts the client's connection, without a last chunk."""
    server = house.server("a")
    server.answer = saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
    client = await house.client(house.before(server))
    client.send(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await client.head()
    await client.until(lambda: client.received)
    server.connections[0].transport.write(b"no size\r\n")
    assert not await client.end()
    assert b"4\r\nhalf\r\n" == client.received


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
    ],
    ids=["garbage", "status", "two lengths", "length and chunked", "NUL", "CR", "101", "large head", "no chunk"],
)
async def test_answer_that_is_none(house: House, answer: bytes) -> None:
    """What is no HTTP response is 502, and nothing of it reaches the client."""
    server = house.server("a")
    server.answer = saying(answer)
    client = await house.client(house.before(server))
    response = await client.request(GET)
    assert 502 == response.status
    assert b"<h1>502 Bad Gateway</h1>" in response.body
    await server.until(lambda: not server.connections)


# -- waiting ---------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_what_takes_too_long(house: House) -> None:
    """Who says nothing in time is given up: a server is 504, a client's head 408, an idle connection closed."""
    server = house.server("a")
    port = house.before(
        server,
        location="proxy_read_timeout = 1s",
        server="client_header_timeout = 1s\nkeepalive_timeout = 1s\nclient_body_timeout = 1s",
    )
    idle, lingering, dawdling, waiting = [await house.client(port) for _ in range(4)]
    await idle.request(GET)
    server.answer = silent
    lingering.send(b"GET / HTTP/1.1\r\nHost")
    dawdling.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\nhal")
    assert 504 == (await waiting.request(GET)).status
    assert [408, 408] == [(await late.response()).status for late in (lingering, dawdling)]
    assert await idle.end()
    assert b"" == idle.received
    await server.until(lambda: not server.connections)


# -- what the client is told -----------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (b"", b"text/html; charset=utf-8"),
        (b"\nAccept: text/html, application/json;q=0.5", b"text/html; charset=utf-8"),
        (b"\nAccept: application/json", b"application/json"),
    ],
)
async def test_error_page(house: House, accept: bytes, content_type: bytes) -> None:
    """An error of the proxy's own is a short plain page, JSON for who prefers it, and says nothing of the inside."""
    server = house.server("a", running=False)
    client = await house.client(house.before(server))
    response = await client.request(GET + accept)
    assert (b"HTTP/1.1 502 Bad Gateway", [content_type]) == (response.first, response.values(b"content-type"))
    assert len(response.body) < 200
    for word in (b"Traceback", b"127.0.0.1", b"stickyproxy", b"app"):
        assert word not in response.body
    if content_type == b"application/json":
        assert {"status": 502, "error": "Bad Gateway"} == json.loads(response.body)
