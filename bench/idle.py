"""What a connection costs that waits for its client's next request: the memory that a proxy takes for many of them."""

import select
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from statistics import median
from time import sleep

from attrs import frozen

from bench.peers import Peer
from bench.processes import Memory
from bench.rows import Row
from bench.stage import Proxy, Stage

CONNECTIONS = 1_000


@frozen
class Held:
    """The memory of a proxy `before` connections were opened, and `after` so many of them were idle."""

    connections: int
    before: Memory
    after: Memory


@frozen
class Idle:
    """What one idle connection takes, in bytes (see Memory); `connections` are those that the proxy did not close."""

    connections: int
    rss: float
    anonymous: float


def measure_idle(
    stage: Stage, peers: Sequence[Peer], rounds: int, seconds: int, tell: Callable[[str], None]
) -> dict[str, Idle]:
    """Have each peer hold connections once a round, each time in processes that are new; by the peers' names.

    What a process has freed it takes again without growing, so only the first time tells.
    """
    held: dict[str, list[Held]] = {peer.name: [] for peer in peers}
    for number in range(rounds):
        tell(f"{CONNECTIONS:,} idle connections: round {number + 1} of {rounds}")
        for peer in peers:
            with closing(Proxy(stage, peer, Row(f"idle-{number}", "idle"))) as proxy:
                held[peer.name].append(hold(proxy, CONNECTIONS, seconds))
    return {name: summarize_idle(each) for name, each in held.items()}


def hold(proxy: Proxy, connections: int, seconds: int) -> Held:
    """Open so many connections to it, ask once on each, and leave them idle for a while.

    It has answered as many requests before, over one connection, so what it needs for any request is there.
    """
    with ExitStack() as opened:
        only = opened.enter_context(closing(proxy.connect()))
        for _ in range(connections):
            proxy.ask(only)
        before = proxy.memory()
        clients = [opened.enter_context(closing(proxy.connect())) for _ in range(connections)]
        for client in clients:
            proxy.ask(client)
        sleep(seconds)
        return Held(_still_open(clients), before, proxy.memory())


def _still_open(clients: Sequence[HTTPConnection]) -> int:
    """Count those that neither side has closed; one that the proxy has closed has an end to read."""
    opened = [client.sock for client in clients if client.sock is not None]
    poll = select.poll()
    for connection in opened:
        poll.register(connection, select.POLLIN)
    return len(opened) - len(poll.poll(0))


def summarize_idle(rounds: Sequence[Held]) -> Idle:
    """Return the medians; they are 0 where the proxy kept none."""
    kept = [each for each in rounds if each.connections]
    return Idle(
        min(each.connections for each in rounds),
        median((each.after.rss - each.before.rss) / each.connections for each in kept) if kept else 0.0,
        median((each.after.anonymous - each.before.anonymous) / each.connections for each in kept) if kept else 0.0,
    )
