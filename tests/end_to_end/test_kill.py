"""A server that is killed under load: what may be repeated is answered, what may not is done once at most."""

import sys
from collections import Counter
from pathlib import Path

import pytest_twisted
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults

from tests.end_to_end.fakes import Client, Waitable
from tests.end_to_end.house import House
from tests.end_to_end.processes import Process

SERVER = Path(__file__).with_name("noting_server.py")
CLIENTS = 16


class Load(Waitable):
    """Clients that ask on and on, over connections that are kept; each third request of theirs is a POST.

    `statuses` has what every request was answered with, by its first line.
    """

    def __init__(self, clients: list[Client]) -> None:
        super().__init__()
        self.statuses: dict[bytes, int] = {}
        self._ended = False
        self._asking = gatherResults([ensureDeferred(self._ask(nth, client)) for nth, client in enumerate(clients)])

    async def _ask(self, nth: int, client: Client) -> None:
        number = 0
        while not self._ended:
            number += 1
            method = b"GET" if number % 3 else b"POST"
            first = b"%b /%d-%d HTTP/1.1" % (method, nth, number)
            self.statuses[first] = (await client.request(first + b"\nContent-Length: 0")).status
            self.changed()

    async def more(self, number: int) -> None:
        """Wait until so many more requests are answered."""
        enough = len(self.statuses) + number
        await self.until(lambda: len(self.statuses) >= enough)

    def end(self) -> "Deferred[list[None]]":
        """Ask no more; fires when all is answered."""
        self._ended = True
        return self._asking


def noted(*files: Path) -> Counter[bytes]:
    """Count how often each request was noted."""
    return Counter(line.rstrip() for file in files for line in file.read_bytes().splitlines())


@pytest_twisted.ensureDeferred
async def test_server_that_is_killed(house: House, tmp_path: Path) -> None:
    """Every GET is answered by 200 while a server is killed and brought back; no POST is executed twice."""
    ports = {name: house.server(name, running=False).port for name in "ab"}
    notes = {name: tmp_path / name for name in ports}

    async def start(name: str) -> Process:
        process = house.run(tmp_path, sys.executable, SERVER, str(ports[name]), notes[name])
        await process.said("ready")
        return process

    _, killed = await start("a"), await start("b")
    servers = "".join(f"    127.0.0.1:{port} max_fails=1 fail_timeout=1s\n" for port in ports.values())
    config = tmp_path / "kill.ini"
    config.write_text(
        f"[upstream app]\nserver =\n{servers}[server www]\nlisten = 127.0.0.1:0\nkeepalive_requests = 1000000\n"
        "[location www /]\nproxy_pass = http://app\n"
    )
    _, port = await house.start(config)
    load = Load([await house.client(port) for _ in range(CLIENTS)])
    await load.more(500)
    killed.transport.signalProcess("KILL")
    assert "signal 9" == await killed.ended()
    before = noted(notes["b"])
    await load.more(500)
    await start("b")
    await load.until(lambda: noted(notes["b"]) != before)
    await load.more(500)
    await load.end()
    assert before
    assert {200} == {status for first, status in load.statuses.items() if first.startswith(b"GET")}
    executed = noted(*notes.values())
    posts = {first: status for first, status in load.statuses.items() if first.startswith(b"POST")}
    assert {200, 502} >= set(posts.values())
    assert all(executed[first] == 1 for first, status in posts.items() if status == 200)
    assert all(executed[first] <= 1 for first in posts)
