"""The words in which stickiness is told: what the client claims, and what it gets to remember."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Protocol

from attrs import frozen

from stickyproxy.config.settings import Server
from stickyproxy.frozen import frozen_by_type


class Affinity(Enum):
    """What the client's cookie told (HAProxy's log letters N I V D E); the value is `$sticky_status`."""

    NONE = b"none"
    INVALID = b"invalid"
    VALID = b"valid"
    DOWN = b"down"
    EXPIRED = b"expired"


@frozen_by_type
class Claim:
    """What a request says about its session.

    `server` is the one the client claims (VALID only). `cookies` are the values of the Cookie lines that go on to the
    server, in order; the very list that was given when nothing had to be changed. `first_seen` is when the session
    started, in epoch seconds, where the cookie tells. `renew` says that the client is to be told anew though its server
    stays the same: its dates are old, or it still speaks another dialect.
    """

    affinity: Affinity
    cookies: Sequence[bytes]
    server: Server | None = None
    first_seen: int | None = None
    renew: bool = False


@frozen
class Memory:
    """What an answer makes the client remember: the values of its Set-Cookie lines, in order.

    `ours` says that the proxy's own word for the server is among them, or what the server says in its place, or in
    `fields`, which are names and values of further field lines. `private` says that shared caches must not keep the
    answer (`nocache`). `at_end` is to be called with the time when the answer has come to its end, if there is anything
    to be done then.
    """

    set_cookies: Sequence[bytes]
    private: bool = False
    ours: bool = False
    fields: Sequence[tuple[bytes, bytes]] = ()
    at_end: Callable[[float], None] | None = None


NO_CLAIM = Claim(Affinity.NONE, ())
NO_MEMORY = Memory(())


class Target(Protocol):
    """The head of a request."""

    @property
    def target(self) -> bytes:
        """The request target, in origin form."""


class Asker(Protocol):
    """A request, as much of it as this room reads by itself."""

    @property
    def head(self) -> Target: ...


# Reads a value from a request, or from its answer; made elsewhere, from the variables that the configuration names.
Getter = Callable[[Any], bytes]


class StickyPolicy(Protocol):
    """One way to stick. The policies differ in these verbs and in nothing else.

    The servers in claims are the very objects that the policy was built from. `now` is in epoch seconds; `asker` is the
    request.
    """

    @property
    def refusal(self) -> int | None:
        """The status for a session whose server is unknown or down; None if it moves to another."""

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        """Say what a request claims, whose Cookie lines have these values."""

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        """Say what the client gets to remember of an answer of `server`, given the server's own Set-Cookie values."""

    def forget(self, claim: Claim) -> Memory:
        """Say what goes with the refusal of `claim`: a cookie that no server knows is cleared."""
