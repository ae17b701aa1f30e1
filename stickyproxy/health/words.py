"""What the parts of this room say to each other: who is checked, what is said to him, and what it came to."""

from collections.abc import Callable
from typing import ClassVar, Protocol

from attrs import frozen
from twisted.internet.interfaces import IStreamClientEndpoint

from stickyproxy.config.addresses import InetAddress, UnixAddress

Address = InetAddress | UnixAddress

# What connects to an address. It knows no deadline of its own: a check has one for all that it does.
Connect = Callable[[Address], IStreamClientEndpoint]


class Patient(Protocol):
    """A server that is checked. `sick` is the one thing that is changed here: whether its checks say it is down."""

    sick: bool
    address: Address

    @property
    def name(self) -> bytes:
        """Its address in nginx's spelling, for people."""

    def __hash__(self) -> int: ...


@frozen
class Passed:
    """The server is well. `kept`: the answer ended where it should, and the connection serves another check."""

    kept: bool = False


@frozen
class Failed:
    """The server is not well, and why, in a few words for the operator."""

    reason: str


@frozen
class Moot:
    """Nothing was learnt of the server, through no fault of his. `again`: another check at once may tell more."""

    again: bool


Verdict = Passed | Failed | Moot


class Conversation(Protocol):
    """What is said to a server in one check, and what its answer is worth.

    `opening` goes out as soon as there is a connection. `quiet` is for how many seconds a server may say nothing
    to pass; None where it has to answer.
    """

    quiet: ClassVar[float | None]

    @property
    def opening(self) -> bytes: ...

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        """Say what all that has been received so far comes to; None if that is too little to tell.

        `ended`: the server closed in good order behind it.
        """
