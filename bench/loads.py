"""What is asked of a proxy: one small class a way to ask, each with `run`, which says what was measured."""

import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Protocol

from attrs import frozen

_SCRIPT = Path(__file__).with_name("wrk.lua")
_SAMPLE = re.compile(r"^sample requests=(\d+) microseconds=(\d+) bytes=(\d+) errors=(\d+) p50=(\d+) p99=(\d+)$", re.M)


@frozen
class Sample:
    """What came of a load: `p50` and `p99` are the latencies in seconds; `size` is bytes, heads included."""

    requests: int
    seconds: float
    size: int
    errors: int
    p50: float
    p99: float


@frozen
class Target:
    """Where requests go to: `cookie` is the Cookie that the client was given, empty when it was given none."""

    port: int
    tls: bool
    path: str
    cookie: str

    @property
    def url(self) -> str:
        """The address of the resource."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{self.path}"


class Load(Protocol):
    """A way to ask."""

    def run(self, target: Target, core: int, seconds: int) -> Sample:
        """Ask for about so many seconds, from that core."""


@frozen
class Wrk:
    """As many requests as wrk gets answered, over so many connections; `body` is bytes of a POST, 0 for a GET."""

    connections: int = 32
    body: int = 0
    close: bool = False

    def run(self, target: Target, core: int, seconds: int) -> Sample:
        headers = [f"Cookie: {target.cookie}"] if target.cookie else []
        headers += ["Connection: close"] if self.close else []
        command = [
            *("taskset", "-c", str(core), "wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "30s"),
            *("-s", str(_SCRIPT), *(word for header in headers for word in ("-H", header))),
            *(target.url, "--", str(self.body)),
        ]
        return read_sample(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def read_sample(output: str) -> Sample:
    """Read what `wrk.lua` wrote. Raises ValueError when it wrote nothing."""
    match = _SAMPLE.search(output)
    if match is None:
        raise ValueError(f"wrk measured nothing: {output!r}")
    requests, microseconds, size, errors, p50, p99 = map(int, match.groups())
    return Sample(requests, microseconds / 1e6, size, errors, p50 / 1e6, p99 / 1e6)


@frozen
class Once:
    """One request on a connection of its own, read to the end."""

    def run(self, target: Target, core: int, seconds: int) -> Sample:
        request = (
            f"GET {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {target.cookie}\r\nConnection: close\r\n\r\n"
        )
        buffer = memoryview(bytearray(1 << 20))
        size = 0
        begun = time.perf_counter()
        with socket.create_connection(("127.0.0.1", target.port)) as connection:
            connection.sendall(request.encode())
            while got := connection.recv_into(buffer):
                size += got
        took = time.perf_counter() - begun
        return Sample(1, took, size, 0, took, took)
