"""Counts the function calls that a piece of work makes: the same number on any machine, however busy that is."""

import gc
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import twisted.internet.testing

from stickyproxy.proxy.tree import VirtualHost
from tests.proxy.house import House, answer, status

_TESTS = str(Path(__file__).parent)
_TRANSPORTS = twisted.internet.testing.__file__

# Up to Python 3.11 these are calls, from 3.12 on they are not.
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})


def count_calls(work: Callable[[], object]) -> Counter[str]:
    """Do `work` and return how often it called each function, Python's and C's; `file:name` and `{name}`.

    What the tests' own ends of the wire call does not count. Whatever else watches (a debugger, coverage, another
    profiler) goes on afterwards and counts for nothing, and nor does the garbage collector.
    """
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if code.co_filename.startswith(_TESTS) or code.co_filename == _TRANSPORTS:
            return
        if event == "call" and code.co_name not in _INLINED:
            calls[f"{_place(code.co_filename)}:{code.co_qualname}"] += 1
        elif event == "c_call":
            calls[f"{{{argument.__qualname__}}}"] += 1

    collecting, other = gc.isenabled(), sys.getprofile()
    gc.disable()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(other)
        if collecting:
            gc.enable()
    return calls


def _place(filename: str) -> str:
    """Name a file by its folder and its own name."""
    return "/".join(Path(filename).parts[-2:]).removesuffix(".py")


def _configuration(servers: int = 2) -> str:
    lines = "".join(f"    10.0.{number // 250}.{number % 250}:80 id=s{number}\n" for number in range(servers))
    return (
        f"[http]\naccess_log = log combined\n[upstream app]\nserver =\n{lines}"
        "session_sticky = cookie=route hash=plain option=indirect\n"
        "[server www]\nlisten = 8080\n[location www /]\nproxy_pass = http://app\n"
    )


def _add_locations(house: House, number: int) -> None:
    """Hang further locations beside the one there is."""
    for site in house.sites.values():
        host: VirtualHost = site.hosts.default
        location = host.prefix
        assert location is not None
        for serial in range(number):
            host.hang(f"/applications/{serial}", location)


def sticky_request(servers: int = 2, locations: int = 1, path: str = "/") -> Callable[[], None]:
    """Return what makes a GET that is bound to the last server, and has it answered with 1 KiB, on warm connections."""
    house = House(_configuration(servers))
    _add_locations(house, locations)
    client = house.client()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: www.example\r\nUser-Agent: browser\r\nAccept: */*\r\n"
        f"Cookie: app=0123456789; route=s{servers - 1}\r\n\r\n"
    ).encode()
    response = answer(b"x" * 1024, b"200 OK", b"Content-Type: text/plain")
    client.send(request)
    server = house.servers.accept()
    server.send(response)

    def ask() -> None:
        client.send(request)
        server.send(response)

    ask()
    assert [200, 200] == [status(b"HTTP/1.1 " + part) for part in client.received().split(b"HTTP/1.1 ")[1:]]
    return ask


def calls_of_a_sticky_request(servers: int = 2, locations: int = 1, path: str = "/") -> Counter[str]:
    """Count the calls of one such request."""
    return count_calls(sticky_request(servers, locations, path))
