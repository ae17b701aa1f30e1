import pytest

from bench.idle import Held, Idle, summarize_idle
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
