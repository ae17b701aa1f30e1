"""The live state of one server: its turns, its connections, its failures, its speed, and what others say of it.

Failures are counted as nginx counts them (ngx_http_upstream_round_robin.c): they take the peer out for
`fail_timeout`; then one request tries it, and its success clears them.
"""

from collections.abc import Collection, Iterable
from math import exp, inf
from typing import cast

from stickyproxy.config.addresses import HostAddress, InetAddress, UnixAddress
from stickyproxy.config.settings import Server

# After so many seconds without a response a measured time is trusted by about a third (1/e).
_AGEING = 10.0
# Below a millisecond all response times are alike.
_SHORTEST = 0.001


class Peer:
    """One server as it is now. All times are those that the caller gives, in seconds of one clock.

    Three flags may be changed at any time, by whoever finds out or decides: a peer that is `down` (the operator says
    so) or `sick` (active checks say so) takes nothing, sessions of its own neither; one in `drain` keeps its sessions
    and takes no new ones. `Group.weigh` changes the weight.

    `name` is the address in nginx's spelling, for logs.
    `accessed` is when the last failure happened; `checked` is that too, or when the peer was last chosen after
    `fail_timeout` had passed.
    `growing` says that the peer came back not long ago, and that `slow_start` still holds back some of its weight.
    `response_time` is how long the server's responses have lately been in coming, in seconds; 0 before the first.
    `heir` is the peer that stands for the same server now, where another one does.
    """

    __slots__ = (
        "_down",
        "_grows_from",
        "_measured",
        "_sick",
        "accessed",
        "address",
        "checked",
        "conns",
        "current_weight",
        "drain",
        "effective_weight",
        "fail_timeout",
        "fails",
        "growing",
        "heir",
        "max_conns",
        "max_fails",
        "name",
        "response_time",
        "server",
        "slow_start",
        "weight",
    )

    def __init__(self, server: Server) -> None:
        self.server = server
        # A name is resolved before a peer is made; one that was not is down, and nobody connects to it.
        self.address = cast("InetAddress | UnixAddress", server.address)
        self.name = str(server.address).encode()
        self.weight = server.weight
        self.max_fails = server.max_fails
        self.fail_timeout = server.fail_timeout
        self.max_conns = server.max_conns
        self.slow_start = server.slow_start
        self.drain = server.drain
        self._down = server.down or isinstance(server.address, HostAddress)
        self._sick = False
        self.effective_weight = server.weight
        self.current_weight = 0.0
        self.conns = 0
        self.fails = 0
        self.accessed = 0.0
        self.checked = 0.0
        self.growing = False
        self._grows_from: float | None = None
        self.response_time = 0.0
        self._measured = -inf
        self.heir: Peer | None = None

    # -- whether it may be chosen --------------------------------------------------------------------------------------

    @property
    def down(self) -> bool:
        """Whether the operator has taken the server out."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        if self._down and not down:
            self._come_back()
        self._down = down

    @property
    def sick(self) -> bool:
        """Whether active checks have taken the server out."""
        return self._sick

    @sick.setter
    def sick(self, sick: bool) -> None:
        if self._sick and not sick:
            self._come_back()
        self._sick = sick

    def usable(self, now: float) -> bool:
        """Whether the peer may take a request of one of its own sessions."""
        return not (
            self._down or self._sick or (self.fails and self.has_failed(now)) or 0 < self.max_conns <= self.conns
        )

    def available(self, now: float) -> bool:
        """Whether the peer may take a new session."""
        return not self.drain and self.usable(now)

    @property
    def may_return(self) -> bool:
        """Whether nothing but failures and connections, which pass, keeps new sessions from the peer."""
        return not (self._down or self._sick or self.drain)

    def has_failed(self, now: float) -> bool:
        """Whether failures keep the peer out."""
        return 0 < self.max_fails <= self.fails and now - self.checked <= self.fail_timeout

    # -- what happens to it --------------------------------------------------------------------------------------------

    def chosen(self, now: float) -> None:
        """A request goes to the peer. After `fail_timeout` this is the one that tries whether it is back."""
        if now - self.checked > self.fail_timeout:
            self.checked = now

    def success(self, seconds: float, now: float) -> None:
        """A try succeeded: the head of its response came after so many `seconds`.

        It clears the failures only if the peer was chosen after the last of them had aged.
        """
        if self.fails and self.accessed < self.checked:
            if 0 < self.max_fails <= self.fails:
                self._come_back()
            self.fails = 0
        kept = self.trust(now)
        measured = seconds if seconds > _SHORTEST else _SHORTEST
        self.response_time = kept * self.response_time + (1 - kept) * measured
        self._measured = now

    def failure(self, now: float) -> None:
        """A try failed: the peer's share drops, and with `max_fails` failures it is out."""
        self.fails += 1
        self.accessed = self.checked = now
        if self.max_fails:
            self.effective_weight = max(0, self.effective_weight - self.weight // self.max_fails)

    def forgive(self) -> None:
        """Forget the failures."""
        self.fails = 0

    def acquire(self) -> None:
        """A connection for a request begins."""
        peer: Peer | None = self
        while peer is not None:
            peer.conns += 1
            peer = peer.heir

    def release(self) -> None:
        """That connection ended; the caller says so exactly once."""
        peer: Peer | None = self
        # One that lasts may outlive more generations than calls may be nested.
        while peer is not None:
            peer.conns -= 1
            peer = peer.heir

    def succeed(self, before: "Peer") -> None:
        """Stand for the server of another peer from now on, with all that is known of it.

        The requests that the other one still has are counted here, too.
        """
        self.conns = before.conns
        self.fails, self.accessed, self.checked = before.fails, before.accessed, before.checked
        self.growing, self._grows_from = before.growing, before._grows_from  # noqa: SLF001
        self.response_time, self._measured = before.response_time, before._measured  # noqa: SLF001
        before.heir = self

    # -- what it counts for --------------------------------------------------------------------------------------------

    def trust(self, now: float) -> float:
        """How much `response_time` says: all (1) just after a response, ever less in silence, none before the first."""
        return exp((self._measured - now) / _AGEING) if now > self._measured else 1.0

    def grown(self, now: float) -> float:
        """How much of its weight `slow_start` grants the peer so far; all (1) when it is not `growing`.

        It grows from nothing, beginning with the first choice after the peer came back.
        """
        if not self.growing:
            return 1.0
        if self._grows_from is None:
            self._grows_from = now
        grown = (now - self._grows_from) / self.slow_start
        self.growing = grown < 1
        return min(1.0, max(0.0, grown))

    def _come_back(self) -> None:
        self.growing = self.slow_start > 0
        self._grows_from = None


def available(peers: Iterable[Peer], tried: Collection[Peer], now: float) -> list[Peer]:
    """Return those of the peers that may take a new session and are not among `tried`."""
    return [peer for peer in peers if peer not in tried and peer.available(now)]


def shares(peers: Iterable[Peer], now: float) -> list[float]:
    """Return what each of the peers counts for where they take turns: less after failures."""
    return [peer.effective_weight * peer.grown(now) if peer.growing else peer.effective_weight for peer in peers]


def weights(peers: Iterable[Peer], now: float) -> list[float]:
    """Return what each of the peers counts for where their loads are compared."""
    return [peer.weight * peer.grown(now) if peer.growing else peer.weight for peer in peers]
