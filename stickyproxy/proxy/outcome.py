"""Everything that is known about one finished request: what the observers read, and all they read."""

from attrs import frozen

from stickyproxy.balance.words import Assignment
from stickyproxy.http.channel import Ends
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead


class Try:
    """One attempt at one server. Moments are epoch seconds, None while they have not come; `status` 0: no answer."""

    __slots__ = ("address", "body_bytes", "connected", "ended", "head_received", "started", "status")

    def __init__(self, address: bytes, started: float) -> None:
        self.address = address
        self.started = started
        self.connected: float | None = None
        self.head_received: float | None = None
        self.ended: float | None = None
        self.status = 0
        self.body_bytes = 0


@frozen
class Outcome:
    """One finished request. Moments are epoch seconds.

    `serial` numbers the requests of this process, `nth` those of the connection. `status` is what the client got, 499
    if it left before. `sent` are the field lines of the answer; `response` is the last head a server gave.
    """

    head: RequestHead
    ends: Ends
    server_name: bytes
    serial: int
    nth: int
    started: float
    finished: float
    status: int
    bytes_sent: int
    body_bytes: int
    upstream: bytes = b""
    tries: tuple[Try, ...] = ()
    assignment: Assignment | None = None
    response: ResponseHead | None = None
    sent: tuple[bytes, ...] = ()
