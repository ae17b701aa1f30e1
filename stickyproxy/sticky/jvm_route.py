"""`jvm_route`: the application server writes its own name into the session id, `JSESSIONID=A1B2.jvm1`.

The id is looked for in cookies, then in path parameters (`/page;jsessionid=A1B2.jvm1`), then in query arguments.
"""

from collections.abc import Iterator, Mapping, Sequence

from stickyproxy.config.dialects import JvmRoute
from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import is_plausible, values
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Asker, Claim, Memory


class JvmRoutes:
    """Reads the route and never writes it: the cookie belongs to the application server."""

    __slots__ = ("_candidates", "_server_of", "_token", "_url_token", "refusal")

    def __init__(self, settings: JvmRoute, servers: Sequence[Server]) -> None:
        self.refusal = settings.refusal
        self._token = settings.cookie + b"="
        self._url_token = settings.url_name + b"="
        self._candidates = _routes_before_a_dot if settings.forward else _routes_after_a_dot
        self._server_of = _by_route(servers)

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        found = values(cookies, self._token)
        target = asker.head.target
        if self._url_token in target:
            found += _values_in_url(target, self._url_token)
        if not found:
            return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM
        routed = False
        for value in found:
            has_route = False
            for route in self._candidates(value):
                server = self._server_of.get(route)
                if server is not None:
                    return Claim(Affinity.VALID, cookies, server)
                has_route = has_route or route != b""
            routed = routed or (has_route and is_plausible(value))
        return Claim(Affinity.INVALID if routed else Affinity.NONE, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY


def _by_route(servers: Sequence[Server]) -> Mapping[bytes, Server]:
    """Servers by `srun_id=`, else by `id=`; of several with one route (the addresses of one host) the first."""
    named = ((server.srun_id or server.id, server) for server in reversed(servers))
    return {route.encode(): server for route, server in named if route}


def _routes_after_a_dot(value: bytes) -> Iterator[bytes]:
    """What may be the route, likeliest first: all after the first dot, after the last, then each part (WildFly)."""
    _, dot, routes = value.partition(b".")
    if dot:
        yield routes
        yield routes.rpartition(b".")[2]
        yield from routes.split(b".")


def _routes_before_a_dot(value: bytes) -> Iterator[bytes]:
    """The same for `forward`, where the route stands in front of the session's id."""
    routes, dot, _ = value.rpartition(b".")
    if dot:
        yield routes.partition(b".")[0]
        yield routes


def _values_in_url(target: bytes, token: bytes) -> list[bytes]:
    """The values of that name in a target: of its path parameters, then of its query arguments, in order."""
    path, _, query = target.partition(b"#")[0].partition(b"?")
    texts = [parameter for segment in path.split(b"/") for parameter in segment.split(b";")[1:]]
    texts += query.replace(b";", b"&").split(b"&")
    return [_until_end(text[len(token) :]) for text in texts if text.startswith(token)]


def _until_end(text: bytes) -> bytes:
    """The value up to the first byte that ends one in a URL (`;` and `#` have been taken away)."""
    for end in (b"?", b"&", b"/"):
        text = text.partition(end)[0]
    return text
