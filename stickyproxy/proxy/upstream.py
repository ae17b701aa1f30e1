"""One upstream at work: its policy, its servers, and the connections to them."""

from collections.abc import Callable, Collection, Sequence

from attrs import evolve, frozen

from stickyproxy.balance.group import Group
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment
from stickyproxy.config.settings import Server
from stickyproxy.http.agent import Agent
from stickyproxy.http.tls_client import SecureAgent
from stickyproxy.sticky.words import Affinity, Claim, StickyPolicy

# Those that claim a server, whether there is one of that name or not.
_SESSION = (Affinity.VALID, Affinity.INVALID, Affinity.DOWN)


@frozen
class Upstream:
    """What a proxied request needs to know of where it goes. A request keeps to that, whatever takes its place later.

    `make_policy` makes the policy for servers, and for others if there are others later.
    """

    name: bytes
    policy: StickyPolicy
    group: Group
    agent: Agent | SecureAgent
    make_policy: Callable[[Sequence[Server]], StickyPolicy]

    def is_another_left(self, claim: Claim, tried: Collection[Peer]) -> bool:
        """Whether the request of that claim may go to a server that is not among those tried, and there is one."""
        may_move = self.policy.refusal is None or claim.server is None
        return may_move and self.group.is_another_left(tried)

    def refusal(self, assignment: Assignment) -> int | None:
        """Return the status for a request that no server takes, if its session is not to move; None if it has none."""
        return self.policy.refusal if assignment.affinity in _SESSION else None

    def among(self, servers: Sequence[Server]) -> "Upstream":
        """Return the upstream with these servers. Those that it has already stay the peers that they are."""
        staying: dict[Server, list[Peer]] = {}
        for peer in self.group.peers:
            staying.setdefault(peer.server, []).append(peer)
        peers = [there.pop(0) if (there := staying.get(server)) else Peer(server) for server in servers]
        return self.with_peers(peers)

    def with_peers(self, peers: Sequence[Peer]) -> "Upstream":
        """Return the upstream with these peers, and a policy that finds the very servers that they have."""
        policy = self.make_policy([peer.server for peer in peers])
        return evolve(self, policy=policy, group=Group(peers, self.group.make_balancer))


class Upstreams(dict[str, Upstream]):
    """All upstreams as they are now, by name."""

    def __init__(self) -> None:
        super().__init__()
        self._followers: dict[str, list[Callable[[Upstream], None]]] = {}

    def follow(self, name: str, follower: Callable[[Upstream], None]) -> None:
        """Hand the upstream to the follower, now and whenever another one has taken its place."""
        self._followers.setdefault(name, []).append(follower)
        follower(self[name])

    def become(self, others: "Upstreams") -> None:
        """Be all the others instead, with those who follow them."""
        self.clear()
        self.update(others)
        self._followers = others._followers  # noqa: SLF001

    def replace(self, name: str, upstream: Upstream) -> None:
        """Put another one in its place, for all requests that come."""
        self[name] = upstream
        for follower in self._followers.get(name, ()):
            follower(upstream)
