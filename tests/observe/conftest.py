"""What the proxy tells its operator while a test runs."""

from collections.abc import Generator

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher


@pytest.fixture
def told() -> Generator[list[str], None, None]:
    """The events of the test so far, as an operator reads them: level and text."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(f"{event['log_level'].name}: {formatEvent(event)}")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)
