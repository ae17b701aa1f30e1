"""The check of type `mysql`: the server greets (MySQL's internals, "Initial Handshake Packet")."""

from typing import ClassVar

from attrs import frozen

from stickyproxy.health.words import Failed, Passed

# What a packet begins with: the length of its payload in three bytes, little-endian, and its number in the exchange.
_HEADER = 4

# The first byte of the payload: the version of the protocol, or what an error has in its place.
_VERSIONS = (9, 10)
_ERROR = 0xFF


@frozen
class MySql:
    """Says nothing, and waits for the greeting; an error in its place, as of too many connections, is none."""

    opening: bytes = b""
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        if len(received) <= _HEADER:
            return None
        length = int.from_bytes(received[:3], "little")
        payload = received[_HEADER : _HEADER + length]
        if received[3] != 0 or not payload or payload[0] not in (*_VERSIONS, _ERROR):
            return Failed("its greeting is not MySQL's")
        if len(payload) < length:
            return None
        if payload[0] == _ERROR:
            code = int.from_bytes(payload[1:3], "little")
            return Failed(f"it greets with error {code}: {_one_line(payload[3:])}")
        return Passed()


def _one_line(message: bytes) -> str:
    """What a server says as a line for logs, in which it cannot begin another one."""
    return "".join(each if each.isprintable() else "?" for each in message.decode("utf-8", "replace"))
