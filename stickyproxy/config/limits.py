"""The limits of a section: each `limit_conn` with the zone that it names."""

from stickyproxy.config.scopes import Scope
from stickyproxy.config.settings import LimitConn
from stickyproxy.config.suggest import suggest


def check_limits(scope: Scope) -> None:
    """Refuse, in what the section itself says, zones that are there twice and limits whose zone is not there."""
    zones: set[str] = set()
    for argument in scope.own.get("limit_conn_zone", ()):
        name = argument.value.name
        if name in zones:
            scope.blame("limit_conn_zone", f'zone "{name}" is there already; expected another name', argument.position)
        zones.add(name)
    known = [zone.name for zone in scope.values("limit_conn_zone")]
    limited: set[str] = set()
    for argument in scope.own.get("limit_conn", ()):
        name = argument.value.zone
        if name not in known:
            message = f'unknown zone "{name}"; expected the name of a limit_conn_zone of [http]{suggest(name, known)}'
            scope.blame("limit_conn", message, argument.position)
        elif name in limited:
            scope.blame("limit_conn", f'zone "{name}" is limited twice; expected one line for it', argument.position)
        limited.add(name)


def limits_of(scope: Scope) -> tuple[LimitConn, ...]:
    """The limits in force, as far as their zones are there."""
    zones = {zone.name: zone for zone in scope.values("limit_conn_zone")}
    return tuple(LimitConn(zones[line.zone], line.most) for line in scope.values("limit_conn") if line.zone in zones)
