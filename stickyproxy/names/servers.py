"""From what DNS says to servers: one for each address, where those that stay are the very servers that they were."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from stickyproxy.config.settings import Server
from stickyproxy.names.lookup import Found

# What names a server inside cookies, besides its address.
_NAMES = ("id", "route", "cookie")


def servers_of(line: Server, found: Iterable[Found], before: Iterable[Server]) -> dict[Server, int]:
    """Return a server for each of what was found, in that order, and the weight that it is to have now.

    `before` are the servers that there were. One that stays has its names still, and says the weight that it came with,
    so that it is known again. What names one server alone in cookies goes to the first, and from there to nobody but a
    newcomer, when that one is gone.

    With `backup` in the line those of a service's first priority are backups, and the others are left out. The weight
    is the line's unless that is 1 and the service gives one (both as ngx_http_upstream_zone_module.c).
    """
    there = {each.address: each for each in found if not (line.backup and each.backup)}
    staying = {server.address: server for server in before if server.address in there}
    taken = any(_names(server) for server in staying.values())
    servers = {}
    for address, each in there.items():
        weight = each.weight if each.weight is not None and line.weight == 1 else line.weight
        old = staying.get(address)
        names: dict[str, Any] = dict.fromkeys(_NAMES)
        if old is not None or not taken:
            names |= _names(old or line)
            taken = taken or old is None
        server = evolve(
            line,
            address=address,
            name=each.name or line.name,
            weight=weight if old is None else old.weight,
            backup=line.backup or each.backup,
            **names,
        )
        servers[server] = weight
    return servers


def _names(server: Server) -> dict[str, Any]:
    return {name: value for name in _NAMES if (value := getattr(server, name)) is not None}
