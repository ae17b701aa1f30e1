"""How many requests of one kind, such as those of one address, are in progress at a time: `limit_conn`.

A connection has one request in progress at most, so that these are nginx's connections too.
"""

from collections.abc import Iterable, Sequence

from twisted.logger import Logger

from stickyproxy.config.settings import LimitConn, LimitZone
from stickyproxy.proxy.variables import Facts, compile_template

_log = Logger()


class Zone:
    """Requests in progress, counted by key: as many keys as there are requests at most."""

    def __init__(self, settings: LimitZone) -> None:
        self.name = settings.name
        self.key = compile_template(settings.key)
        self._counts: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def enter(self, key: bytes, most: int) -> bool:
        """Count one more; False, and none is counted, where there are `most` already."""
        count = self._counts.get(key, 0)
        if count >= most:
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, key: bytes) -> None:
        """Count one less."""
        count = self._counts.pop(key) - 1
        if count:
            self._counts[key] = count


# What a request is counted as.
Places = Sequence[tuple[Zone, bytes]]


class Limits:
    """The limits of one location, in their order."""

    def __init__(self, rules: Iterable[tuple[Zone, int]]) -> None:
        self._rules = tuple(rules)

    def enter(self, facts: Facts) -> Places | None:
        """Count a request in every zone in which it has a key; None, and it is counted nowhere, if one is full."""
        places: list[tuple[Zone, bytes]] = []
        for zone, most in self._rules:
            key = zone.key(facts)
            if not key:
                continue
            if not zone.enter(key, most):
                leave(places)
                client = facts.ends.peer_host.decode()
                _log.warn('a request of {client} is refused by zone "{zone}"', client=client, zone=zone.name)
                return None
            places.append((zone, key))
        return places


def leave(places: Places) -> None:
    """A request that was counted there is over."""
    for zone, key in places:
        zone.leave(key)


class Zones:
    """The zones of all locations: two of them that limit by one zone share its counts."""

    def __init__(self) -> None:
        self._zones: dict[LimitZone, Zone] = {}

    def limits(self, settings: Sequence[LimitConn]) -> Limits | None:
        """Return the limits of a location; None where there is none."""
        if not settings:
            return None
        return Limits((self._zones.setdefault(each.zone, Zone(each.zone)), each.most) for each in settings)
