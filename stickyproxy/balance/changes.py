"""What an operator changes about servers while they run, kept apart from them so that it can outlive them."""

from collections.abc import Iterable

from attrs import frozen

from stickyproxy.balance.group import Group
from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import HostAddress


@frozen
class Change:
    """What is to be different about one server; None leaves it as it is."""

    down: bool | None = None
    drain: bool | None = None
    weight: int | None = None

    def then(self, later: "Change") -> "Change":
        """Return what both come to, one after the other."""
        return Change(
            self.down if later.down is None else later.down,
            self.drain if later.drain is None else later.drain,
            self.weight if later.weight is None else later.weight,
        )


UP = Change(down=False, drain=False)
DRAIN = Change(down=False, drain=True)
DOWN = Change(down=True, drain=False)


class Changes:
    """All changes since the start, by the names of upstreams and of servers: the `id=` of one, else its address."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Change] = {}

    def make(self, upstream: str, group: Group, peer: Peer, change: Change) -> None:
        """Change one of the peers of that upstream, and remember it."""
        key = upstream, _name(peer)
        self._made[key] = self._made.get(key, Change()).then(change)
        _apply(change, group, peer)

    def apply(self, upstream: str, group: Group, peers: Iterable[Peer]) -> None:
        """Change newly built peers of a group as those before them were changed."""
        for peer in peers:
            made = self._made.get((upstream, _name(peer)))
            if made is not None:
                _apply(made, group, peer)


def _apply(change: Change, group: Group, peer: Peer) -> None:
    if change.down is not None:
        # Nobody can connect to a name that did not resolve, whatever is said of it.
        peer.down = change.down or isinstance(peer.server.address, HostAddress)
    if change.drain is not None:
        peer.drain = change.drain
    if change.weight is not None:
        group.weigh({peer: change.weight})


def _name(peer: Peer) -> str:
    return peer.server.id or peer.name.decode()
