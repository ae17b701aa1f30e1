"""One connection to a server: sends a request, reads its response, and is kept for the next where that is safe."""

from collections.abc import Hashable
from typing import Protocol as Interface

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from stickyproxy.errors import ConnectionCut, ConnectionStale, MalformedResponse, ServerFault, ServerTimedOut
from stickyproxy.http.deadlines import NEVER, Deadlines
from stickyproxy.http.fields import Field
from stickyproxy.http.response import ResponseHead, bodiless, read_response_head
from stickyproxy.http.transports import Transport, closed_by_peer, writer

# The largest response head that is read, in bytes.
HEAD_LIMIT = 64 * 1024

# Interim responses that the real one follows; they have no body.
_INTERIM = frozenset({100, 102, 103})


class ResponseReceiver(Interface):
    """What a connection tells about the response to the request that was sent on it."""

    def response_received(self, head: ResponseHead | None, chunks: list[bytes], ended: bool) -> None:
        """A part of the response: its head (once), body bytes, and whether it has ended."""

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
class ServerConnection(Protocol):
    """The client side of one connection (RFC 9112).

    It is clean, and goes back to its keeper, only if request and response both ended just where they should.
    """

    transport: Transport  # type: ignore[assignment]
    deadline = NEVER

    def __init__(self, keeper: Keeper, key: Hashable, keepalive_timeout: float, keepalive_requests: int) -> None:
        self.key = key
        self.requests = 0
        self._keeper = keeper
        self._keepalive_timeout = keepalive_timeout
        self._keepalive_requests = keepalive_requests
        self._seconds = keeper.deadlines.seconds
        self._parser = HttpResponseParser(self)
        self._receiver: ResponseReceiver | None = None
        # Why a head was refused: the parser would tell only that one of its callbacks failed.
        self._refused: MalformedResponse | None = None
        self._gone = False

    # -- the request ---------------------------------------------------------------------------------------------------

    def send(
        self,
        data: bytes,
        receiver: ResponseReceiver,
        method: bytes,
        complete: bool,
        read_timeout: float,
        send_timeout: float,
    ) -> None:
        """Send a request's head, with the body bytes that are here, and tell `receiver` of the response.

        `method` is the request's. `complete`: nothing follows; else `write` and `finish` do. Timeouts in seconds.
        """
        self.requests += 1
        self._receiver = receiver
        self._method = method
        self._sent = complete
        self._read_timeout = read_timeout
        self._send_timeout = send_timeout
        self._reason = b""
        self._fields: list[Field] = []
        self._head_size = self._fields_size = 0
        self._head: ResponseHead | None = None
        self._told = self._ended = self._extra = self._held = self._blocked = False
        self._chunks: list[bytes] = []
        self._await()
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

    def _await(self) -> None:
        """Set the deadline for what the server has to do now; nothing while it is held, or the request still comes."""
        if self._held:
            self.deadline = NEVER
        elif self._blocked:
            self.deadline = self._seconds() + self._send_timeout
        else:
            self.deadline = self._seconds() + self._read_timeout if self._sent else NEVER

    def close(self) -> None:
        """End the connection, with whatever is going on there; the receiver is not told."""
        self._receiver = None
        if not self._gone:
            self.transport.abortConnection()

    @property
    def stale(self) -> bool:
        """Whether the server has already closed this idle connection."""
        return self._gone or closed_by_peer(self.transport)

    # -- the connection ------------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        self._write = writer(self.transport)
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        self._keeper.deadlines.watch(self)

    def dataReceived(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            # Nothing was asked: whatever this is, it must not be taken for the answer to the next request.
            self._discard()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._fail(MalformedResponse("101 without an upgrade asked for"))
            return
        except HttpParserCallbackError:
            if self._refused is None:
                raise
            self._fail(self._refused)
            return
        except HttpParserError as error:
            if not self._ended:
                self._fail(MalformedResponse(str(error)))
                return
            self._extra = True
        if self._head is None:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self._fail(MalformedResponse("response head too large"))
            return
        self._tell(receiver)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        self._keeper.deadlines.unwatch(self)
        receiver = self._receiver
        if receiver is None:
            self._keeper.forget(self)
        elif self._head is not None and self._head.until_close and reason.check(ConnectionDone):
            self._ended = True
            self._tell(receiver)
        elif self._head is None and not self._head_size and self.requests > 1:
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
        """The response has ended: keep the connection if both sides agree on where the next one begins."""
        assert self._head is not None
        clean = self._sent and self._head.reusable and not self._extra and not self._gone
        if clean and self.requests < self._keepalive_requests:
            if self._method == b"HEAD":
                # The parser still waits for the body that an answer to HEAD does not have.
                self._parser = HttpResponseParser(self)
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

    # -- what the parser calls -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._ended:
            self._extra = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: read, and dropped.
        if self._head is None:
            self._fields.append((name.lower(), name, value.rstrip(b" \t")))
            self._fields_size += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._head is not None:
            return
        if status < 200:
            if status not in _INTERIM:
                # A 101 that nobody asked for, and what the parser would give a body to.
                raise self._refuse(MalformedResponse(f"an unexpected {status}"))
            # The real response follows (RFC 9110 section 15.2).
            self._fields = []
            self._reason = b""
            return
        if self._fields_size > HEAD_LIMIT:
            raise self._refuse(MalformedResponse("response head too large"))
        try:
            self._head = read_response_head(
                status,
                self._reason.rstrip(),
                self._fields,
                self._parser.should_keep_alive(),
                bodiless(self._method, status),
            )
        except MalformedResponse as fault:
            raise self._refuse(fault) from None
        # The parser does not know that an answer to HEAD ends with its head.
        self._ended = self._method == b"HEAD"

    def _refuse(self, fault: MalformedResponse) -> MalformedResponse:
        self._refused = fault
        return fault

    def on_body(self, data: bytes) -> None:
        if self._ended or self._head is None:
            # Behind the response's end, or in an interim response, there is no body.
            self._extra = True
        else:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self._head is not None:
            self._ended = True

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
