"""Log files: lines are gathered and written in batches, and the files are opened anew when they have been rotated."""

import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from stickyproxy.errors import StartError

_log = Logger()

# How much may be gathered, in bytes, before it is written at once.
_BATCH = 64 * 1024
# How many lines are made in one go, so that they are made by code and data that the processor has at hand still: each
# after its own request took half as long again, a twentieth of the request's time.
_TOGETHER = 32
_STANDARD = {"-": sys.__stdout__, "stdout": sys.__stdout__, "stderr": sys.__stderr__}


class LogFile:
    """One file that lines are appended to; `-` or `stdout`, and `stderr`, are the process's own."""

    def __init__(self, path: str) -> None:
        self.path = path
        # A rotated file is opened anew in the folder where it was, wherever the process has gone since.
        self._absolute = os.path.abspath(path)
        self._batch = _BATCH
        self._together = _TOGETHER
        self._notes: list[tuple[Callable[[Any], bytes], Any]] = []
        self._lines: list[bytes] = []
        self._size = 0
        self._failing = False
        self._fd = self._open()

    def write(self, line: bytes) -> None:
        """Gather a line, which ends in a line feed."""
        if self._notes:
            self._make_lines()
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._batch:
            self.flush()

    def note(self, make: Callable[[Any], bytes], facts: Any) -> None:
        """Gather the line that `make` makes of `facts`, some time later; they have to stay as they are."""
        self._notes.append((make, facts))
        if len(self._notes) >= self._together:
            self._make_lines()

    def _make_lines(self) -> None:
        notes, self._notes = self._notes, []
        for make, facts in notes:
            try:
                line = make(facts)
            except Exception:  # noqa: BLE001 - one that cannot be made keeps none of the others from being written
                _log.failure("a line of {path} could not be made", path=self.path)
            else:
                self._lines.append(line)
                self._size += len(line)
        if self._size >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered. A file that takes no more loses lines, and says so once."""
        if self._notes:
            self._make_lines()
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        self._size = 0
        try:
            while data:
                data = data[os.write(self._fd, data) :]
            self._failing = False
        except OSError as error:
            if not self._failing:
                self._failing = True
                _log.error("cannot write {path}: {error}", path=self.path, error=error.strerror)

    def settle(self) -> None:
        """Write what was gathered, and from now on each line at once: nobody comes by to flush any more."""
        self._batch = self._together = 0
        self.flush()

    def close(self) -> None:
        """Close the file; nothing is written to it any more."""
        if self.path not in _STANDARD and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        # A reload leaves the logs that it does not name to the requests in progress: the last one of them closes them.
        if hasattr(self, "_fd"):
            self.close()

    def reopen(self) -> None:
        """Go on in a new file of the same name, after the old one was moved away; keeps the old one on failure."""
        self.flush()
        if self.path in _STANDARD:
            return
        try:
            new = self._open()
        except StartError as error:
            _log.error("{error}", error=error)
            return
        os.close(self._fd)
        self._fd = new

    def _open(self) -> int:
        standard = _STANDARD.get(self.path)
        if standard is not None:
            return standard.fileno()
        try:
            return os.open(self._absolute, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StartError(f"cannot open the log {self.path}: {error.strerror}") from None


class LogFiles:
    """All the log files of the process, one for each path; those that were open `before` stay open."""

    def __init__(self, before: "LogFiles | None" = None) -> None:
        self._before = before._files if before is not None else {}  # noqa: SLF001
        self._files: dict[str, LogFile] = {}

    def open(self, path: str) -> LogFile:
        """Return the file at `path`. Raises StartError when it cannot be opened for appending."""
        if path not in self._files:
            self._files[path] = self._before.get(path) or LogFile(path)
        return self._files[path]

    def flush(self) -> None:
        """Write what was gathered for all of them."""
        for file in self._files.values():
            file.flush()

    def settle(self) -> None:
        """Write what was gathered for all of them, and from now on each line at once."""
        for file in self._files.values():
            file.settle()

    def stay(self) -> None:
        """Stand instead of those before; what only those had is written by requests in progress alone."""
        for path, file in self._before.items():
            if path not in self._files:
                file.settle()
        self._before = {}

    def close(self) -> None:
        """Close all of them but those that were open before."""
        for path, file in self._files.items():
            if path not in self._before:
                file.close()
        self._files.clear()

    def reopen(self) -> None:
        """Open all of them anew."""
        for file in self._files.values():
            file.reopen()
