"""One connection to a server: sends a request, reads its response, and is kept for the next where that is safe."""

from collections.abc import Hashable
from typing import Protocol as Interface

from attrs import frozen
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from stickyproxy.errors import (
    ConnectionCut,
    ConnectionStale,
    MalformedMessage,
    MalformedResponse,
    ServerFault,
    ServerTimedOut,
)
from stickyproxy.http.bodies import Body
from stickyproxy.http.deadlines import NEVER, Deadlines
from stickyproxy.http.heads import STATUS_LINE, HeadReader
from stickyproxy.http.response import ResponseHead, bodiless, body_of, read_response_head
from stickyproxy.http.transports import adopt, watcher, writer
from stickyproxy.http.tunnel import End, Tunnelled
from stickyproxy.http.upgrades import granted

# Interim responses that the real one follows; they have no body (RFC 9110 section 15.2, RFC 8297).
_INTERIM = frozenset({100, 102, 103})


@frozen
class Terms:
    """What a server is allowed: seconds between two of its reads and two of its writes, and bytes for its heads."""

    send_timeout: float
    read_timeout: float
    head: int


class ResponseReceiver(Interface):
    """What a connection tells about the response to the request that was sent on it."""

    def interim_received(self, head: ResponseHead) -> None:
        """A 102 or 103; the response is still to come."""

    def response_received(self, head: ResponseHead | None, chunks: list[bytes], ended: bool) -> None:
        """A part of the response: its head (once), body bytes, and whether it has ended.

        A 101 is one that the request asked for; whoever is told of it leaves the connection to a tunnel, by `switch`.
        """

    def server_failed(self, fault: ServerFault) -> None:
        """There is no response, or no more of it."""

    def server_paused(self) -> None:
        """The server does not read as fast as the request comes."""

    def server_resumed(self) -> None:
        """The server has caught up."""


class Keeper(Interface):
    """Where a connection goes when it is idle."""

    deadlines: Deadlines

    def keep(self, connection: "ServerConnection") -> None:
        """Keep it for another request."""

    def forget(self, connection: "ServerConnection") -> None:
        """It is gone."""


