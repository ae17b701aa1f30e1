"""The live state of one server: its turns, its connections, its failures, and what others say of it.

Failures are counted as nginx counts them (ngx_http_upstream_round_robin.c): they take the peer out for
`fail_timeout`; then one request tries it, and its success clears them.
"""

from typing import cast

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.config.settings import Server


class Peer:
    """One server as it is now. All times are those that the caller gives, in seconds of one clock.

    Three flags may be changed at any time, by whoever finds out or decides: a peer that is `down` (the operator says
    so) or `sick` (active checks say so) takes nothing, sessions of its own neither; one in `drain` keeps its sessions
    and takes no new ones. `Group.weigh` changes the weight.

    `name` is the address in nginx's spelling, for logs.
    `accessed` is when the last failure happened; `checked` is that too, or when the peer was last chosen after
    `fail_timeout` had passed.
    """

    __slots__ = (
        "accessed",
        "address",
        "checked",
        "conns",
        "current_weight",
        "down",
        "drain",
        "effective_weight",
        "fail_timeout",
        "fails",
        "max_conns",
        "max_fails",
        "name",
        "server",
        "sick",
        "weight",
    )

    def __init__(self, server: Server) -> None:
        self.server = server
        # Names are resolved before a peer is made; one that was not is down, and nobody connects to it.
        self.address = cast("InetAddress | UnixAddress", server.address)
        self.name = str(server.address).encode()
        self.weight = server.weight
        self.max_fails = server.max_fails
        self.fail_timeout = server.fail_timeout
        self.max_conns = server.max_conns
        self.down = server.down
        self.drain = server.drain
        self.sick = False
        self.effective_weight = server.weight
        self.current_weight = 0
        self.conns = 0
        self.fails = 0
        self.accessed = 0.0
        self.checked = 0.0

    def usable(self, now: float) -> bool:
        """Whether the peer may take a request of one of its own sessions."""
        return not (self.down or self.sick or (self.fails and self.has_failed(now)) or 0 < self.max_conns <= self.conns)

    def available(self, now: float) -> bool:
        """Whether the peer may take a new session."""
        return not self.drain and self.usable(now)

    @property
    def may_return(self) -> bool:
        """Whether nothing but failures and connections, which pass, keeps new sessions from the peer."""
        return not (self.down or self.sick or self.drain)

    def has_failed(self, now: float) -> bool:
        """Whether failures keep the peer out."""
        return 0 < self.max_fails <= self.fails and now - self.checked <= self.fail_timeout

    def chosen(self, now: float) -> None:
        """A request goes to the peer. After `fail_timeout` this is the one that tries whether it is back."""
        if now - self.checked > self.fail_timeout:
            self.checked = now

    def success(self) -> None:
        """A try succeeded. It clears the failures only if the peer was chosen after the last of them had aged."""
        if self.accessed < self.checked:
            self.fails = 0

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
        self.conns += 1

    def release(self) -> None:
        """That connection ended; the caller says so exactly once."""
        self.conns -= 1
