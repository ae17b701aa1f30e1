"""The words in which balancing is told: who takes a request, and why; and what an algorithm is."""

from collections.abc import Callable, Collection
from enum import Enum
from typing import Any, Protocol

from attrs import frozen

from stickyproxy.balance.peer import Peer
from stickyproxy.sticky.words import Affinity


class Reason(Enum):
    """Why a request went to its peer; the value is `$sticky_reason`.

    BOUND is the session's own server. Every other word says why the balancer chose: there was no session (NEW), its
    cookie named no server (UNKNOWN) or was too old (EXPIRED), or its server was marked `down` (DOWN), did not pass
    its checks (SICK), had failed (FAILED) or was at `max_conns` (FULL). A server that drains moves no session.
    """

    BOUND = b"bound"
    NEW = b"new"
    UNKNOWN = b"unknown"
    EXPIRED = b"expired"
    DOWN = b"down"
    SICK = b"sick"
    FAILED = b"failed"
    FULL = b"full"


@frozen
class Assignment:
    """Who takes a request (None: nobody), what became of the client's claim, and why."""

    peer: Peer | None
    affinity: Affinity
    reason: Reason


# The key of a request; empty for none. What a request is, whoever hands such a reader in knows, and this room does not.
Key = Callable[[Any], bytes]
# How often a method that may come upon one peer again and again does so, before round robin chooses instead (nginx's).
ATTEMPTS = 21


class Balancer(Protocol):
    """One algorithm over the peers that it was built from, the primaries or the backups of one group.

    What it prepares from their weights is good until one changes: then the group builds another.
    """

    def pick(self, tried: Collection[Peer], now: float, asker: object) -> Peer | None:
        """Choose a peer that is available and not among `tried`; None if there is none.

        `asker` is the request, from which a balancer that chooses by a key has it read.
        """

    def count(self, peer: Peer) -> None:
        """Count a request that went to `peer` for its session's sake as one of the turns."""
