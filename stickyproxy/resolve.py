"""Names to addresses when the service starts: one server for each address that a name has."""

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from attrs import evolve
from twisted.logger import Logger

from stickyproxy.config.addresses import DemoAddress, HostAddress, InetAddress
from stickyproxy.config.settings import Server

_log = Logger()

# What a server is called inside cookies, besides its address.
_NAMES = ("id", "route", "cookie")

# All addresses of a host name with that port.
Lookup = Callable[[str, int], list[InetAddress]]


def resolve(servers: Iterable[Server], lookup: Lookup, demo: Callable[[str], InetAddress]) -> tuple[Server, ...]:
    """Return the servers with their names resolved, in order; `demo` starts a demonstration server.

    A name that does not resolve is a server that is down: one typing mistake in DNS must not stop all the others. One
    with `resolve` is left as it is, for those who go on asking.
    """
    resolved: list[Server] = []
    for server in servers:
        address = server.address
        if isinstance(address, HostAddress) and not server.resolve:
            resolved += _resolve_host(server, address, lookup)
        elif isinstance(address, DemoAddress):
            resolved.append(evolve(server, address=demo(address.name)))
        else:
            resolved.append(server)
    return tuple(resolved)


def _resolve_host(server: Server, address: HostAddress, lookup: Lookup) -> list[Server]:
    try:
        found = lookup(address.host, address.port)
    except (OSError, UnicodeError) as error:
        _log.warn("{server} does not resolve and is down: {error}", server=server.name, error=error)
        return [evolve(server, down=True)]
    first, *others = (evolve(server, address=each) for each in dict.fromkeys(found))
    names = [f"{name}={value}" for name in _NAMES if (value := getattr(server, name)) is not None]
    if others and names:
        # With one name for several servers a session would come back to any of them.
        _log.warn("{server} has several addresses: {names} names the first", server=server.name, names=" ".join(names))
        others = [evolve(each, id=None, route=None, cookie=None) for each in others]
    return [first, *others]


class Remembering:
    """A lookup by which a name that cannot be found has the addresses that it had the last time."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found: dict[tuple[str, int], list[InetAddress]] = {}

    def __call__(self, host: str, port: int) -> list[InetAddress]:
        """Raises what the lookup raises for a name that was never found."""
        try:
            self._found[host, port] = self._lookup(host, port)
        except (OSError, UnicodeError) as error:
            if (host, port) not in self._found:
                raise
            _log.warn("{host} stays as it is, since it does not resolve now: {error}", host=host, error=error)
        return self._found[host, port]


def system_lookup(host: str, port: int) -> list[InetAddress]:
    """Ask the system's resolver for all addresses, in its order.

    Raises OSError (socket.gaierror), and UnicodeError for what is no name at all, such as one with an empty label.
    """
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [InetAddress(ip_address(address[0]), port) for *_, address in infos]
