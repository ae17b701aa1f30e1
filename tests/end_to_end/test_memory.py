"""Large bodies through the real process while one side does not read: what it holds of them stays small."""

from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.house import House
from tests.end_to_end.stalls import Stall, download, upload

MIB = 1024 * 1024
TOTAL = 64 * MIB
ALLOWED = 8 * MIB

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is asked of Linux's /proc")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_download_to_a_client_that_stalls(house: House, tmp_path: Path, chunked: bool) -> None:
    """While the client does not read the server is not read from either, and then all of it arrives."""
    figures = await download(house, tmp_path, Stall(TOTAL, chunked=chunked), "proxy_buffering = off")
    assert figures.taken < TOTAL
    assert 0 == figures.on_disk
    assert figures.grown < ALLOWED


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_upload_to_a_server_that_stalls(house: House, tmp_path: Path, chunked: bool) -> None:
    """While the server does not read the client is not read from either, and then all of it arrives."""
    figures = await upload(house, tmp_path, Stall(TOTAL, chunked=chunked), "proxy_request_buffering = off")
    assert figures.taken < TOTAL
    assert 0 == figures.on_disk
    assert figures.grown < ALLOWED


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_download_that_is_buffered(house: House, tmp_path: Path, chunked: bool) -> None:
    """While the client does not read the server gets rid of all of it, which waits on disk, and then arrives."""
    figures = await download(house, tmp_path, Stall(TOTAL, chunked=chunked))
    assert figures.taken > TOTAL - ALLOWED
    assert figures.on_disk > TOTAL - 2 * ALLOWED
    assert figures.grown < ALLOWED


@pytest_twisted.ensureDeferred
async def test_download_that_is_longer_than_its_file_may_be(house: House, tmp_path: Path) -> None:
    """Once the file is as long as it may be the server waits for the client, and then all of it arrives."""
    figures = await download(house, tmp_path, Stall(TOTAL), "proxy_max_temp_file_size = 16m")
    assert 16 * MIB < figures.taken < TOTAL
    assert 16 * MIB == figures.on_disk
    assert figures.grown < ALLOWED


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chunked", [False, True])
async def test_upload_that_is_collected(house: House, tmp_path: Path, chunked: bool) -> None:
    """The server sees nothing before all of the body waits on disk; while it does not read nothing more is held."""
    figures = await upload(house, tmp_path, Stall(TOTAL, chunked=chunked))
    assert TOTAL == figures.on_disk
    assert figures.grown < ALLOWED
