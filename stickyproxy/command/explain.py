"""`stickyproxy explain`: which location and which server a request comes to, why, and what its client would be sent."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

from stickyproxy.balance.words import Reason
from stickyproxy.command.rehearsal import Rehearsal, Scene
from stickyproxy.config.settings import Listen, Location, Settings
from stickyproxy.config.values import listed, token
from stickyproxy.errors import ClientFault
from stickyproxy.http.reader import RequestReader
from stickyproxy.http.request import Limits
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.site import Site
from stickyproxy.resolve import Lookup

_PORTS = {"http": 80, "https": 443}
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
# The fields that any answer has; all others are what the proxy adds.
_USUAL = frozenset({"connection", "content-length", "content-type", "date", "server"})

_WHY = {
    Reason.BOUND: "it is the session's own server",
    Reason.NEW: "there is no session, and so the balancer chooses; a running proxy may choose another one",
    Reason.UNKNOWN: "the session names a server that is not there, and so the balancer chooses",
    Reason.EXPIRED: "the session is over by its dates, and so the balancer chooses",
    Reason.DOWN: "the session's own server is marked down, and so the balancer chooses",
    Reason.SICK: "the session's own server does not pass its checks, and so the balancer chooses",
    Reason.FAILED: "the session's own server has failed, and so the balancer chooses",
    Reason.FULL: "the session's own server has all the connections that it may have, and so the balancer chooses",
}


@frozen
class Question:
    """A request: its URL, method and header lines (`NAME: VALUE`), and the address that it comes from."""

    url: str
    method: str
    lines: Sequence[str]
    client: str

    def request(self) -> bytes:
        """Write the request. Raises ValueError for a URL and for lines that none could have."""
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.netloc or not self.url.isascii() or not self.url.isprintable():
            raise ValueError(
                f'"{self.url}" is no URL; expected http:// or https://, a host and a path, percent-encoded'
            )
        for line in self.lines:
            name, colon, _ = line.partition(":")
            if not colon or not line.isprintable():
                raise ValueError(f'"{line}" is no header field; expected NAME: VALUE')
            token(name)
        ip_address(self.client)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", *self.lines, "", ""]
        return "\r\n".join(head).encode()


def explain(settings: Settings, question: Question, lookup: Lookup, now: float) -> Iterator[str]:
    """Tell, line by line, what a proxy that has just been started would do. Raises ValueError for a faulty question."""
    request = question.request()
    rehearsal = Rehearsal(settings, lookup, now)
    site = _site(rehearsal.sites, question.url)
    yield f"location   {_located(site, request)}"
    scene = rehearsal.play(site, question.client, request, _RESPONSE)
    if scene.outcome is None:
        yield "answer     none: the connection is closed"
        return
    yield from _tell_server(scene, scene.outcome)
    yield f"answer     {_first_line(scene.to_client, '')}"
    for name, value in _fields(scene.to_client):
        if name.lower() not in _USUAL:
            yield f"sets       {name}: {value}"


def _tell_server(scene: Scene, outcome: Outcome) -> Iterator[str]:
    assignment = outcome.assignment
    if assignment is None:
        yield "server     none: the proxy answers by itself"
        return
    yield f"upstream   {outcome.upstream_name.decode()}"
    yield f"session    {assignment.affinity.value.decode()}"
    peer = assignment.peer
    if peer is None:
        yield f"server     none: {assignment.reason.value.decode()}"
        return
    yield f"server     {f'{peer.server.id}, ' if peer.server.id else ''}{peer.server.name}"
    yield f"because    {_WHY[assignment.reason]} ({assignment.reason.value.decode()})"
    yield f"it gets    {_first_line(scene.to_server, 'nothing')}"
    for name, value in _fields(scene.to_server):
        if name.lower() == "cookie":
            yield f"           {name}: {value}"


def _site(sites: Sequence[tuple[Listen, Site]], url: str) -> Site:
    """The site at the URL's port, or the only one there is. Raises ValueError."""
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    for listen, site in sites:
        if listen.shown.rpartition(":")[2] == str(port):
            return site
    if len(sites) == 1:
        return sites[0][1]
    shown = listed([listen.shown for listen, _ in sites])
    raise ValueError(f"nobody listens on port {port}; expected a URL with the port of {shown}")


def _located(site: Site, request: bytes) -> str:
    """The location that serves the request, and where it stands. Raises ValueError for one whose body is missing."""
    reader = RequestReader(Limits())
    reader.feed(request)
    message = reader.messages[0]
    if message.fault is None and not message.complete:
        raise ValueError("the fields tell of a body; expected a request without one")
    try:
        if message.fault is not None:
            raise message.fault
        location: Location = site.hosts.locate(message.head).scope.settings
    except ClientFault as fault:
        return f"none: {fault.reason}"
    path = location.path + ("/" if location.slashed and location.exact else "")
    return f"{'= ' if location.exact else ''}{path} ({location.position})"


def _first_line(message: bytes, absent: str) -> str:
    return message.partition(b"\r\n")[0].decode("latin-1") or absent


def _fields(message: bytes) -> list[tuple[str, str]]:
    """The fields of a head, by name and value."""
    lines = message.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
