from collections.abc import Callable

import pytest

from stickyproxy.balance.peer import Peer, available, shares, weights
from stickyproxy.config.addresses import HostAddress
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
            peer.success(0.01, now)


def test_name_without_an_address_is_down() -> None:
    """Nobody can connect to a name that did not resolve."""
    assert Peer(Server("app", HostAddress("app", 80))).down


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


def test_available(server: MakeServer) -> None:
    """Those who may take a new session and have not been tried are left, in their order."""
    a, b, c, d = (Peer(server(name, drain=name == "b")) for name in "abcd")
    assert [a, d] == available([a, b, c, d], (c,), 100.0)


# -- slow_start ------------------------------------------------------------------------------------------------------


def check_fails_and_passes(peer: Peer) -> None:
    peer.sick = True
    peer.sick = False


def operator_puts_it_back(peer: Peer) -> None:
    peer.down = True
    peer.down = False


def fails_and_succeeds(peer: Peer) -> None:
    play(peer, ("failure", 80), ("chosen", 91), ("success", 91))
    peer.effective_weight = peer.weight


def works(peer: Peer) -> None:
    play(peer, ("chosen", 91), ("success", 91))


def fails_once_and_succeeds(peer: Peer) -> None:
    peer.max_fails = 2
    fails_and_succeeds(peer)


@pytest.mark.parametrize(
    ("happens", "grows"),
    [
        (check_fails_and_passes, True),
        (operator_puts_it_back, True),
        (fails_and_succeeds, True),
        (works, False),
        (fails_once_and_succeeds, False),
    ],
)
def test_slow_start(server: MakeServer, happens: Callable[[Peer], None], grows: bool) -> None:
    """A peer that was out and is back gets its share over `slow_start`, from the first choice on and from nothing."""
    peer = Peer(server(weight=4, slow_start=20.0))
    happens(peer)
    given = [shares([peer], now) for now in (100.0, 105.0, 110.0, 119.0, 120.0, 130.0)]
    assert [[share] for share in ([0.0, 1.0, 2.0, 3.8, 4, 4] if grows else [4] * 6)] == given


def test_no_slow_start(server: MakeServer) -> None:
    """Without `slow_start` a peer that is back has its whole share at once."""
    peer = Peer(server(weight=4))
    check_fails_and_passes(peer)
    assert [4] == shares([peer], 100.0)


def test_slow_start_again(server: MakeServer) -> None:
    """A peer that goes and comes once more while it grows begins anew; a flag that is set as it was changes nothing."""
    peer = Peer(server(weight=4, slow_start=20.0))
    check_fails_and_passes(peer)
    assert [0.0] == shares([peer], 100.0)
    check_fails_and_passes(peer)
    assert [0.0] == shares([peer], 110.0)
    peer.sick = peer.down = False
    assert [2.0] == shares([peer], 120.0)


def test_failures_lessen_turns_alone(server: MakeServer) -> None:
    """A failure costs a peer turns; its load is compared by its weight, or what `slow_start` grants of that."""
    peer = Peer(server(weight=4, max_fails=2, slow_start=20.0))
    peer.failure(50.0)
    assert ([2], [4]) == (shares([peer], 50.0), weights([peer], 50.0))
    check_fails_and_passes(peer)
    assert [0.0, 2.0] == [weights([peer], now)[0] for now in (100.0, 110.0)]


def test_clock_that_goes_back(server: MakeServer) -> None:
    """A clock that is set back takes no share below nothing."""
    peer = Peer(server(slow_start=20.0))
    check_fails_and_passes(peer)
    assert [0.0, 0.0] == [peer.grown(100.0), peer.grown(50.0)]


# -- response times --------------------------------------------------------------------------------------------------


def test_first_response_time(server: MakeServer) -> None:
    """The first response says how quick a server is; below a millisecond all are alike."""
    slow, quick = Peer(server()), Peer(server())
    assert (0.0, 0.0) == (slow.response_time, slow.trust(100.0))
    slow.success(0.5, 100.0)
    quick.success(0.000001, 100.0)
    assert (0.5, 1.0, 0.001) == (slow.response_time, slow.trust(100.0), quick.response_time)


def test_response_time_follows(server: MakeServer) -> None:
    """What was measured long ago counts less than what is now; many responses in one moment count as one."""
    peer = Peer(server())
    peer.success(1.0, 100.0)
    for _ in range(1000):
        peer.success(0.1, 100.0)
    assert 1.0 == peer.response_time
    peer.success(0.1, 110.0)
    assert 0.43 == pytest.approx(peer.response_time, abs=0.01)
    peer.success(0.2, 1000.0)
    assert 0.2 == pytest.approx(peer.response_time)


def test_trust_wanes(server: MakeServer) -> None:
    """In silence a measured time says less and less; a clock that is set back does not make it say more than all."""
    peer = Peer(server())
    peer.success(1.0, 100.0)
    assert [1.0, 1.0, 0.37, 0.0] == pytest.approx([peer.trust(now) for now in (50.0, 100.0, 110.0, 200.0)], abs=0.01)
