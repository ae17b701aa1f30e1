"""The head of a message: collected until it is whole, its first line read here, its fields by httptools."""

import re

from httptools import HttpParserError, HttpResponseParser

from stickyproxy.errors import MalformedMessage
from stickyproxy.http.fields import TOKEN, Field

# First lines (RFC 9112 sections 3 and 4). One empty line may come before a request (section 2.2). What stands in a
# target is left to the server, but for what would end the line, or the target, for one reader and not for another.
REQUEST_LINE = re.compile(rb"(?:\r\n)?(%b) ([!\"$-~]+) HTTP/(?P<version>[0-9]\.[0-9])\r\n" % TOKEN)
STATUS_LINE = re.compile(rb"HTTP/(?P<version>[0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?\r\n")

# What no head holds, found before it is whole: control bytes, and CR and LF each without the other.
_STRAY = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")

# The line that the parser is shown in place of the first one, whatever that says: with this one it expects neither a
# body nor another protocol behind the head, and another head if no field says `close`.
_SHOWN = b"HTTP/1.1 304 \r\n"


class HeadReader:
    """Reads the heads that come on one connection. `http11`, `fields` and `size` are the last one's.

    The next one may take `limit` bytes; `begun` says that a part of it is here, which empty lines are not.

    `first` is what its first line holds: method, target and version, or version, status and reason (perhaps None); it
    is empty until that line has come.
    """

    __slots__ = (
        "_first_line",
        "_parser",
        "_part",
        "begun",
        "fields",
        "first",
        "http11",
        "limit",
        "size",
    )

    def __init__(self, first_line: re.Pattern[bytes], limit: int) -> None:
        self._first_line = first_line
        self.limit = limit
        self._parser = HttpResponseParser(self)
        self._part = b""
        self.begun = False
        self.first: tuple[bytes, ...] = ()
        self.http11 = True
        self.fields: list[Field] = []

    def feed(self, data: bytes) -> bytes | None:
        """Return what follows the head, or None while it is not whole. Raises MalformedMessage."""
        seen = len(self._part)
        if seen:
            data = self._part + data
            self._part = b""
            self.begun = False
            end = data.find(b"\r\n\r\n", max(seen - 3, 0)) + 4
        else:
            self.first = ()
            self.fields = []
            end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            self._check_part(data, seen)
            self._part = data
            self.begun = bool(data.strip(b"\r\n"))
            return None
        self.size = end
        start = self._read_first_line(data)
        if end > self.limit:
            raise MalformedMessage("more than the limit for a head", 431 if start <= self.limit else 414)
        shown = _SHOWN + data[start:end]
        try:
            self._parser.feed_data(shown)
        except HttpParserError:
            self._read_anew(shown)
        return data[end:]

    def _read_anew(self, shown: bytes) -> None:
        """Show a head to a new parser: behind one that said `close`, as interim ones may, a parser takes nothing more.

        A malformed head comes here as well. Raises MalformedMessage.
        """
        self._parser = HttpResponseParser(self)
        self.fields = []
        try:
            self._parser.feed_data(shown)
        except HttpParserError as error:
            raise MalformedMessage(str(error)) from None

    def _read_first_line(self, data: bytes) -> int:
        """Read the first line and return where the next one starts."""
        match = self._first_line.match(data)
        if match is None:
            raise MalformedMessage("not a first line of HTTP/1.1")
        self.first = match.groups()
        version = match["version"]
        self.http11 = version == b"1.1"
        if not self.http11 and version != b"1.0":
            raise MalformedMessage(f"HTTP version {version.decode()}", 505)
        return match.end()

    def _check_part(self, data: bytes, seen: int) -> None:
        """Refuse what will never be a head as soon as it shows, whatever else is still to come."""
        line_end = data.find(b"\r\n", 2)
        if len(data) > self.limit:
            raise MalformedMessage("more than the limit for a head", 431 if 0 <= line_end < self.limit else 414)
        if _STRAY.search(data, max(seen - 1, 0)):
            raise MalformedMessage("a control byte, or a line that does not end with CRLF")
        if line_end >= 0 and not self.first:
            self._read_first_line(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser has read a field."""
        self.fields.append((name.lower(), name, value.rstrip(b" \t")))
