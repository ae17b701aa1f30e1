"""The check of type `ajp`: CPING is answered by CPONG (AJP13, "CPing/CPong")."""

from typing import ClassVar

from attrs import frozen

from stickyproxy.health.words import Failed, Passed

_CPING = b"\x12\x34\x00\x01\x0a"
_CPONG = b"AB\x00\x01\x09"


@frozen
class Ajp:
    """Asks a servlet container whether it is there."""

    opening: bytes = _CPING
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        if received.startswith(_CPONG):
            return Passed(kept=received == _CPONG)
        return None if _CPONG.startswith(received) else Failed("its answer to CPING is no CPONG")
