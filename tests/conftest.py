"""What holds for every test that pytest runs."""

from collections.abc import Generator

import pytest
from hypothesis import settings
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

# A property may take its time: how long one example lasts says more about the machine's load than about the code.
# The rest is hypothesis' own choice, which in CI means the same examples in every run.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Let a property be parametrized: pytest-twisted wraps its function anew for each parameter, wrap around wrap."""
    handle = getattr(pyfuncitem.obj, "hypothesis", None)
    plain = getattr(handle, "inner_test", None)
    try:
        return (yield)
    finally:
        if handle is not None:
            handle.inner_test = plain


@pytest.fixture
def told() -> Generator[list[str], None, None]:
    """Give what the proxy has told its operator since the test began: `LEVEL: TEXT` for each event."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(f"{event['log_level'].name}: {formatEvent(event)}")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)
