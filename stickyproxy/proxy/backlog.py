"""What a server has said and its client has not fetched yet (`proxy_buffering`): in memory, then in a file."""

from twisted.logger import Logger

from stickyproxy.config.buffering import Buffering
from stickyproxy.proxy.temporary import TemporaryFile

_log = Logger()


class Backlog:
    """Bytes in the order in which they came; there are any only while the client is slower than the server.

    The oldest are in memory, those behind them in the file, and what neither has room for, which is never more than
    one read of the server, in memory again: then it is `full`, and the server has to wait.
    """

    __slots__ = ("_file", "_file_limit", "_head", "_read", "_settings", "_tail")

    def __init__(self, settings: Buffering) -> None:
        self._settings = settings
        self._file_limit = settings.file
        self._head = bytearray()
        self._file: TemporaryFile | None = None
        # How much of the file has been taken.
        self._read = 0
        self._tail = bytearray()

    def __bool__(self) -> bool:
        return bool(self._head or self._in_file or self._tail)

    @property
    def full(self) -> bool:
        """Whether there is no room for more."""
        return bool(self._tail)

    @property
    def _in_file(self) -> int:
        return self._file.size - self._read if self._file is not None else 0

    def put(self, data: bytes) -> None:
        """Add what the server has said."""
        if not self._in_file and not self._tail:
            room = max(self._settings.memory - len(self._head), 0)
            self._head += data[:room]
            data = data[room:]
        if data and not self._tail:
            data = self._write(data)
        self._tail += data

    def _write(self, data: bytes) -> bytes:
        """Write to the file what it has room for, and return the rest."""
        try:
            if self._file is None and self._file_limit:
                self._file = TemporaryFile(self._settings.path)
            if self._file is not None:
                room = self._file_limit - self._file.size
                self._file.append(data[:room])
                data = data[room:]
        except OSError as error:
            # The server waits for the client then, as without a file.
            self._file_limit = self._file.size if self._file is not None else 0
            _log.error("an answer cannot be kept in a file: {error}", error=error)
        return data

    def take(self) -> bytes:
        """Take out what comes next, `busy` bytes at most."""
        size = self._settings.busy
        if not self._head and self._file is not None and self._in_file:
            data = self._file.read(self._read, size)
            self._read += len(data)
            if not self._in_file:
                self._file.clear()
                self._read = 0
        else:
            data = bytes(self._head[:size])
            del self._head[:size]
        if not self._head and not self._in_file:
            self._head, self._tail = self._tail, self._head
        return data

    def close(self) -> None:
        """Nobody fetches the rest."""
        if self._file is not None:
            self._file.close()
