"""Where the body of a message ends: one class for each way to tell (RFC 9112 section 6.3)."""

import re
from typing import Protocol

from stickyproxy.errors import MalformedMessage
from stickyproxy.http.fields import TOKEN

# How much chunk extensions may take, in bytes: one chunk's, and all of a body's.
EXTENSION_LIMIT = 4 * 1024
EXTENSIONS_LIMIT = 16 * 1024

# A chunk's first line with its extensions, and a trailer (RFC 9112 section 7.1), each whole and as far as it has come.
_EXTENSION = rb';%b(?:=(?:%b|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?' % (TOKEN, TOKEN)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})((?:%b)*)\r\n" % _EXTENSION)
_SIZE_PART = re.compile(rb"[0-9A-Fa-f]{0,16}\Z|[0-9A-Fa-f]{1,16}(?:;[\t -~\x80-\xff]*)?\r?\Z")
_TRAILER = re.compile(rb"(?:%b:[\t -~\x80-\xff]*)?\r\n" % TOKEN)
_TRAILER_PART = re.compile(rb"\r?\Z|%b(?::[\t -~\x80-\xff]*\r?)?\Z" % TOKEN)

# A line of which no more has come is looked at without waiting for its end; a longer one is not, since it would be
# looked at again with every byte that drips in.
_GLANCE = 64


class Body(Protocol):
    """A body that is arriving. `ended`: its last byte has come."""

    ended: bool

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the parts of the body in `data`, and what follows the body. Raises MalformedMessage."""


class SizedBody:
    """A body of as many bytes as Content-Length says, which may be none."""

    __slots__ = ("_left", "ended")

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        left = self._left
        if len(data) < left:
            self._left = left - len(data)
            return [data], b""
        self._left = 0
        self.ended = True
        return [data[:left]] if left else [], data[left:]


class BodyUntilClose:
    """A response's body that only the end of the connection ends."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        return [data], b""


class ChunkedBody:
    """A body in chunks. Extensions and trailers are read, held to the rules, and dropped.

    `trailers` is how many there may be, `trailers_size` how many bytes of them.
    """

    __slots__ = ("_extensions", "_left", "_part", "_step", "_trailers", "_trailers_size", "ended")

    def __init__(self, trailers: int = 100, trailers_size: int = 32 * 1024) -> None:
        self.ended = False
        self._step = self._size
        self._part = b""
        self._left = 0
        self._extensions = 0
        # How much more of them may come, the empty line at their end included.
        self._trailers = trailers + 1
        self._trailers_size = trailers_size

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        if self._part:
            data = self._part + data
            self._part = b""
        parts: list[bytes] = []
        at = 0
        while not self.ended:
            after = self._step(data, at, parts)
            if after is None:
                self._part = data[at:]
                return parts, b""
            at = after
        return parts, data[at:]

    # Each step reads one thing at `at` and returns where the next one starts, or None while it is not whole.

    def _size(self, data: bytes, at: int, parts: list[bytes]) -> int | None:
        if data.find(b"\n", at) < 0:
            length = len(data) - at
            if length > EXTENSION_LIMIT + 18 or (length <= _GLANCE and not _SIZE_PART.match(data, at)):
                raise MalformedMessage("not the size of a chunk")
            return None
        match = _SIZE.match(data, at)
        if match is None:
            raise MalformedMessage("not the size of a chunk")
        size, extension = match.groups()
        if extension:
            self._extensions += len(extension)
            if len(extension) > EXTENSION_LIMIT or self._extensions > EXTENSIONS_LIMIT:
                raise MalformedMessage("more chunk extensions than the limit")
        start = match.end()
        left = int(size, 16)
        end = start + left
        if left and data.startswith(b"\r\n", end):
            # Mostly the whole chunk is here.
            parts.append(data[start:end])
            return end + 2
        self._left = left
        self._step = self._data if left else self._trailer
        return start

    def _data(self, data: bytes, at: int, parts: list[bytes]) -> int | None:
        if at == len(data):
            return None
        part = data[at : at + self._left]
        parts.append(part)
        self._left -= len(part)
        if not self._left:
            self._step = self._data_end
        return at + len(part)

    def _data_end(self, data: bytes, at: int, parts: list[bytes]) -> int | None:
        if data.startswith(b"\r\n", at):
            self._step = self._size
            return at + 2
        if data[at:] not in (b"", b"\r"):
            raise MalformedMessage("a chunk longer than its size")
        return None

    def _trailer(self, data: bytes, at: int, parts: list[bytes]) -> int | None:
        end = data.find(b"\n", at) + 1
        length = (end or len(data)) - at
        if not self._trailers or length > self._trailers_size:
            raise MalformedMessage("more trailer fields than the limit", 431)
        if (end or length <= _GLANCE) and not (_TRAILER if end else _TRAILER_PART).match(data, at):
            raise MalformedMessage("not a trailer field")
        if not end:
            return None
        self._trailers -= 1
        self._trailers_size -= length
        self.ended = length == 2
        return end
