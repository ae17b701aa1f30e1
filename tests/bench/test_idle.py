import socket
from contextlib import closing
from http.client import HTTPConnection
from itertools import count

import pytest

from bench.idle import Held, Idle, hold, summarize_idle
from bench.processes import Memory

KIB = 1024


def held(connections: int, rss: int, anonymous: int) -> Held:
    """Return what was held by a process of 40 MiB that grew by so many KiB."""
    before = Memory(40 << 20, 30 << 20, 20 << 20)
    return Held(connections, before, Memory(before.rss + rss * KIB, before.pss, before.anonymous + anonymous * KIB))


def test_what_grew_is_shared_among_the_connections() -> None:
    """What the process held before does not count."""
    assert Idle(1_000, 6.0 * KIB, 5.0 * KIB) == summarize_idle([held(1_000, 6_000, 5_000)])


def test_one_round_decides_nothing() -> None:
    """The figure is the median of the rounds, each by the connections that it kept; the fewest are told."""
    rounds = [held(1_000, 4_000, 4_000), held(500, 2_500, 2_500), held(1_000, 90_000, 90_000)]
    assert Idle(500, 5.0 * KIB, 5.0 * KIB) == summarize_idle(rounds)


@pytest.mark.parametrize("grown", [0, 160])
def test_who_keeps_none_has_no_figure(grown: int) -> None:
    """Growth without connections is not laid upon them."""
    assert Idle(0, 0.0, 0.0) == summarize_idle([held(0, grown, grown)] * 3)


class Closing:
    """Stands for a proxy that grows a MiB whenever its memory is read, and closes every other connection when asked."""

    def __init__(self) -> None:
        self.asked = 0
        self._ends: dict[HTTPConnection, socket.socket] = {}
        self._read = count()

    def connect(self) -> HTTPConnection:
        """Return a connection that is open."""
        connection = HTTPConnection("proxy.invalid")
        connection.sock, self._ends[connection] = socket.socketpair()
        return connection

    def ask(self, connection: HTTPConnection) -> None:
        """Count, and close that connection, or not."""
        self.asked += 1
        if self.asked % 2:
            self._ends[connection].close()

    def memory(self) -> Memory:
        """Return a MiB more than before."""
        size = next(self._read) << 20
        return Memory(size, size, size)

    def close(self) -> None:
        """Close what is open."""
        for end in self._ends.values():
            end.close()


def test_connections_that_the_proxy_closed_are_not_held() -> None:
    """Each is asked once, after as many requests over one; those count that are open in the end."""
    with closing(Closing()) as proxy:
        assert Held(5, Memory(0, 0, 0), Memory(1 << 20, 1 << 20, 1 << 20)) == hold(proxy, 10, 0)
    assert 20 == proxy.asked
