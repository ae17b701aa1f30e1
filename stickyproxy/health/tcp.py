"""The check of type `tcp`: the server takes the connection, and does not close it at once."""

from typing import ClassVar

from attrs import frozen

from stickyproxy.health.words import Failed, Passed


@frozen
class Tcp:
    """Says nothing, and stays a moment: a balancer with no server behind it accepts too, and then closes."""

    opening: bytes = b""
    quiet: ClassVar[float | None] = 0.1

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        if received:
            return Passed()
        return Failed("it closed at once") if ended else None
