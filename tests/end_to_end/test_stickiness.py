"""Sticky cookies and routes over the wire: what the server receives in Cookie, what the client gets in Set-Cookie."""

from hashlib import md5

import pytest
import pytest_twisted

from tests.end_to_end.fakes import FakeServer, answering
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message

GET = b"GET / HTTP/1.1"


def sid(server: FakeServer) -> bytes:
    """The md5 of its address, as Tengine writes it."""
    return md5(server.address.encode()).hexdigest().encode()


def told(server: FakeServer) -> list[bytes]:
    """The Cookie lines of the last request that a server got."""
    return server.requests[-1].values(b"cookie")


def given(response: Message) -> list[bytes]:
    """The Set-Cookie lines of a response."""
    return response.values(b"set-cookie")


# -- insert ----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("option", ["direct", "indirect"])
async def test_insert(house: House, option: str) -> None:
    """The first answer names the server by the md5 of its address; whoever has that cookie stays and gets no other."""
    a, b = house.server("a"), house.server("b")
    client = await house.client(house.before(a, b, upstream=f"session_sticky = option={option}"))
    first = await client.request(GET)
    assert (b"a", [b"route=" + sid(a) + b"; Path=/"]) == (first.body, given(first))
    for server in (b, a):
        cookies = b' x=1;  route=%b ;\ty="2" ' % sid(server)
        response = await client.request(GET + b"\nCookie:" + cookies)
        assert (server.name.encode(), []) == (response.body, given(response))
        passed = {"direct": cookies.strip(), "indirect": b'x=1;\ty="2"'}
        assert [passed[option]] == told(server)


@pytest_twisted.ensureDeferred
async def test_indirect_cookie_alone(house: House) -> None:
    """When the sticky cookie is all there is, the server gets no Cookie at all, and other lines stay as they are."""
    a, b = house.server("a"), house.server("b")
    client = await house.client(house.before(a, b, upstream="session_sticky = option=indirect hash=plain"))
    assert b"b" == (await client.request(GET + b"\nCookie: route=b")).body
    assert [] == told(b)
    assert b"b" == (await client.request(GET + b"\nCookie: xroute=a\nCookie: route=b; route=a\nCookie: z")).body
    assert [b"xroute=a", b"z"] == told(b)


@pytest_twisted.ensureDeferred
async def test_plain_sid_and_attributes(house: House) -> None:
    """`hash=plain` names the server by its id, and the cookie has the attributes that are configured."""
    place = "domain=.example.org path=/app maxage=3600"
    sticky = f"session_sticky = cookie=SRV hash=plain {place} secure httponly samesite=lax"
    server = house.server("a")
    client = await house.client(house.before(server, upstream=sticky))
    (cookie,) = given(await client.request(GET))
    assert cookie.startswith(b"SRV=a; Domain=.example.org; Path=/app; Max-Age=3600; Expires=")
    assert cookie.endswith(b" GMT; Secure; HttpOnly; SameSite=Lax")


@pytest_twisted.ensureDeferred
async def test_dated_cookie(house: House) -> None:
    """With `maxidle` or `maxlife` every answer carries the sid and two dates; the first of them stays."""
    a, b = house.server("a"), house.server("b")
    sticky = "session_sticky = hash=plain option=indirect maxidle=30m maxlife=8h"
    client = await house.client(house.before(a, b, upstream=sticky))
    (cookie,) = given(await client.request(GET))
    name, last, first = cookie.removesuffix(b"; Path=/").split(b"|")
    assert (b"route=a", last) == (name, first)
    born = b"%d" % (int(first) - 60)
    response = await client.request(GET + b"\nCookie: route=b|%b|%b" % (last, born))
    assert (b"b", []) == (response.body, told(b))
    renewed, last, first = given(response)[0].removesuffix(b"; Path=/").split(b"|")
    assert (b"route=b", born, True) == (renewed, first, last > born)


