"""nginx's `sticky route`: what the request itself says names the server, by its `route=`."""

from collections.abc import Callable, Sequence

from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import is_plausible
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Getter, Memory


class Routes:
    """The first value that is not empty and names a server decides; nothing is ever written."""

    __slots__ = ("_getters", "_server_of")

    refusal = None

    def __init__(self, getters: Sequence[Getter], servers: Sequence[Server]) -> None:
        self._getters = getters
        self._server_of = {server.route.encode(): server for server in reversed(servers) if server.route}

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        affinity = Affinity.NONE
        for getter in self._getters:
            value = getter(asker)
            server = self._server_of.get(value)
            if server is not None:
                return Claim(Affinity.VALID, cookies, server)
            if is_plausible(value):
                affinity = Affinity.INVALID
        return Claim(affinity, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY


def after_the_last_dot(getter: Callable[[Asker], bytes]) -> Getter:
    """`suffix($name)`: what stands behind the last dot of a value; empty without a dot."""

    def suffix(asker: Asker) -> bytes:
        _, dot, route = getter(asker).rpartition(b".")
        return route if dot else b""

    return suffix
