from bench.processes import Memory, Process, read_rollup

ROLLUP = """55d0a0000000-7ffd3a5f2000 ---p 00000000 00:00 0                          [rollup]
Rss:               12344 kB
Pss:                8123 kB
Pss_Dirty:          5000 kB
Pss_Anon:           5004 kB
Shared_Clean:       6000 kB
SwapPss:              12 kB
"""


def test_rollup() -> None:
    """What is told in kB is read as bytes, and no size is taken for another."""
    assert Memory(12_344 * 1024, 8_123 * 1024, 5_004 * 1024) == read_rollup(ROLLUP)


def test_a_process_that_has_ended_holds_nothing() -> None:
    """The kernel tells nothing of one that ends while it is looked at."""
    assert Memory(0, 0, 0) == read_rollup("")


class Working(Process):
    """Has used so much processor time, as it is asked each time."""

    def __init__(self, *used: float) -> None:
        self._used = iter(used)

    def cpu(self) -> float:
        return next(self._used)


def test_settle() -> None:
    """Whoever still works is waited for until it rests."""
    process = Working(1.0, 1.1, 1.13, 1.14, 9.0)
    process.settle()
    assert 9.0 == process.cpu()
