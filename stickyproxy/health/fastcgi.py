"""The check of type `fastcgi`: a request that a responder answers (the FastCGI specification, sections 3 to 6)."""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar

from attrs import frozen

from stickyproxy.health.words import Failed, Passed

# Types of records.
_BEGIN_REQUEST = 1
_END_REQUEST = 3
_PARAMS = 4
_STDIN = 5
_STDOUT = 6
_STDERR = 7

# What a record begins with: version, type, the number of the request, the lengths of content and padding.
_HEADER = struct.Struct(">BBHHBx")
_VERSION = 1
_REQUEST = 1
_RESPONDER = 1
_KEEP_CONN = 1
# The status that the application ends with, and what the protocol has to say to that.
_END = struct.Struct(">LB3x")
_PROTOCOL_STATUSES = {1: "it cannot take more than one request", 2: "it is overloaded", 3: "it is no responder"}

_STATUS = re.compile(rb"status:[ \t]*([1-5])([0-9]{2})\b", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
# A header without a status stands for 200 (RFC 3875 section 6.3.3), and one with a place to go to for 302.
_OK = (b"2", b"00")


@frozen
class FastCgi:
    """Asks an application, whose answer must have a status with a first digit in `alive`.

    `keep`: waits for the end of the answer, so that the connection serves another check.
    """

    opening: bytes
    alive: frozenset[int]
    keep: bool = False
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        output = b""
        end = b""
        try:
            for kind, content in _records(received):
                if kind == _STDOUT:
                    output += content
                elif kind == _END_REQUEST:
                    end = content
        except ValueError as error:
            return Failed(str(error))
        head = _HEAD_END.search(output)
        if head is None:
            return _ended_without(end) if end else None
        verdict = self._status(output[: head.start()])
        if isinstance(verdict, Failed) or not self.keep or ended:
            return verdict
        return Passed(kept=True) if end else None

    def _status(self, head: bytes) -> Passed | Failed:
        found = next((match.groups() for line in head.split(b"\n") if (match := _STATUS.match(line))), _OK)
        if int(found[0]) in self.alive:
            return Passed()
        return Failed(f"it answers {b''.join(found).decode()}")


def _ended_without(end: bytes) -> Failed:
    """Say why there was no answer."""
    protocol_status = _END.unpack(end)[1] if len(end) == _END.size else 0
    return Failed(_PROTOCOL_STATUSES.get(protocol_status, "it has no answer"))


def _records(received: bytes) -> Iterator[tuple[int, bytes]]:
    """List the whole records so far: type and content. Raises ValueError for what is none of an answer's."""
    at = 0
    while len(received) - at >= _HEADER.size:
        version, kind, request, length, padding = _HEADER.unpack_from(received, at)
        if version != _VERSION or kind not in (_STDOUT, _STDERR, _END_REQUEST) or request != _REQUEST:
            raise ValueError("its answer is not FastCGI")
        start = at + _HEADER.size
        at = start + length + padding
        if at > len(received):
            return
        yield kind, received[start : start + length]


def request(params: Iterable[tuple[bytes, bytes]], keep: bool) -> bytes:
    """Write a whole request without a body; `keep` asks the application to leave the connection open."""
    begin = struct.pack(">HB5x", _RESPONDER, _KEEP_CONN if keep else 0)
    pairs = b"".join(_length(name) + _length(value) + name + value for name, value in params)
    parts = ((_BEGIN_REQUEST, begin), (_PARAMS, pairs), (_PARAMS, b""), (_STDIN, b""))
    return b"".join(_HEADER.pack(_VERSION, kind, _REQUEST, len(content), 0) + content for kind, content in parts)


def _length(text: bytes) -> bytes:
    """Write a length, in one byte where that is enough (section 3.4)."""
    return struct.pack(">B", len(text)) if len(text) < 128 else struct.pack(">L", len(text) | 1 << 31)