@pytest_twisted.ensureDeferred
async def test_session_that_is_too_old(house: House) -> None:
    """A cookie whose dates are over starts a new session: the balancer chooses, and the dates begin anew."""
    a, b = house.server("a"), house.server("b")
    sticky = "session_sticky = hash=plain option=indirect maxlife=8h"
    client = await house.client(house.before(a, b, upstream=sticky))
    response = await client.request(GET + b"\nCookie: route=b|1000000000|1000000000")
    (cookie,) = given(response)
    assert b"a" == response.body
    assert cookie.startswith(b"route=a|")
    assert b"|1000000000" not in cookie


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", [200, 302, 399, 400, 404, 503])
async def test_no_cookie_on_an_error(house: House, status: int) -> None:
    """An answer of 400 and above does not bind the client."""
    server = house.server("a")
    server.answer = answering(status)
    client = await house.client(house.before(server, upstream="session_sticky ="))
    assert (status < 400) == bool(given(await client.request(GET)))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("direct", [b"other=1; Path=/route", b"route=mine", b"route=a; Path=/"]),
        ("indirect", [b"other=1; Path=/route", b"route=a; Path=/"]),
    ],
)
async def test_server_sets_a_cookie_of_that_name(house: House, option: str, expected: list[bytes]) -> None:
    """If the server sets a cookie of that exact name, direct sends both and indirect replaces it."""
    server = house.server("a")
    server.answer = answering(200, b"Set-Cookie: other=1; Path=/route", b"Set-Cookie: route=mine")
    client = await house.client(house.before(server, upstream=f"session_sticky = hash=plain option={option}"))
    assert expected == given(await client.request(GET))


# -- prefix and rewrite ----------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", [200, 401])
async def test_prefix(house: House, status: int) -> None:
    """The server's cookie carries the sid in front on its way out, on an error too, and comes back to it without."""
    a, b = house.server("a"), house.server("b")
    for server in (a, b):
        server.answer = answering(
            status, b"Set-Cookie: JSESSIONID=A~1=; Path=/; HttpOnly", b"Set-Cookie: x=JSESSIONID=1"
        )
    client = await house.client(house.before(a, b, upstream="session_sticky = cookie=JSESSIONID mode=prefix"))
    first = await client.request(GET)
    assert [b"JSESSIONID=" + sid(a) + b"~A~1=; Path=/; HttpOnly", b"x=JSESSIONID=1"] == given(first)
    for server in (b, a):
        response = await client.request(GET + b"\nCookie: x=1; JSESSIONID=" + sid(server) + b"~A~1=; y=2")
        assert server.name.encode() == response.body
        assert [b"x=1; JSESSIONID=A~1=; y=2"] == told(server)


@pytest_twisted.ensureDeferred
async def test_prefix_of_a_stranger(house: House) -> None:
    """In prefix mode a value without a known sid passes as it is and chooses nothing; no cookie, none added."""
    a, b = house.server("a"), house.server("b")
    client = await house.client(house.before(a, b, upstream="session_sticky = mode=prefix hash=plain"))
    for server, cookie in ((a, b"route=plain"), (b, b"route=z~plain"), (a, b"ROUTE=b~x")):
        response = await client.request(GET + b"\nCookie: " + cookie)
        assert (server.name.encode(), []) == (response.body, given(response))
        assert [cookie] == told(server)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize(("option", "passed"), [("direct", [b"x=1; route=b"]), ("indirect", [b"x=1"])])
async def test_rewrite(house: House, option: str, passed: list[bytes], status: int) -> None:
    """The server's cookie of that name gets the sid for its value, attributes untouched, on an error too."""
    a, b = house.server("a"), house.server("b")
    client = await house.client(
        house.before(a, b, upstream=f"session_sticky = mode=rewrite hash=plain option={option}")
    )
    assert [] == given(await client.request(GET)), "a cookie that the server did not set"
    b.answer = answering(status, b"Set-Cookie: route=whatever; Path=/x;Secure", b"Set-Cookie: y=route=1")
    assert [b"route=b; Path=/x;Secure", b"y=route=1"] == given(await client.request(GET))
    response = await client.request(GET + b"\nCookie: x=1; route=b")
    assert b"b" == response.body
    assert passed == told(b)


