"""Everything that is known about one finished request: what the observers read, and all they read."""

from collections.abc import Sequence

from stickyproxy.balance.words import Assignment
from stickyproxy.frozen import frozen_by_type
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead
from stickyproxy.http.words import Ends


class Try:
    """One attempt at one server of an upstream.

    Moments are epoch seconds, None while they have not come. `status` is what the server answered, or what its failure
    would be answered with; 0 while neither is known. `fault` says why the server is counted as failed, if it is.
    """

    __slots__ = (
        "address",
        "body_bytes",
        "connected",
        "ended",
        "fault",
        "head_received",
        "started",
        "status",
        "upstream_name",
    )

    def __init__(self, upstream_name: bytes, address: bytes, started: float) -> None:
        self.upstream_name = upstream_name
        self.address = address
        self.started = started
        self.connected: float | None = None
        self.head_received: float | None = None
        self.ended: float | None = None
        self.status = 0
        self.fault = ""
        self.body_bytes = 0


@frozen_by_type
class Outcome:
    """One finished request. Moments are epoch seconds.

    `serial` numbers the requests of this process, `nth` those of the connection. `status` is what the client got, 499
    if it left before. `asked` is what the client sent, `head` what was answered: another one for an error page.
    `received` are the bytes of the body that came. `sent` are the field lines of the answer, in pieces; `response` is
    the last head a server gave.
    """

    asked: RequestHead
    head: RequestHead
    ends: Ends
    server_name: bytes
    serial: int
    nth: int
    started: float
    finished: float
    status: int
    received: int
    bytes_sent: int
    body_bytes: int
    upstream_name: bytes = b""
    tries: Sequence[Try] = ()
    assignment: Assignment | None = None
    response: ResponseHead | None = None
    sent: Sequence[bytes] = ()
