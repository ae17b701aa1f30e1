"""Bytes that wait on disk for somebody slow, in a file without a name: it is gone with the process, however that ends.

Writing and reading block as in nginx without `aio`: what was written a moment ago comes from the kernel's memory.
"""

import os
import tempfile
from contextlib import suppress


class TemporaryFile:
    """A file in `directory`, None for the system's own. `size` is how many bytes are in it.

    All but `close` may raise OSError.
    """

    __slots__ = ("_file", "size")

    def __init__(self, directory: str | None) -> None:
        self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 - it lives as long as this does
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add all of `data`, or raise OSError and leave the file as it was."""
        end = self.size
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file.fileno(), rest, end)
            rest = rest[written:]
            end += written
        self.size = end

    def read(self, at: int, size: int) -> bytes:
        """Return at most `size` of the bytes from `at` on."""
        return os.pread(self._file.fileno(), min(size, self.size - at), at)

    def clear(self) -> None:
        """Begin anew, and give the space back."""
        self.size = 0
        os.ftruncate(self._file.fileno(), 0)

    def close(self) -> None:
        """Give everything back."""
        # What of it may not have reached the disk is for nobody.
        with suppress(OSError):
            self._file.close()
