from collections.abc import Callable

import pytest

from stickyproxy.balance.peer import Peer
from stickyproxy.config.settings import Server

MakeServer = Callable[..., Server]


def play(peer: Peer, *events: tuple[str, float]) -> None:
    """Let the peer be chosen, succeed or fail at these times."""
    for event, now in events:
        if event == "chosen":
            peer.chosen(now)
        elif event == "failure":
            peer.failure(now)
        else:
            peer.success()


@pytest.mark.parametrize(
    ("max_fails", "events", "now", "usable"),
    [
        (1, [], 100, True),
        (1, [("failure", 100)], 100, False),
        (1, [("failure", 100)], 110, False),
        (1, [("failure", 100)], 110.5, True),
        (2, [("failure", 100)], 100, True),
        (2, [("failure", 100), ("failure", 105)], 105, False),
        (2, [("failure", 100), ("failure", 105)], 115, False),
        (2, [("failure", 100), ("failure", 105)], 115.5, True),
        (0, [("failure", 100), ("failure", 100), ("failure", 100)], 100, True),
        # A success soon after a failure does not wipe it out.
        (2, [("failure", 100), ("chosen", 105), ("success", 105), ("failure", 106)], 106, False),
        (2, [("failure", 100), ("chosen", 110), ("success", 110), ("failure", 111)], 111, False),
        # One that was chosen after the failure had aged does.
        (2, [("failure", 100), ("chosen", 111), ("success", 111), ("failure", 112)], 112, True),
        # An answer to a request from before the failure says nothing about the server as it is now.
        (1, [("chosen", 95), ("failure", 100), ("success", 101)], 101, False),
        # After fail_timeout one request tries the server; the others wait for what it finds.
        (1, [("failure", 100), ("chosen", 111)], 111, False),
        (1, [("failure", 100), ("chosen", 111)], 121, False),
        (1, [("failure", 100), ("chosen", 111), ("success", 112)], 112, True),
        (1, [("failure", 100), ("chosen", 111), ("failure", 112)], 122, False),
        (1, [("failure", 100), ("chosen", 111), ("failure", 112)], 122.5, True),
        # It was lost: after another fail_timeout another one tries.
        (1, [("failure", 100), ("chosen", 111)], 121.5, True),
    ],
)
def test_passive_failure(
    server: MakeServer, max_fails: int, events: list[tuple[str, float]], now: float, usable: bool
) -> None:
    """`max_fails` failures take a peer out for `fail_timeout`; then one request tries it, and success clears them."""
    peer = Peer(server(max_fails=max_fails, fail_timeout=10.0))
    play(peer, *events)
    assert usable is peer.usable(now)


def test_name(server: MakeServer) -> None:
    """A peer is named by its address and port, whatever its id is."""
    assert b"0.0.0.97:80" == Peer(server("a")).name


def test_forgiven(server: MakeServer) -> None:
    """A peer whose failures are forgotten is usable at once."""
    peer = Peer(server(max_fails=1))
    peer.failure(100.0)
    peer.forgive()
    assert True is peer.usable(100.0)


@pytest.mark.parametrize(
    ("flag", "usable", "available"), [("down", False, False), ("sick", False, False), ("drain", True, False)]
)
def test_flags(server: MakeServer, flag: str, usable: bool, available: bool) -> None:
    """What is down or sick takes nothing, what drains takes no new session; and each may be taken back."""
    peer = Peer(server())
    setattr(peer, flag, True)
    assert (usable, available, False) == (peer.usable(100.0), peer.available(100.0), peer.may_return)
    setattr(peer, flag, False)
    assert (True, True, True) == (peer.usable(100.0), peer.available(100.0), peer.may_return)


def test_flags_of_the_server(server: MakeServer) -> None:
    """A peer begins as its `server` line says, and nothing is known yet of its health."""
    peer = Peer(server(down=True, drain=True))
    assert (True, True, False) == (peer.down, peer.drain, peer.sick)


@pytest.mark.parametrize(
    ("max_conns", "acquired", "released", "usable"),
    [(0, 100, 0, True), (2, 1, 0, True), (2, 2, 0, False), (2, 3, 0, False), (2, 2, 1, True)],
)
def test_max_conns(server: MakeServer, max_conns: int, acquired: int, released: int, usable: bool) -> None:
    """A peer takes as many connections at a time as `max_conns` allows; 0 is no limit."""
    peer = Peer(server(max_conns=max_conns))
    for _ in range(acquired):
        peer.acquire()
    for _ in range(released):
        peer.release()
    assert acquired - released == peer.conns
    assert usable is peer.usable(100.0)


@pytest.mark.parametrize(
    ("weight", "max_fails", "expected"),
    [(10, 1, [0, 0]), (10, 3, [7, 4, 1, 0]), (10, 0, [10, 10]), (1, 2, [1, 1]), (5, 2, [3, 1, 0])],
)
def test_failures_take_weight(server: MakeServer, weight: int, max_fails: int, expected: list[int]) -> None:
    """Each failure takes the weight divided by `max_fails`, in whole numbers, from the effective weight."""
    peer = Peer(server(weight=weight, max_fails=max_fails))
    weights = []
    for now in range(len(expected)):
        peer.failure(now)
        weights.append(peer.effective_weight)
    assert expected == weights
