"""Each way to stick over the wire, by a proxy in a process of its own: what the client gets, what the server sees."""

import re
from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.fakes import HOST, FakeServer, answering
from tests.end_to_end.house import House
from tests.end_to_end.jar import Jar

KEY = "k" * 32
DATE = rb"[\w-]{5}"


async def start(house: House, folder: Path, servers: list[FakeServer], upstream: str, location: str = "") -> int:
    """Start a proxy before servers, each with names for every dialect: ra and ca for a."""
    lines = "".join(f"    {each.address} id={each.name} route=r{each.name} cookie=c{each.name}\n" for each in servers)
    (folder / "keys").write_text(KEY)
    config = folder / "sticky.ini"
    config.write_text(
        f"[upstream app]\nserver =\n{lines}{upstream}\n[server www]\nlisten = {HOST}:0\n"
        f"[location www /]\nproxy_pass = http://app\n{location}\n"
    )
    _, port = await house.start(config)
    return port


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("upstream", "own", "given", "later", "seen"),
    [
        ("sticky = cookie srv path=/ httponly", b"", rb"srv=rb; httponly; path=/", True, rb"srv=rb"),
        ("cookie = SRV insert", b"", rb"SRV=cb; path=/", False, rb"SRV=cb"),
        ("cookie = SRV insert indirect maxidle 30m", b"", rb"SRV=cb\|%b; path=/" % DATE, None, b""),
        (
            "cookie = SRV insert maxlife 8h domain .x.org secure",
            b"",
            rb"SRV=cb\|(%b)\|\1; path=/; domain=\.x\.org; Secure" % DATE,
            None,
            rb"SRV=cb\|%b\|%b" % (DATE, DATE),
        ),
        ("cookie = S prefix", b"S=1; Path=/x", rb"S=cb~1; Path=/x", True, rb"S=1"),
        ("cookie = S rewrite", b"S=1; Path=/x", rb"S=cb; Path=/x", True, rb"S=cb"),
        ("stickysession = ROUTEID", b"", rb"ROUTEID=\.rb; path=/", False, rb"ROUTEID=\.rb"),
        ("session_sticky = hash=hmac secret=keys", b"", rb"route=[0-9a-f]{32}; Path=/", False, rb"route=[0-9a-f]{32}"),
        (
            "session_sticky = hash=hmac secret=keys maxidle=30m refresh=50% option=indirect",
            b"",
            rb"route=[0-9a-f]{32}\|(\d{10})\|\1\|[0-9a-f]{32}; Path=/",
            False,
            b"",
        ),
        ("sticky = route $cookie_R", b"R=rb; Path=/", rb"R=rb; Path=/", True, rb"R=rb"),
        ("sticky = route suffix($cookie_R)", b"R=1.rb; Path=/", rb"R=1\.rb; Path=/", True, rb"R=1\.rb"),
        (
            "sticky = learn create=$upstream_cookie_L lookup=$cookie_L zone=z:32k",
            b"L=1; Path=/",
            rb"L=1; Path=/",
            True,
            rb"L=1",
        ),
    ],
)
async def test_dialect(
    house: House, tmp_path: Path, upstream: str, own: bytes, given: bytes, later: bool | None, seen: bytes
) -> None:
    """The first answer binds the client, in that dialect's very words; it stays, and is told again where that is due.

    `own` is what the application sets, `given` what the client gets, `later` whether it gets that again (None: after
    some seconds), `seen` the Cookie line that the server sees then.
    """
    a, b = house.server("a"), house.server("b")
    for server in (a, b):
        server.answer = answering(200, *([b"Set-Cookie: " + own] if own else []))
    port = await start(house, tmp_path, [a, b], upstream.replace("=keys", f"={tmp_path}/keys"))
    assert b"a" == (await Jar(house).visit(port)).body, "the first turn is that of a"
    jar = Jar(house)
    first = await jar.visit(port)
    (set_cookie,) = first.values(b"set-cookie")
    assert (b"b", True) == (first.body, re.fullmatch(given, set_cookie) is not None), set_cookie
    for _ in range(3):
        response = await jar.visit(port)
        assert b"b" == response.body
        if later is not None:
            assert ([set_cookie] if later else []) == response.values(b"set-cookie")
        (cookies,) = b.requests[-1].values(b"cookie") or [b""]
        assert re.fullmatch(seen, cookies), cookies


@pytest_twisted.ensureDeferred
async def test_header(house: House, tmp_path: Path) -> None:
    """A client without cookies is told its server in a field, and stays by sending that back."""
    a, b = house.server("a"), house.server("b")
    port = await start(house, tmp_path, [a, b], "session_sticky = header=X-Session hash=plain nocache")
    await Jar(house).visit(port)
    jar = Jar(house)
    first = await jar.visit(port)
    assert (b"b", [b"b"], [b"private"]) == (first.body, first.values(b"x-session"), first.values(b"cache-control"))
    jar.field = b"X-Session: b"
    for _ in range(3):
        response = await jar.visit(port)
        assert (b"b", [], []) == (response.body, response.values(b"x-session"), response.values(b"set-cookie"))


@pytest_twisted.ensureDeferred
async def test_strict(house: House, tmp_path: Path) -> None:
    """With `strict` a session whose server is gone gets that status, and its cookie stays where it may come back."""
    a, dead = house.server("a"), house.server("dead", running=False)
    port = await start(house, tmp_path, [a, dead], "session_sticky = hash=plain strict=410")
    jar = Jar(house)
    jar.cookies[b"route"] = b"dead"
    response = await jar.visit(port)
    assert (410, [], {b"route": b"dead"}) == (response.status, response.values(b"set-cookie"), jar.cookies)
    jar.cookies[b"route"] = b"unknown"
    response = await jar.visit(port)
    assert (410, [b"route=; Path=/; Max-Age=0"], {}) == (response.status, response.values(b"set-cookie"), jar.cookies)
    response = await jar.visit(port)
    assert (200, {b"route": b"a"}) == (response.status, jar.cookies)


@pytest_twisted.ensureDeferred
async def test_preserve(house: House, tmp_path: Path) -> None:
    """With `preserve` an application ends stickiness by clearing the cookie."""
    a, b = house.server("a"), house.server("b")
    port = await start(house, tmp_path, [a, b], "session_sticky = hash=plain option=indirect preserve")
    jar = Jar(house)
    await jar.visit(port)
    assert {b"route": b"a"} == jar.cookies
    a.answer = answering(200, b"Set-Cookie: route=; Path=/; Max-Age=0")
    assert [b"route=; Path=/; Max-Age=0"] == (await jar.visit(port)).values(b"set-cookie")
    assert b"b" == (await jar.visit(port)).body


@pytest_twisted.ensureDeferred
async def test_bypass(house: House, tmp_path: Path) -> None:
    """Where stickiness is off requests take turns, no cookie is set, and the servers see no more than elsewhere."""
    a, b = house.server("a"), house.server("b")
    sticky = "session_sticky = hash=plain option=indirect"
    port = await start(house, tmp_path, [a, b], sticky, location="session_sticky = off")
    jar = Jar(house)
    jar.cookies[b"route"] = b"b"
    bodies = []
    for _ in range(4):
        response = await jar.visit(port)
        bodies.append(response.body)
        assert [] == response.values(b"set-cookie")
    assert [b"a", b"b", b"a", b"b"] == bodies
    assert [[], []] == [server.requests[-1].values(b"cookie") for server in (a, b)]
