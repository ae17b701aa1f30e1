from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.deadlines import NEVER, Deadlines


class Waiting:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.ended = 0

    def timed_out(self) -> None:
        self.ended += 1
        self.deadline = NEVER


class DeadlinesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.deadlines.start()

    def test_late(self) -> None:
        """What has waited past its deadline is told so at the next sweep, once."""
        waiting = Waiting(2.5)
        self.deadlines.watch(waiting)
        self.clock.pump([1, 1])
        self.assertEqual(0, waiting.ended)
        self.clock.pump([1, 1, 1])
        self.assertEqual(1, waiting.ended)

    def test_never(self) -> None:
        """What has no deadline waits for ever."""
        waiting = Waiting(NEVER)
        self.deadlines.watch(waiting)
        self.clock.pump([1] * 1000)
        self.assertEqual(0, waiting.ended)

    def test_unwatched(self) -> None:
        """What is no longer watched is not told."""
        waiting = Waiting(1)
        self.deadlines.watch(waiting)
        self.deadlines.unwatch(waiting)
        self.clock.advance(5)
        self.assertEqual((0, 0), (waiting.ended, len(self.deadlines)))

    def test_ended_by_another(self) -> None:
        """One that times out may end another that was due in the same sweep."""
        first, second = Waiting(1), Waiting(1)
        both = {first: second, second: first}
        for waiting, other in both.items():
            waiting.timed_out = lambda waiting=waiting, other=other: (
                Waiting.timed_out(waiting),
                self.deadlines.unwatch(other),
            )
            self.deadlines.watch(waiting)
        self.clock.advance(2)
        self.assertEqual(1, first.ended + second.ended)

    def test_one_that_fails(self) -> None:
        """One that fails when it is told does not end the watch over the others."""
        broken, sound = Waiting(1), Waiting(3)
        broken.timed_out = lambda: {}["nothing"]
        self.deadlines.watch(broken)
        self.deadlines.watch(sound)
        self.clock.pump([1] * 5)
        self.assertEqual(1, sound.ended)
        self.flushLoggedErrors(KeyError)

    def test_one_timer(self) -> None:
        """However many wait, the reactor has one timer; stopped, it has none."""
        for _ in range(100):
            self.deadlines.watch(Waiting(1))
        self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.deadlines.stop()
        self.deadlines.stop()
        self.assertEqual(0, len(self.clock.getDelayedCalls()))
