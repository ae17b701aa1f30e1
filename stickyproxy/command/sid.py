"""`stickyproxy sid`: the cookie by which a client is kept on a server, to debug it or to pin a test client."""

from attrs import evolve

from stickyproxy.balance.peer import Peer
from stickyproxy.command.rehearsal import Rehearsal
from stickyproxy.config.addresses import HostAddress
from stickyproxy.config.settings import Settings
from stickyproxy.config.suggest import suggest
from stickyproxy.config.values import listed
from stickyproxy.resolve import Lookup

# What stands for a value that only the server itself could give.
_VALUE = b"VALUE"
_ANSWER = b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n"


def sid(settings: Settings, upstream: str, server: str, lookup: Lookup, now: float) -> str:
    """Return the cookie, `NAME=VALUE`, of the server with that `id=` or address.

    It is what the proxy adds to an answer, or else makes of one in which the server sets a cookie of that name itself,
    as with `mode=prefix`. Raises ValueError.
    """
    if upstream not in settings.upstreams:
        known = listed(sorted(settings.upstreams)) if settings.upstreams else "an upstream in the file"
        raise ValueError(f'no upstream "{upstream}"; expected {known}{suggest(upstream, settings.upstreams)}')
    name = getattr(settings.upstreams[upstream].stickiness, "cookie", None)
    if name is None:
        raise ValueError(f"{upstream} keeps nobody by a cookie; expected an upstream that does")
    straight = _straight(settings, upstream)
    answers = (_ANSWER % b"", _ANSWER % b"Set-Cookie: %b=%b\r\n" % (name, _VALUE))
    for answer in answers:
        found = {_cookie(Rehearsal(straight, lookup, now, port), upstream, server, name, answer) for port in (1, 2)}
        if len(found) > 1:
            raise ValueError(f"{server} gets its port, of which its cookie is made, when the proxy starts")
        cookie = found.pop()
        if cookie not in (b"", _VALUE):
            return f"{name.decode()}={cookie.decode()}"
    raise ValueError(f"the proxy writes nothing into the cookie of {upstream}; its servers name themselves there")


def _straight(settings: Settings, upstream: str) -> Settings:
    """One server that passes all requests to the upstream as the first of its locations would.

    Whoever comes may enter, and `session_sticky = off` does not count.
    """
    for server in settings.servers:
        for location in server.locations:
            if location.proxy_pass is not None and location.proxy_pass.upstream == upstream:
                fallback = evolve(location, access=(), real_ip=None, sticky=True)
                return evolve(settings, servers=(evolve(server, locations=(), fallback=fallback),))
    raise ValueError(f"no location passes anything to {upstream}; expected one")


def _cookie(rehearsal: Rehearsal, upstream: str, server: str, name: bytes, answer: bytes) -> bytes:
    """The value of the cookie that the client gets with that answer of the server; empty if it gets none."""
    peers = rehearsal.upstreams[upstream].group.peers
    chosen = _chosen(peers, server)
    if isinstance(chosen.server.address, HostAddress):
        message = f"{chosen.server.name} does not resolve; expected a server with an address"
        raise ValueError(message)  # noqa: TRY004 - it is the name that is wrong
    for peer in peers:
        peer.down = peer is not chosen
        peer.drain = False
    _, site = rehearsal.sites[0]
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    start = b"Set-Cookie: %b=" % name
    lines = rehearsal.play(site, "127.0.0.1", request, answer).to_client.split(b"\r\n")
    values = [line.removeprefix(start).partition(b";")[0] for line in lines if line.startswith(start)]
    return values[-1] if values else b""


def _chosen(peers: tuple[Peer, ...], name: str) -> Peer:
    """The only server of that `id=`, or else of that address, as it is or as it was written."""
    found = [peer for peer in peers if peer.server.id == name] or [
        peer for peer in peers if name in (peer.name.decode(), peer.server.name)
    ]
    if len(found) != 1:
        names = [peer.server.id or peer.name.decode() for peer in peers]
        what = f'{len(found)} servers "{name}"' if found else f'no server "{name}"'
        raise ValueError(f"{what} in the upstream; expected {listed(names)}{suggest(name, names)}")
    return found[0]
