"""Large bodies through the real process while one side does not read: what it holds of them stays small."""

from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.house import House
from tests.end_to_end.stalls import Stall, download, upload

TOTAL = 64 * 1024 * 1024
ALLOWED = 8 * 1024 * 1024

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is asked of Linux's /proc")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_download_to_a_client_that_stalls(house: House, tmp_path: Path, chunked: bool) -> None:
    """While the client does not read the server is not read from either, and then all of it arrives."""
    figures = await download(house, tmp_path, Stall(TOTAL, chunked=chunked))
    assert figures.taken < TOTAL
    assert figures.grown < ALLOWED


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_upload_to_a_server_that_stalls(house: House, tmp_path: Path, chunked: bool) -> None:
    """While the server does not read the client is not read from either, and then all of it arrives."""
    figures = await upload(house, tmp_path, Stall(TOTAL, chunked=chunked))
    assert figures.taken < TOTAL
    assert figures.grown < ALLOWED
