"""The checks of one address: when each comes, one after the other, and who hears what they come to."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint

from stickyproxy.config.settings import Check
from stickyproxy.health.probe import Probe
from stickyproxy.health.standing import Standing
from stickyproxy.health.words import Conversation, Failed, Moot, Passed, Verdict

# How much of an interval a check comes early or late.
JITTER = 0.1


class Checker:
    """Checks one server over and over, and tells the `listeners` after each check, but for those of the first round.

    That is a few checks in immediate succession, until they have brought the server up or one of them did not pass;
    `first` fires when they have been told what it came to. The next check comes at a random moment within one interval,
    so that those of many servers come apart, and later ones a little early or late, so that they stay so. `random`
    gives numbers from 0 to 1. No check begins before the one before it is over. `standing` is what is known already.
    """

    def __init__(
        self,
        clock: IReactorTime,
        random: Callable[[], float],
        check: Check,
        conversation: Conversation,
        endpoint: IStreamClientEndpoint,
        standing: Standing | None = None,
    ) -> None:
        self.standing = standing or Standing(check.rise, check.fall, up=not check.default_down)
        self.listeners: list[Callable[[], None]] = []
        self.first: Deferred[None] = Deferred()
        self._clock = clock
        self._random = random
        self._check = check
        self._conversation = conversation
        self._endpoint = endpoint
        self._probe: Probe | None = None
        self._next: IDelayedCall | None = None
        self._began = 0.0

    def start(self) -> None:
        """Begin with the first round."""
        self._run()

    def stop(self) -> None:
        """Check no more, and end the check that is going on; who waits for the first round waits on."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._probe is not None:
            self._probe.close()

    def let_go(self) -> None:
        """Have nobody wait for the first round any more."""
        if not self.first.called:
            self.first.callback(None)

    def _run(self) -> None:
        self._began = self._clock.seconds()
        if self._probe is not None and self._probe.kept:
            self._probe.ask(self._conversation, self._heard)
            return
        if self._probe is not None:
            # A server that does not close its end has had an interval for it.
            self._probe.close()
        self._probe = Probe(self._clock, self._check.timeout, self._check.keepalive_requests)
        self._probe.open(self._endpoint, self._conversation, self._heard)

    def _heard(self, verdict: Verdict) -> None:
        again = False
        match verdict:
            case Passed():
                self.standing.passed()
                again = not (self.standing.up or self.first.called)
            case Failed(reason):
                self.standing.failed(reason)
            case Moot(again):
                pass
        self._next = self._clock.callLater(0 if again else self._pause(), self._run)
        if again:
            return
        for listener in self.listeners:
            listener()
        self.let_go()

    def _pause(self) -> float:
        """Say how long it is until the next check."""
        interval = self._check.interval
        if not self.first.called:
            return interval * self._random()
        jitter = interval * JITTER * (2 * self._random() - 1)
        return max(0.0, self._began + interval + jitter - self._clock.seconds())
