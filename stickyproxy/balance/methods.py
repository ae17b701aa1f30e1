"""From `balance` to a balancer: the table of the methods. A new one is a new class and a line here."""

from collections.abc import Callable, Sequence

from stickyproxy.balance.consistent import ConsistentHash
from stickyproxy.balance.draws import Draw, DrawTwo
from stickyproxy.balance.hashing import Hash, ip_numbers, key_numbers
from stickyproxy.balance.least_conn import LeastConn
from stickyproxy.balance.least_time import Fair, LeastTime
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.balance.words import Balancer, Key

Chance = Callable[[], float]


def balancer_maker(method: str, key: Key, chance: Chance) -> Callable[[Sequence[Peer]], Balancer]:
    """Return what makes balancers of a method, for a `Group`.

    `key` gives the key of a request, the asker of `Balancer.pick`: an address in bytes for `ip_hash`. `chance` gives a
    random number from 0 up to, and without, 1.
    """
    make = METHODS[method]
    return lambda peers: make(peers, key, chance)


METHODS: dict[str, Callable[[Sequence[Peer], Key, Chance], Balancer]] = {
    "round_robin": lambda peers, key, chance: RoundRobin(peers),
    "least_conn": lambda peers, key, chance: LeastConn(peers),
    "least_time": lambda peers, key, chance: LeastTime(peers),
    "fair": lambda peers, key, chance: Fair(peers),
    "ip_hash": lambda peers, key, chance: Hash(peers, key, ip_numbers),
    "hash": lambda peers, key, chance: Hash(peers, key, key_numbers),
    "hash consistent": lambda peers, key, chance: ConsistentHash(peers, key),
    "random": lambda peers, key, chance: Draw(peers, chance),
    "random two": lambda peers, key, chance: DrawTwo(peers, chance),
}
