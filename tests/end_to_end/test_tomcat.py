"""Two Tomcats behind `jvm_route`: visits are counted in their sessions, found by cookie and by `;jsessionid=`."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest_twisted

from tests.end_to_end.fakes import HOST, Client
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message
from tests.end_to_end.processes import has_started
from tests.end_to_end.tomcat import Tomcat

# A visit counts in the session and is answered by the number and a link, in which Tomcat writes the session's id.
PAGES = {
    "visits.jsp": """\
<% Integer visits = (Integer) session.getAttribute("visits");
session.setAttribute("visits", visits = visits == null ? 1 : visits + 1);
out.print(visits + " " + response.encodeURL("/visits.jsp")); %>
""",
    "up.jsp": '<%@ page session="false" %>up\n',
}

Told = Callable[["Visitor", Message], None]


class Visitor:
    """A client in a session. `route` is that of its session's id, as the client was told it."""

    def __init__(self, client: Client, told: Told) -> None:
        self._client = client
        self._told = told
        self.request = b"GET /visits.jsp HTTP/1.1"
        self.route = b""

    async def visit(self) -> tuple[bytes, int]:
        """Ask for the page once more; give the route, and how often the session was visited."""
        response = await self._client.request(self.request)
        assert 200 == response.status
        self._told(self, response)
        return self.route, int(response.body.split()[0])


def by_cookie(visitor: Visitor, response: Message) -> None:
    """Send the cookie from now on, if there is a new one."""
    for cookie in response.values(b"set-cookie"):
        (pair, visitor.route) = re.fullmatch(rb"(JSESSIONID=\w+\.(\w+)); Path=/; HttpOnly", cookie).groups()
        visitor.request = b"GET /visits.jsp HTTP/1.1\nCookie: " + pair


def by_url(visitor: Visitor, response: Message) -> None:
    """Refuse all cookies and follow the link, which is a new one where the session is."""
    link = response.body.split()[1]
    (visitor.route,) = re.fullmatch(rb"/visits\.jsp;jsessionid=\w+\.(\w+)", link).groups()
    visitor.request = b"GET %b HTTP/1.1" % link


@pytest_twisted.ensureDeferred
async def test_one_is_killed_and_started_again(house: House, tmp_path: Path) -> None:
    """Sessions on the living Tomcat count on; those of the killed one start anew there, or on it when it is back."""
    places = {name: house.server(name, running=False) for name in ("jvm1", "jvm2")}
    tomcats = {name: Tomcat(tmp_path / name, f'port="{place.port}"', name, PAGES) for name, place in places.items()}
    killed, _ = [tomcat.start(house) for tomcat in tomcats.values()]
    lines = "".join(f"    {place.address} srun_id={name} max_fails=0\n" for name, place in places.items())
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[upstream tomcat]\nserver =\n{lines}jvm_route = $cookie_JSESSIONID|jsessionid reverse\n"
        "check = interval=100 timeout=5000 fall=2 rise=1 type=http\n"
        r'check_http_send = "GET /up.jsp HTTP/1.0\r\n\r\n"'
        f"\n[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://tomcat\n"
    )
    proxy, port = await house.start(config)
    await has_started(lambda: proxy.out.count("is up") == 2)

    client = await house.client(port)
    staying, away = ([Visitor(client, told) for told in (by_cookie, by_cookie, by_url, by_url)] for _ in range(2))
    for count in (1, 2, 3):
        seen = [await visitor.visit() for visitor in (*staying, *away)]
        assert [(b"jvm1", count), (b"jvm2", count)] * 4 == seen

    killed.transport.signalProcess("KILL")
    await killed.ended()
    for moved, lived in ((1, 4), (2, 5)):
        assert [(b"jvm2", moved), (b"jvm2", lived)] * 2 == [await visitor.visit() for visitor in staying]

    tomcats["jvm1"].start(house)
    await has_started(lambda: proxy.out.count(f"{places['jvm1'].address} is up") == 2)
    assert [(b"jvm2", 3), (b"jvm2", 6)] * 2 == [await visitor.visit() for visitor in staying]
    for anew, lived in ((1, 4), (2, 5)):
        assert [(b"jvm1", anew), (b"jvm2", lived)] * 2 == [await visitor.visit() for visitor in away]
    assert {b"jvm1", b"jvm2"} == {(await Visitor(client, by_cookie).visit())[0] for _ in range(4)}
