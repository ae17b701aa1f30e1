"""Servers are killed, stopped, brought back and drained under load: no session is lost where a server lived."""

import signal
import sys
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.task import deferLater

from tests.end_to_end.fakes import HOST, Client, Waitable
from tests.end_to_end.house import House
from tests.end_to_end.jar import Jar
from tests.end_to_end.processes import Process

SERVER = Path(__file__).with_name("session_server.py")
WAYS = {
    "insert": "session_sticky = hash=plain option=indirect",
    "dated": "session_sticky = hash=plain option=indirect maxidle=30m",
    "prefix": "session_sticky = mode=prefix cookie=SESSION",
    "rewrite": "session_sticky = mode=rewrite cookie=stick",
}
NAMES = ("a", "b", "c")
# Between two visits of a client, in seconds, that the machine has time for more than those.
PAUSE = 0.02
CHECK = """\
check = interval=100 timeout=1000 fall=2 rise=2 type=http
check_http_send = "HEAD / HTTP/1.0\\r\\n\\r\\n"
"""


class Regular:
    """A client with a cookie jar. `visits` says who answered each, and which number in its session that gave it."""

    def __init__(self, jar: Jar, client: Client, way: str) -> None:
        self._jar = jar
        self._client = client
        self._path = f"/{way}".encode()
        self.visits: list[tuple[str, int]] = []

    @property
    def home(self) -> str:
        """The server that answered last."""
        return self.visits[-1][0]

    async def visit(self) -> None:
        """Come once more."""
        response = await self._jar.ask(self._client, self._path)
        assert 200 == response.status
        name, number = response.body.decode().split()
        self.visits.append((name, int(number)))

    def lost(self) -> list[str]:
        """List the servers on which a session of this client was lost."""
        return [here for (here, number), after in pairwise(self.visits) if after != (here, number + 1)]


class Crowd(Waitable):
    """Clients that come on and on, each a moment after it was answered."""

    def __init__(self, regulars: Sequence[Regular]) -> None:
        super().__init__()
        self._regulars = regulars
        self._ended = False
        self._coming = gatherResults([ensureDeferred(self._come(regular)) for regular in regulars])

    async def _come(self, regular: Regular) -> None:
        while not self._ended:
            await regular.visit()
            self.changed()
            await deferLater(reactor, PAUSE)

    def homes(self) -> list[str]:
        """Say on which server each is."""
        return [regular.home for regular in self._regulars]

    def lost(self) -> list[list[str]]:
        """Say for each of which servers it lost sessions since the beginning."""
        return [regular.lost() for regular in self._regulars]

    async def more(self) -> None:
        """Wait until each has come a few times more, the last ones of which began after now."""
        enough = [len(regular.visits) + 5 for regular in self._regulars]
        await self.until(lambda: all(len(r.visits) >= e for r, e in zip(self._regulars, enough, strict=True)))

    def end(self) -> "Deferred[list[None]]":
        """Come no more; fires when all are answered."""
        self._ended = True
        return self._coming


class Site:
    """Three servers, and a proxy with an upstream for each way to stick to them."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder
        self._places = {name: house.server(name, running=False) for name in NAMES}
        self._servers = {name: self._serve(name) for name in NAMES}

    def _serve(self, name: str) -> Process:
        return self._house.run(self._folder, sys.executable, SERVER, name, str(self._places[name].port))

    async def start(self) -> None:
        """Start the proxy, and wait until all servers pass their checks."""
        lines = "".join(f"    {place.address} id={name} max_fails=0\n" for name, place in self._places.items())
        upstreams = (f"[upstream {way}]\nserver =\n{lines}{sticky}\n{CHECK}" for way, sticky in WAYS.items())
        config = self._folder / "sticky.ini"
        config.write_text(
            f"[main]\ncontrol = unix:{self._folder}/control\n[http]\nkeepalive_requests = 1000000\n"
            f"proxy_connect_timeout = 2s\nproxy_read_timeout = 2s\n{''.join(upstreams)}"
            f"[server www]\nlisten = {HOST}:0\n"
            + "".join(f"[location www /{way}]\nproxy_pass = http://{way}\n" for way in WAYS)
        )
        self._proxy, self._port = await self._house.start(config)
        for name in NAMES:
            await self.told(name, "up", 1)

    async def told(self, name: str, state: str, times: int) -> None:
        """Wait until the log has told so often, of each upstream, that the server is up, or down."""
        words = f"{self._places[name].address} is {state}"
        await self._proxy.until(lambda: self._proxy.out.count(words) == times * len(WAYS))

    def signal(self, name: str, what: signal.Signals) -> None:
        """Send a signal to a server."""
        self._servers[name].transport.signalProcess(what)

    def start_again(self, name: str) -> None:
        """Start a server that was killed."""
        self._servers[name] = self._serve(name)

    async def command(self, verb: str, name: str) -> None:
        """Give a command for a server, in each upstream, through the control socket."""
        socket = UNIXClientEndpoint(reactor, str(self._folder / "control"))
        for way in WAYS:
            client = await connectProtocol(socket, Client())
            client.send(f"{verb} {way} {name}\n".encode())
            assert await client.end()
            assert client.received.startswith(b"UPSTREAM ")

    async def regulars(self, number: int) -> list[Regular]:
        """Have so many clients come for each way, one after the other, for the first time."""
        regulars: list[Regular] = []
        for way in WAYS:
            for _ in range(number):
                regulars.append(Regular(Jar(self._house), await self._house.client(self._port), way))
                await regulars[-1].visit()
        return regulars


@pytest_twisted.ensureDeferred
async def test_sessions_are_lost_with_their_server_alone(house: House, tmp_path: Path) -> None:
    """Whoever was on a server that was killed or hangs loses that session and no other; nobody else loses any."""
    site = Site(house, tmp_path)
    await site.start()
    regulars = await site.regulars(6)
    crowd = Crowd(regulars)
    await crowd.more()
    assert list(NAMES) * 2 * len(WAYS) == crowd.homes()
    lost: list[list[str]] = [[] for _ in regulars]
    assert lost == crowd.lost()

    for name, strike, mend in (
        ("a", partial(site.signal, "a", signal.SIGKILL), partial(site.start_again, "a")),
        ("b", partial(site.signal, "b", signal.SIGSTOP), partial(site.signal, "b", signal.SIGCONT)),
    ):
        homes = crowd.homes()
        strike()
        await site.told(name, "down", 1)
        await crowd.more()
        mend()
        await site.told(name, "up", 2)
        await crowd.more()
        lost = [[*before, *([name] if home == name else [])] for before, home in zip(lost, homes, strict=True)]
        assert lost == crowd.lost()

    homes = crowd.homes()
    assert "c" in homes
    await site.command("drain", "c")
    await crowd.more()
    assert {"a", "b"} == {regular.home for regular in await site.regulars(4)}
    await crowd.more()
    await crowd.end()
    assert (homes, lost) == (crowd.homes(), crowd.lost())
    await site.command("up", "c")
    assert set(NAMES) == {regular.home for regular in await site.regulars(6)}