@implementer(IPushProducer)
class ServerConnection(Tunnelled):
    """The client side of one connection (RFC 9112).

    It is clean, and goes back to its keeper, only if request and response both ended just where they should. `stale`,
    asked while it is kept, says whether the server has closed it, or said something, of which we have not heard yet.
    """

    # As slots: an idle connection takes a third less memory, and a request a little less time.
    __slots__ = """
        _blocked _body _chunks _early _ended _extra _gone _head _heads _held _keepalive_requests
        _keepalive_timeout _keeper _method _opening _receiver _seconds _sent _silent _terms _told _upgrade
        _write deadline key requests stale
    """.split()

    def __init__(
        self, keeper: Keeper, key: Hashable, keepalive_timeout: float, keepalive_requests: int, opening: bytes = b""
    ) -> None:
        self.deadline = NEVER
        self.key = key
        self._opening = opening
        self.requests = 0
        self._keeper = keeper
        self._keepalive_timeout = keepalive_timeout
        self._keepalive_requests = keepalive_requests
        self._seconds = keeper.deadlines.seconds
        self._heads = HeadReader(STATUS_LINE, 0)
        self._receiver: ResponseReceiver | None = None
        self._gone = False

    # -- the request ---------------------------------------------------------------------------------------------------

    def send(
        self,
        data: bytes,
        receiver: ResponseReceiver,
        method: bytes,
        complete: bool,
        terms: Terms,
        upgrade: bytes = b"",
    ) -> None:
        """Send a request's head, with the body bytes that are here, and tell `receiver` of the response.

        `method` is the request's. `complete`: nothing follows; else `write` and `finish` do. `upgrade` names the
        protocols that it asks to change to, and that a 101 may change to.
        """
        self.requests += 1
        self._receiver = receiver
        self._method = method
        self._sent = complete
        self._terms = terms
        self._upgrade = upgrade
        # Interim responses count too: a server may send any number of them.
        self._heads.limit = terms.head
        self._head: ResponseHead | None = None
        self._body: Body | None = None
        self._silent = True
        self._told = self._ended = self._extra = self._held = self._blocked = False
        self._chunks: list[bytes] = []
        # As `_await`, which a request need not call when it is sent.
        self.deadline = self._seconds() + terms.read_timeout if complete else NEVER
        self._write(data)

    def write(self, data: bytes) -> None:
        """Send more of the request's body, as it goes on the wire."""
        self._write(data)

    def finish(self) -> None:
        """The request is sent to its end."""
        self._sent = True
        self._await()

    def hold(self) -> None:
        """Read no more of the response until `release`: nobody can take it."""
        self._held = True
        self._await()
        self.transport.pauseProducing()

    def release(self) -> None:
        """Read on."""
        if self._held and not self._gone:
            self._held = False
            self._await()
            self.transport.resumeProducing()

    def switch(self, end: End) -> bytes:
        """Leave the connection to a tunnel as its `end`; return what the server has sent behind its 101."""
        self._receiver = None
        self.deadline = NEVER
        self.join(end, self.transport, self._write, self._blocked)
        return self._early

    def _await(self) -> None:
        """Set the deadline for what the server has to do now; nothing while it is held, or the request still comes."""
        if self._held:
            self.deadline = NEVER
        elif self._blocked:
            self.deadline = self._seconds() + self._terms.send_timeout
        else:
            self.deadline = self._seconds() + self._terms.read_timeout if self._sent else NEVER

    def close(self) -> None:
        """End the connection, with whatever is going on there; the receiver is not told."""
        self._receiver = None
        if not self._gone:
            self.transport.abortConnection()

    # -- the connection ------------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        adopt(self.transport, self)
        self._write = writer(self.transport)
        self.stale = watcher(self.transport)
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        self._keeper.deadlines.watch(self)
        if self._opening:
            self._write(self._opening)

    def take(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None and self.end_of_tunnel is not None:
            self.end_of_tunnel.received(data)
            return
        if receiver is None:
            # Nothing was asked: whatever this is, it must not be taken for the answer to the next request.
            self._discard()
            return
        try:
            while data and not self._ended:
                if self._body is None:
                    data = self._read_head(data)
                else:
                    parts, data = self._body.take(data)
                    self._chunks += parts
                    self._ended = self._body.ended
        except MalformedMessage as malformed:
            self._fail(MalformedResponse(str(malformed)))
            return
        except MalformedResponse as fault:
            self._fail(fault)
            return
        # What comes behind the end of the response belongs to nothing.
        self._extra = bool(data)

    def go_on(self) -> None:
        # Whoever waited may have gone since, or may have been told of a failure.
        receiver = self._receiver
        if receiver is not None and self._head is not None:
            self._tell(receiver)

    def _read_head(self, data: bytes) -> bytes:
        heads = self._heads
        self._silent = False
        rest = heads.feed(data)
        if rest is None:
            return b""
        heads.limit -= heads.size
        _, digits, reason = heads.first
        status = int(digits)
        no_body = bodiless(self._method, status)
        head = read_response_head(status, (reason or b"").rstrip(), heads.fields, heads.http11, no_body)
        if status >= 200:
            self._head = head
            if rest and len(rest) == head.length and not no_body:
                # The body has come with its head, as most short ones do: there is nothing to be counted.
                self._chunks.append(rest)
                self._ended = True
                return b""
            self._body = body = body_of(head, no_body)
            self._ended = body.ended
        elif status == 101 and self._grants(head):
            self._head = head
            self._early = rest
            return b""
        elif status not in _INTERIM:
            # A 101 that nobody asked for, or what nobody knows the meaning of.
            raise MalformedResponse(f"an unexpected {status}")
        elif status != 100 and self._receiver is not None:
            self._receiver.interim_received(head)
        return rest

    def _grants(self, head: ResponseHead) -> bool:
        """Whether a 101 is what was asked for: a protocol that was named, and no word of a body."""
        return b"upgrade" in head.nominated and head.until_close and bool(granted(head.fields, self._upgrade))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        self._keeper.deadlines.unwatch(self)
        receiver = self._receiver
        if self.end_of_tunnel is not None:
            self.end_of_tunnel.lost()
        elif receiver is None:
            self._keeper.forget(self)
        elif self._head is not None and self._head.until_close and reason.check(ConnectionDone):
            self._ended = True
            self._tell(receiver)
        elif self._head is None and self._silent and self.requests > 1:
            self._fail(ConnectionStale("the kept connection had been closed"))
        else:
            self._fail(ConnectionCut("the server closed the connection before its answer was whole"))

    def timed_out(self) -> None:
        """The deadline has passed: an idle connection is closed, a busy server has failed."""
        if self._receiver is None:
            self._discard()
        else:
            self._fail(ServerTimedOut("the server did not read or answer in time"))

    def _tell(self, receiver: ResponseReceiver) -> None:
        head = None if self._told else self._head
        self._told = True
        chunks, self._chunks = self._chunks, []
        ended = self._ended
        if ended:
            # Back to the keeper first: what the receiver does next may need a connection.
            self._receiver = None
            self._part()
        else:
            self._await()
        receiver.response_received(head, chunks, ended)

    def _part(self) -> None:
        """The response has ended: keep the connection if both sides agree on where the next one begins.

        One that still waits, for the server to take the request or for the receiver, would wait with the next one.
        """
        assert self._head is not None
        waits = self._blocked or self._held
        clean = self._sent and self._head.reusable and not (self._extra or self._gone or waits)
        if clean and self.requests < self._keepalive_requests:
            self.deadline = self._seconds() + self._keepalive_timeout
            self._keeper.keep(self)
        else:
            self._discard()

    def _discard(self) -> None:
        self._keeper.forget(self)
        self.close()

    def _fail(self, fault: ServerFault) -> None:
        receiver = self._receiver
        self.close()
        if receiver is not None:
            receiver.server_failed(fault)

    # -- the transport's view: this connection produces what is written to it ------------------------------------------

    def pauseProducing(self) -> None:
        if self._receiver is not None:
            self._blocked = True
            self._await()
            self._receiver.server_paused()

    def resumeProducing(self) -> None:
        if self._receiver is not None:
            self._blocked = False
            self._await()
            self._receiver.server_resumed()

    def stopProducing(self) -> None:
        """The transport is gone; `connectionLost` follows."""
