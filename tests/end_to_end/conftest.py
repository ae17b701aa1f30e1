"""What the tests on real sockets share."""

from collections.abc import AsyncGenerator

import pytest_twisted

from tests.end_to_end.house import House


@pytest_twisted.async_yield_fixture
async def house() -> AsyncGenerator[House, None]:
    """Give the servers, proxies and clients of one test; nothing of them is left when it ends."""
    house = House()
    yield house
    await house.close()
