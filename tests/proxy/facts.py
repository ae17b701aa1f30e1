"""Requests and what is known about them, as they come off the wire."""

from typing import Any

from stickyproxy.config.load import loads
from stickyproxy.config.settings import Location
from stickyproxy.http.fields import Field
from stickyproxy.http.request import Limits, RequestHead, read_request_head
from stickyproxy.http.response import ResponseHead, read_response_head
from stickyproxy.http.words import Ends
from stickyproxy.proxy.outcome import Outcome, Try

ENDS = Ends(7, b"192.0.2.1", 54321, b"192.0.2.80", 8080)


def fields(*lines: bytes) -> list[Field]:
    """Part field lines into fields."""
    pairs = [line.split(b": ", 1) if b": " in line else (line.rstrip(b":"), b"") for line in lines]
    return [(name.lower(), name, value) for name, value in pairs]


def request(
    target: bytes = b"/", *lines: bytes, method: bytes = b"GET", version: str = "1.1", host: bytes = b"www.example"
) -> RequestHead:
    """Read a request; its Host line comes first, unless `host` is empty."""
    hosts = [b"Host: " + host] if host else []
    size = sum(map(len, (method, target, b"  HTTP/1.1\r\n", *hosts, *lines))) + 2 * len((*hosts, *lines)) + 2
    http11 = version == "1.1"
    return read_request_head(method, target, http11, fields(*hosts, *lines), size, Limits())


def response(status: int = 200, *lines: bytes) -> ResponseHead:
    """Read a response that has a body."""
    return read_response_head(status, b"Fine", fields(*lines), True, False)


def facts(head: RequestHead | None = None, **known: Any) -> Outcome:
    """Make the facts of a request that nothing more is known about than is said here."""
    unknown = {
        "ends": ENDS,
        "server_name": b"www",
        "serial": 3,
        "nth": 2,
        "started": 1_000.0,
        "finished": 1_000.0,
        "status": 200,
        "received": 0,
        "bytes_sent": 0,
        "body_bytes": 0,
    }
    head = head or request()
    return Outcome(**{"asked": head, "head": head, **unknown, **known})


def attempt(
    address: bytes = b"10.0.0.1:80",
    started: float = 1_000.0,
    connected: float | None = None,
    head_received: float | None = None,
    ended: float | None = None,
    status: int = 0,
    body_bytes: int = 0,
    upstream_name: bytes = b"app",
) -> Try:
    """Make one try at a server."""
    made = Try(upstream_name, address, started)
    made.connected, made.head_received, made.ended = connected, head_received, ended
    made.status, made.body_bytes = status, body_bytes
    return made


def location(*lines: str, path: str = "/", target: str = "http://app") -> Location:
    """Read a location that passes requests to `target`, of which `app` is an upstream; `lines` are its others."""
    upstream, server = "[upstream app]\nserver = 10.0.0.1:80", "[server www]\nlisten = 80"
    text = "\n".join([upstream, server, f"[location www {path}]\nproxy_pass = {target}", *lines])
    return loads(text).servers[0].locations[0]
