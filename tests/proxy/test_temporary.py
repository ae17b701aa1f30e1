import os
from pathlib import Path

import pytest

from stickyproxy.proxy.temporary import TemporaryFile


def test_append_and_read() -> None:
    """What was added is read from wherever one likes, and no further than it goes."""
    file = TemporaryFile(None)
    file.append(b"abc")
    file.append(b"defg")
    assert (7, b"abcdefg", b"cd", b"fg", b"") == (
        file.size,
        file.read(0, 100),
        file.read(2, 2),
        file.read(5, 9),
        file.read(7, 1),
    )
    file.close()


def test_clear() -> None:
    """A cleared file begins anew, and keeps no space on the disk."""
    file = TemporaryFile(None)
    file.append(b"x" * 100_000)
    file.clear()
    assert (0, 0) == (file.size, os.fstat(file._file.fileno()).st_size)
    file.append(b"ab")
    assert b"ab" == file.read(0, 10)
    file.close()


def test_a_disk_that_fails_at_last() -> None:
    """What goes wrong when the file is given back is nobody's business any more."""
    file = TemporaryFile(None)
    os.close(file._file.fileno())
    file.close()


def test_it_has_no_name(tmp_path: Path) -> None:
    """Nobody else finds the file in its folder, so nobody has to tidy up."""
    file = TemporaryFile(str(tmp_path))
    file.append(b"abc")
    assert [] == list(tmp_path.iterdir())
    file.close()


def test_no_folder(tmp_path: Path) -> None:
    """Where there is no such folder there is no file."""
    with pytest.raises(OSError, match="No such file"):
        TemporaryFile(str(tmp_path / "missing"))


def test_what_cannot_be_written_leaves_the_file_as_it_was() -> None:
    """A disk that takes no more takes nothing of what is added."""
    file = TemporaryFile(None)
    file.close()
    with open("/dev/full", "r+b", buffering=0) as device:
        file._file = device
        with pytest.raises(OSError, match="No space"):
            file.append(b"abc")
    assert 0 == file.size
