"""The status page in a real browser."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.end_to_end.fakes import HOST
from tests.end_to_end.house import House
from tests.end_to_end.processes import installed

# How long a browser may take to start and show a page, in seconds.
PATIENCE = 120
QUIETLY = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def dump(browser: str, url: str, folder: Path) -> str:
    """Have a browser show a page; give what it made of it."""
    command = [browser, *QUIETLY, f"--user-data-dir={folder}", "--window-size=390,844", "--dump-dom", url]
    done = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout


class Cells(HTMLParser):
    """The text of each cell in the body of the table, row by row."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(dom)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data}".strip()


@pytest_twisted.ensureDeferred
async def test_checks_are_on_the_page(house: House) -> None:
    """What active checks find is on the page in every format, with the reason for people, and takes the server out."""
    a, b = house.server("a"), house.server("b", running=False)
    port = house.before(
        a,
        b,
        upstream="check = interval=50 rise=1 fall=1 timeout=5000 type=tcp",
        location="[location www = /status]\ncheck_status = csv",
    )
    client = await house.client(port)
    first, second = (await client.request(b"GET /status HTTP/1.1")).body.decode().splitlines()
    assert re.fullmatch(rf"0,app,{a.address},up,[1-9][0-9]*,0,tcp,0", first)
    assert re.fullmatch(rf"1,app,{b.address},down,0,[1-9][0-9]*,tcp,0", second)
    page = (await client.request(b"GET /status?format=html&status=down HTTP/1.1")).body.decode()
    assert re.search(r"down: does not pass its checks<small>[^<]+</small>", page)
    assert [b"a"] * 4 == [(await client.request(b"GET / HTTP/1.1")).body for _ in range(4)]


@pytest_twisted.ensureDeferred
async def test_browser_shows_the_servers(house: House, tmp_path: Path) -> None:
    """A browser finds the tables as they were meant: servers, their state in words, and what became of requests."""
    browser = installed("chromium")
    a, b, c = house.server("a"), house.server("b", running=False), house.server("c")
    port = house.proxy(
        f"[upstream app]\nserver =\n    {a.address} id=a drain\n    {b.address} id=b\n    {c.address} id=c\n"
        "session_sticky = hash=plain\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
        "[location www = /status]\ncheck_status = html\n"
    )
    client = await house.client(port)
    for cookie in (b"a", b"b"):
        await client.request(b"GET / HTTP/1.1\nCookie: route=" + cookie)
    dom = await deferToThread(dump, browser, f"http://{HOST}:{port}/status", tmp_path)
    _, *rows, _, claims = Cells(dom).rows
    assert [
        ["0", "app", f"{a.address} id a", "up, draining: no new sessions"],
        ["1", "app", f"{b.address} id b", "down: too many tries failed"],
        ["2", "app", f"{c.address} id c", "up"],
    ] == [row[:4] for row in rows]
    assert ["0", "0", "none", "0", "1", "1", "0"] == rows[0][4:11]
    assert re.fullmatch(r"1 [0-9: -]{19}: .*refused.*", rows[1][11])
    assert re.fullmatch(r"1 client last seen [0-9: -]{19}", rows[0][12])
    assert ["app", "0", "0", "1", "1", "0"] == claims
    assert "<title>1 down, 2 up</title>" in dom