# -- jvm_route -------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("target", "cookie"),
    [
        (b"/", b"JSESSIONID=A1.b"),
        (b"/", b'x=1; JSESSIONID="A1.b"'),
        (b"/", b"JSESSIONID=old.gone; JSESSIONID=A1.b"),
        (b"/", b"JSESSIONID=A1.b.n2"),
        (b"/app/page;jsessionid=A1.b?x=1", b""),
        (b"/app;jsessionid=A1.b/page", b""),
        (b"/page?x=1&jsessionid=A1.b", b""),
        (b"/page;jsessionid=A1.a", b"JSESSIONID=A1.b"),
    ],
)
async def test_jvm_route(house: House, target: bytes, cookie: bytes) -> None:
    """The route behind the dot leads to its server, from cookie, path or query; nothing is changed or added."""
    a, b = house.server("a"), house.server("b")
    b.answer = answering(200, b"Set-Cookie: JSESSIONID=A2.b; Path=/")
    client = await house.client(house.before(a, b, upstream="jvm_route = $cookie_JSESSIONID|jsessionid reverse"))
    for _ in range(3):
        response = await client.request(b"GET %b HTTP/1.1" % target + (cookie and b"\nCookie: " + cookie))
        assert (b"b", [b"JSESSIONID=A2.b; Path=/"]) == (response.body, given(response))
        assert b"GET " + target + b" HTTP/1.1" == b.requests[-1].first
        assert ([cookie] if cookie else []) == told(b)


@pytest_twisted.ensureDeferred
async def test_jvm_route_of_a_dead_server(house: House) -> None:
    """A route whose server is dead is balanced, and one that nobody has as well."""
    dead, alive = house.server("dead", running=False), house.server("alive")
    client = await house.client(house.before(dead, alive, upstream="jvm_route = $cookie_S"))
    assert b"alive" == (await client.request(GET + b"\nCookie: S=1.dead")).body
    assert b"alive" == (await client.request(GET + b"\nCookie: S=1.nobody")).body


# -- fallback --------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_fallback_on(house: House) -> None:
    """A session whose server is dead or unknown goes on elsewhere, and the cookie names the new server."""
    dead, alive = house.server("dead", running=False), house.server("alive")
    client = await house.client(house.before(dead, alive, upstream="session_sticky = hash=plain"))
    for claimed in (b"dead", b"unknown"):
        response = await client.request(GET + b"\nCookie: route=" + claimed)
        assert (b"alive", [b"route=alive; Path=/"]) == (response.body, given(response))


@pytest_twisted.ensureDeferred
async def test_fallback_off(house: House) -> None:
    """Without fallback a dead server is 502, an unknown one 502 that clears the cookie; first requests are served."""
    dead, alive = house.server("dead", running=False), house.server("alive")
    port = house.before(dead, alive, upstream="session_sticky = hash=plain fallback=off")
    client = await house.client(port)
    for _ in range(2):
        response = await client.request(GET + b"\nCookie: route=dead")
        assert (502, []) == (response.status, given(response))
    response = await client.request(GET + b"\nCookie: route=unknown")
    assert (502, [b"route=; Path=/; Max-Age=0"]) == (response.status, given(response))
    response = await client.request(GET)
    assert (b"alive", [b"route=alive; Path=/"]) == (response.body, given(response))
    assert 1 == len(alive.requests)


# -- what is seen of it ----------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_decisions_in_words(house: House) -> None:
    """Each decision has a word for what the cookie told, one for the reason, and the server's name."""
    a, dead = house.server("a"), house.server("dead", running=False)
    location = 'add_header =\n    X-Decision "$sticky_status $sticky_reason $sticky_server" always'
    port = house.before(a, dead, upstream="session_sticky = hash=plain maxlife=1h", location=location)
    client = await house.client(port)
    (fresh,) = given(await client.request(GET))
    dates = fresh.removesuffix(b"; Path=/").partition(b"|")[2]
    words = []
    for cookie in (b"", b"route=a|" + dates, b"route=z|" + dates, b"route=a|1|1", b"route=dead|" + dates):
        response = await client.request(GET + (cookie and b"\nCookie: " + cookie))
        words += response.values(b"x-decision")
    assert [
        b"none new a",
        b"valid bound a",
        b"invalid unknown a",
        b"expired expired a",
        b"down failed a",
    ] == words
