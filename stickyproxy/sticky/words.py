"""The words in which stickiness is told: what the client claims, and what it gets to remember."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from attrs import frozen

from stickyproxy.config.settings import Server


class Affinity(Enum):
    """What the client's cookie told (HAProxy's log letters N I V D E); the value is `$sticky_status`."""

    NONE = b"none"
    INVALID = b"invalid"
    VALID = b"valid"
    DOWN = b"down"
    EXPIRED = b"expired"


@frozen
class Claim:
    """What a request says about its session.

    `server` is the one the client claims (VALID only). `cookies` are the values of the Cookie lines that go on to the
    server, in order; the very list that was given when nothing had to be changed. `first_seen` is when the session
    started, in epoch seconds, where the cookie tells.
    """

    affinity: Affinity
    cookies: Sequence[bytes]
    server: Server | None = None
    first_seen: int | None = None


@frozen
class Memory:
    """What an answer makes the client remember: the values of its Set-Cookie lines, in order.

    `private` says that the proxy's own cookie is among them and shared caches must not keep the answer (`nocache`).
    """

    set_cookies: Sequence[bytes]
    private: bool = False


NO_CLAIM = Claim(Affinity.NONE, ())
NO_MEMORY = Memory(())


class StickyPolicy(Protocol):
    """One way to stick. The policies differ in these verbs and in nothing else.

    The servers in claims are the very objects that the policy was built from.
    """

    @property
    def fallback(self) -> bool:
        """Whether a session whose server is unknown or down moves to another; if not, it is refused."""

    def recall(self, cookies: Sequence[bytes], target: bytes, now: float) -> Claim:
        """Say what the values of the request's Cookie lines and its target (origin form) claim at `now` (epoch s)."""

    def remember(self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float) -> Memory:
        """Say what the client gets to remember of an answer of `server`, given the server's own Set-Cookie values."""

    def forget(self, claim: Claim) -> Memory:
        """Say what goes with the refusal of `claim` (`fallback` off): a cookie that no server knows is cleared."""
