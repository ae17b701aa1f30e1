import signal
from collections.abc import Iterator

import pytest
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.signals import Signals


@pytest.fixture
def before() -> Iterator[object]:
    """What handles SIGUSR2 before a test, put back after it."""

    def handler(*_: object) -> None:
        """Nobody sends it here."""

    original = signal.signal(signal.SIGUSR2, handler)
    yield handler
    signal.signal(signal.SIGUSR2, original)


def test_a_signal_is_acted_on_in_the_reactors_turn(before: object) -> None:
    """A signal may come in the midst of anything: it is acted on when the reactor comes to it."""
    acted: list[str] = []
    reactor = MemoryReactorClock()
    reactor.callFromThread = lambda act: acted.extend(["turn", act()])
    signals = Signals(reactor)
    signals.on(signal.SIGUSR2, lambda: "first")
    signals.on(signal.SIGUSR2, lambda: "second")
    signal.raise_signal(signal.SIGUSR2)
    assert ["turn", "second"] == acted
    signals.restore()
    assert before is signal.getsignal(signal.SIGUSR2)


def test_what_python_did_not_install_stays(before: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler of which Python knows nothing cannot be put back, which is no reason to fail."""
    signals = Signals(MemoryReactorClock())
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    signals.on(signal.SIGUSR2, lambda: None)
    signals.restore()
