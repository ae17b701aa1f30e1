"""The checks of types `http` and `https`: the status of the answer to a request is one that is expected."""

import re
from typing import ClassVar

from attrs import frozen
from httptools import HttpParserError, HttpResponseParser

from stickyproxy.health.words import Failed, Passed

# The whole status line (RFC 9112 section 4); many a server leaves out the space that stands before no reason.
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5])([0-9]{2})(?: [^\r\n]*)?\r\n")
_BEGINNING = b"HTTP/1."
_LINE_LIMIT = 4 * 1024

# Interim responses (RFC 9110 section 15.2), each with its whole head.
_INTERIM = re.compile(rb"(?:HTTP/1\.1 1(?!01)[0-9]{2}(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n)*")

# How much of an answer is read so that the connection can be kept.
_KEPT_LIMIT = 32 * 1024


@frozen
class Http:
    """Sends a request and reads a status, whose first digit must be in `alive`.

    `keep`: reads the rest of the answer as well, so that the connection serves another check.
    """

    opening: bytes
    alive: frozenset[int]
    keep: bool = False
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        interim = _INTERIM.match(received)
        answer = received[interim.end() :] if interim else received
        line = _STATUS_LINE.match(answer)
        if line is None:
            whole = b"\n" in answer or len(answer) > _LINE_LIMIT
            if whole or answer[: len(_BEGINNING)] != _BEGINNING[: len(answer)]:
                return Failed("its answer is not HTTP")
            return None
        digit, rest = line.groups()
        if digit == b"1" and rest != b"01":
            return None
        if int(digit) not in self.alive:
            return Failed(f"it answers {(digit + rest).decode()}")
        if not self.keep or ended or len(received) > _KEPT_LIMIT:
            return Passed()
        return _after(answer, self.opening.startswith(b"HEAD "))


def _after(answer: bytes, to_head: bool) -> Passed | None:
    """Say whether the connection can be kept behind `answer`; None while that is not whole."""
    progress = _Progress(answer)
    if progress.malformed:
        return Passed()
    if not progress.headed:
        return None
    if not progress.keeps or (to_head and progress.bodied):
        return Passed()
    return Passed(kept=True) if to_head or progress.whole else None


class _Progress:
    """How far an answer has come."""

    headed = keeps = bodied = whole = malformed = False

    def __init__(self, answer: bytes) -> None:
        self._parser = HttpResponseParser(self)
        try:
            self._parser.feed_data(answer)
        except HttpParserError:
            self.malformed = True

    # As httptools tells it.

    def on_headers_complete(self) -> None:
        self.headed = True
        self.keeps = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self.bodied = True

    def on_message_complete(self) -> None:
        self.whole = True
