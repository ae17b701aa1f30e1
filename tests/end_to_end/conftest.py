"""What the tests on real sockets share."""

from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_twisted
from twisted.internet import reactor

from tests.end_to_end.house import House


@pytest.fixture
def no_timers() -> Generator[None, None, None]:
    """See that no timer is left when all else has ended."""
    yield
    assert [] == reactor.getDelayedCalls()


@pytest_twisted.async_yield_fixture
async def house(no_timers: None) -> AsyncGenerator[House, None]:
    """Give the servers, proxies and clients of one test; nothing of them is left when it ends."""
    house = House()
    yield house
    await house.close()
