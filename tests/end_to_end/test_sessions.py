"""Sessions of clients with a cookie jar: they stay, they move once when their server dies, and they stay there."""

from http.cookiejar import CookieJar

import pytest_twisted
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.web.client import Agent, HTTPConnectionPool

from tests.end_to_end.fakes import HOST
from tests.end_to_end.house import House


class Browser:
    """A client with a cookie jar. `seen` counts the cookies that it was given."""

    def __init__(self, port: int) -> None:
        self._url = f"http://{HOST}:{port}/"
        agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
        self._client = HTTPClient(agent, CookieJar())
        self.seen = 0

    async def visit(self) -> tuple[int, str]:
        """Ask for the front page; give the status, and the name of the server that answered."""
        response = await self._client.get(self._url)
        self.seen += len(response.headers.getRawHeaders("set-cookie", []))
        return response.code, await response.text()


@pytest_twisted.ensureDeferred
async def test_two_clients_stay_on_two_servers(house: House) -> None:
    """Two clients that come by turns stay on the servers they were first given, through 100 requests each."""
    port = house.before(house.server("a"), house.server("b"), upstream="session_sticky = option=indirect")
    first, second = Browser(port), Browser(port)
    for _ in range(100):
        assert (200, "a") == await first.visit()
        assert (200, "b") == await second.visit()
    assert (1, 1) == (first.seen, second.seen)


@pytest_twisted.ensureDeferred
async def test_clients_without_a_jar_take_turns(house: House) -> None:
    """Clients that keep no cookie go to each server in turn, by weight."""
    a, b = house.server("a"), house.server("b")
    port = house.proxy(
        f"[upstream app]\nserver =\n    {a.address} weight=2\n    {b.address}\nsession_sticky =\n"
        "[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://app"
    )
    assert ["a", "b", "a"] * 3 == [(await Browser(port).visit())[1] for _ in range(9)]


@pytest_twisted.ensureDeferred
async def test_server_dies_and_comes_back(house: House) -> None:
    """When a server dies its clients move once and stay, also when it is back; it then gets new clients again."""
    a, b, c = house.server("a"), house.server("b"), house.server("c")
    lines = "".join(f"    {each.address} fail_timeout=0\n" for each in (a, b, c))
    port = house.proxy(
        f"[upstream app]\nserver =\n{lines}session_sticky = option=indirect\n"
        "[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://app"
    )
    browsers = [Browser(port) for _ in range(3)]
    assert ["a", "b", "c"] == [(await browser.visit())[1] for browser in browsers]

    await a.stop()
    moved = [(await browser.visit())[1] for browser in browsers]
    assert moved[0] in ("b", "c")
    assert ["b", "c"] == moved[1:]

    a.start()
    for _ in range(5):
        assert moved == [(await browser.visit())[1] for browser in browsers]
    assert [2, 1, 1] == [browser.seen for browser in browsers]
    assert {"a", "b", "c"} == {(await Browser(port).visit())[1] for _ in range(6)}


@pytest_twisted.ensureDeferred
async def test_server_that_dies_under_many_clients(house: House) -> None:
    """All clients of a dead server find another one, none of them sees an error, and the others' clients stay."""
    servers = [house.server(name) for name in "abcd"]
    port = house.before(*servers, upstream="session_sticky =")
    browsers = [Browser(port) for _ in range(20)]
    before = [await browser.visit() for browser in browsers]
    await servers[0].stop()
    after = [await browser.visit() for browser in browsers]
    assert {200} == {status for status, _ in after}
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert (new == old) == (old != "a")
    assert after == [await browser.visit() for browser in browsers]


@pytest_twisted.ensureDeferred
async def test_fallback_off_waits_for_the_server(house: House) -> None:
    """With `fallback=off` a client never moves: 502 while its server is dead, and its session when it is back."""
    a, b = house.server("a"), house.server("b")
    lines = "".join(f"    {each.address} fail_timeout=0\n" for each in (a, b))
    port = house.proxy(
        f"[upstream app]\nserver =\n{lines}session_sticky = fallback=off\n"
        "[server www]\nlisten = 127.0.0.1:0\n[location www /]\nproxy_pass = http://app"
    )
    browser, other = Browser(port), Browser(port)
    assert [(200, "a"), (200, "b")] == [await browser.visit(), await other.visit()]
    await a.stop()
    assert [502, 502, 200] == [(await each.visit())[0] for each in (browser, browser, other)]
    a.start()
    assert [(200, "a"), (200, "b")] == [await browser.visit(), await other.visit()]
