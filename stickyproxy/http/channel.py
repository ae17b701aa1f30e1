"""One client connection: takes its requests one at a time and writes the answers in order."""

from collections.abc import Callable
from itertools import count

from attrs import evolve
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from stickyproxy.errors import ClientFault
from stickyproxy.http.answering import Answering
from stickyproxy.http.deadlines import NEVER, Deadlines
from stickyproxy.http.framing import LAST_CHUNK
from stickyproxy.http.proxy_protocol import ProxyHeader
from stickyproxy.http.reader import Message, RequestReader
from stickyproxy.http.transports import half_close, unsent, writer
from stickyproxy.http.tunnel import End
from stickyproxy.http.turns import Post, at_once
from stickyproxy.http.words import ChannelSettings, Ends, RequestHandler, TlsSession

# How long, after the last byte of the last answer, what a client still sends is thrown away, so that the answer reaches
# it instead of a reset (nginx's lingering_time).
LINGER = 30.0

# How much of what a client sends ahead is read, in bytes, although nobody can take it yet. The socket is read on since
# that is how a client's leaving is noticed.
AHEAD = 64 * 1024

_log = Logger()
_serials = count(1)


@implementer(IPushProducer, IHandshakeListener)
class Channel(Answering):
    """The server side of one connection (RFC 9112). A handler answers by `start`, `write` and `end`."""

    __slots__ = """
        _backlog _blocked _closing _deadlines _fetched _handle _handler _held _post _proceeding _proxied _reader
        _reading _seconds _send_timeout _tell_gone _wanted deadline ends
    """.split()

    def __init__(
        self,
        handle: "Callable[[Channel, Message], RequestHandler]",
        settings: ChannelSettings,
        deadlines: Deadlines,
        gone: "Callable[[Channel], None]",
        post: Post,
        proxied: ProxyHeader | None = None,
    ) -> None:
        super().__init__(settings)
        self.deadline = NEVER
        self._handle = handle
        self._deadlines = deadlines
        self._seconds = deadlines.seconds
        self._tell_gone = gone
        self._post = post
        self._proxied = proxied
        self._reader = RequestReader(settings.limits)
        self._backlog = b""
        # Who answers the request in progress.
        self._handler: RequestHandler | None = None
        self._wanted = self._held = False
        self._send_timeout = 0.0
        # How many of the bytes written the client had fetched when it was last looked at.
        self._fetched = 0
        self._reading = True
        self._proceeding = self._blocked = self._closing = False

    # -- the connection ------------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport = self.transport
        self._write = writer(transport)
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)
        self.ends = Ends.of(transport, next(_serials), self._proxied)
        self.deadline = self._seconds() + self._settings.header_timeout
        self._deadlines.watch(self)

    def handshakeCompleted(self) -> None:
        """Only over TLS."""
        self.ends = evolve(self.ends, tls=TlsSession.of(self.transport))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        self._deadlines.unwatch(self)
        if self._handler is not None and not self._handler.client_lost():
            self._handler = None
        if self.end_of_tunnel is not None:
            self.end_of_tunnel.lost()
        elif self._handler is None:
            self._tell_gone(self)

    def take(self, data: bytes) -> None:
        if self._closing:
            return
        message = self._message
        if message is None and not self._blocked:
            reader = self._reader
            begun = reader.head_begun
            if self._backlog:
                data = self._backlog + data
            self._backlog = reader.feed(data)
            if not begun and not reader.messages:
                self.deadline = self._seconds() + self._settings.header_timeout
        elif self.end_of_tunnel is not None:
            self.end_of_tunnel.received(data)
        elif message is None or message.complete:
            # The next request waits, unparsed, until this one is answered.
            self._backlog += data
        else:
            self._backlog = self._reader.feed(data)

    def dataReceived(self, data: bytes) -> None:
        """Over TLS, all at once: that layer may close the connection behind what it has handed on."""
        post, self._post = self._post, at_once
        try:
            self.take(data)
            self.go_on()
        finally:
            self._post = post

    def go_on(self) -> None:
        if self._gone:
            return
        if self._message is None:
            self._proceed()
        else:
            self._deliver()

    def timed_out(self) -> None:
        """The deadline has passed: what that means depends on what was waited for."""
        self.deadline = NEVER
        message = self._message
        if self._closing or self._blocked:
            self._give_time_or_abort()
        elif message is None and not self._reader.head_begun:
            self._close()
        elif message is None:
            self._reader.fail(ClientFault(408, "the request head did not arrive in time"))
            self._proceed()
        elif not message.complete:
            self._reader.fail(ClientFault(408, "the request body did not arrive in time"))
            self._deliver()

    def _give_time_or_abort(self) -> None:
        """A client that has fetched something since the last look may go on to fetch; one that has not is cut."""
        if self._written - unsent(self.transport) > self._fetched:
            self._await_fetching()
        else:
            self._closing = True
            self.transport.abortConnection()

    def _await_fetching(self) -> None:
        """Give the client `send_timeout` to fetch something; when all is fetched, LINGER to close from its side."""
        left = unsent(self.transport)
        self._fetched = self._written - left
        self.deadline = self._seconds() + (self._send_timeout if left or self._blocked else LINGER)

    def finish(self) -> None:
        """Take no further request: close now if none is in progress, else with its answer."""
        self._last = True
        if self._message is None and not self._reader.messages and not self._closing:
            self._close()

    def abort(self) -> None:
        """Cut the connection, so that the client cannot take what it got for the whole answer."""
        self._handler = None
        self._closing = True
        if self._gone:
            self._tell_gone(self)
        else:
            self.transport.abortConnection()

    # -- taking requests -----------------------------------------------------------------------------------------------

    def _proceed(self) -> None:
        """Begin the next request, and the next as long as they are answered at once."""
        if self._proceeding:
            return
        self._proceeding = True
        try:
            while self._message is None and not self._closing and not self._blocked:
                messages = self._reader.messages
                if self._backlog and (not messages or not messages[0].complete):
                    # The backlog goes on where the reader stopped: in the midst of this request, or behind the last.
                    self._backlog = self._reader.feed(self._backlog)
                    # What begins there has the time of a head, and no longer that of an idle client.
                    self._await()
                if not messages:
                    break
                self._message = message = messages.popleft()
                self._wanted = self._held = False
                self._continue_due = message.head.expects_continue
                self.deadline = NEVER
                self.requests += 1
                self._handler = self._handle(self, message)
                self._post(self._begin)
        finally:
            self._proceeding = False
        self._regulate()

    def _begin(self) -> None:
        handler = self._handler
        if handler is None:
            return
        # Only now has the handler before been told that its answer is out, and read how long it was.
        self.bytes_sent = 0
        self._send_timeout = handler.send_timeout
        try:
            handler.begin()
        except Exception:  # noqa: BLE001 - whoever called, it is this connection that cannot go on
            _log.failure("a request could not be handled")
            if not self._gone:
                self.transport.abortConnection()

    def hand_over(self, handler: RequestHandler) -> None:
        """Have another handler answer the request in progress; nothing of the answer has been started."""
        self._handler = handler
        self._wanted = self._held = False

    def want_body(self) -> None:
        """Have the handler told of the body from now on, or again, what is here of it at once."""
        message = self._message
        if message is None:
            return
        if self._continue_due and not message.complete and not message.chunks:
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._continue_due = self._held = False
        self._wanted = True
        self._deliver()

    def hold_body(self) -> None:
        """Read no more of the body than AHEAD until it is wanted again: nobody can take it."""
        self._held = True
        self._await()

    def _deliver(self) -> None:
        message, handler = self._message, self._handler
        if message is None or handler is None:
            return
        if self._wanted and not self._held:
            if message.fault is not None:
                self._wanted = False
                self.deadline = NEVER
                handler.body_failed(message.fault)
                return
            self._wanted = not message.complete
            self._await()
            if message.chunks or message.complete:
                chunks, message.chunks = message.chunks, []
                handler.body_received(chunks, message.complete)
        self._regulate()

    def _await(self) -> None:
        """Set the deadline for what the client has to do now: read on, send its body, or ask again."""
        handler = self._handler
        if self._blocked:
            self._await_fetching()
        elif handler is None:
            settings = self._settings
            patience = settings.header_timeout if self._reader.head_begun else settings.keepalive_timeout
            self.deadline = self._seconds() + patience
        elif self._wanted and not self._held:
            self.deadline = self._seconds() + handler.body_timeout
        else:
            self.deadline = NEVER

    def _regulate(self) -> None:
        """Read from the socket as long as what comes can be taken, or there is room for it."""
        message = self._message
        if self._closing:
            reading = True
        elif message is None:
            reading = not self._blocked
        elif message.complete:
            reading = len(self._backlog) < AHEAD
        else:
            reading = (self._wanted and not self._held) or sum(map(len, message.chunks)) < AHEAD
        if reading != self._reading and not self._gone:
            self._reading = reading
            if reading:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    # -- answering -----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """The answer is whole: send it, and go on to the next request. What still comes of this one is for nobody."""
        self._wanted = False
        self._post(self._end)

    def _end(self) -> None:
        if self._chunked:
            self._out.append(LAST_CHUNK)
        self.flush()
        message, handler = self._message, self._handler
        self._message = self._handler = None
        if self._gone:
            # Nothing more comes of this connection, and perhaps of this process.
            if handler is not None:
                handler.answered()
            self._tell_gone(self)
            return
        if handler is not None:
            self._post(handler.answered)
        if self._last:
            assert message is not None
            self._close(unread=not message.complete or bool(self._backlog))
        else:
            self._await()
            if self._backlog or self._reader.messages or self._blocked or not self._reading:
                self._proceed()

    def switch(self, reason: bytes, lines: list[bytes], end: End) -> bytes:
        """Grant the request its change of protocol: answer 101, and leave the connection to a tunnel as its `end`.

        `lines` end in CRLF; Connection is added to them. Nothing of the answer may have been started. Returns what the
        client has sent behind its request.
        """
        lines.append(b"Connection: upgrade\r\n")
        self._out += [b"HTTP/1.1 101 %b\r\n" % reason, *lines, b"\r\n"]
        self.flush()
        self._handler = None
        self.deadline = NEVER
        self.join(end, self.transport, self._write, self._blocked)
        early, self._backlog = self._backlog, b""
        return early

    def tunnel_over(self, handler: RequestHandler, sent: int) -> None:
        """The tunnel has ended on both sides, and has `sent` so many bytes to the client: its request is answered."""
        self.bytes_sent += sent
        handler.answered()
        self._tell_gone(self)

    def _close(self, unread: bool = False) -> None:
        """Close when all is written; `unread` bytes are awaited for a while, since closing over them sends a reset."""
        self._closing = True
        transport = self.transport
        transport.unregisterProducer()
        self._await_fetching()
        if unread:
            half_close(transport)
        else:
            transport.loseConnection()
        # Over TLS the client answers that it has understood.
        self._regulate()

    # -- the transport's view: this channel produces what is written to it ---------------------------------------------

    def pauseProducing(self) -> None:
        again, self._blocked = self._blocked, True
        if not (again or self._closing):
            self._await()
        if self._handler is not None:
            self._handler.client_paused()

    def resumeProducing(self) -> None:
        self._blocked = False
        if not self._closing:
            self._await()
        if self._handler is not None:
            self._handler.client_resumed()
        else:
            self._proceed()

    def stopProducing(self) -> None:
        """The transport is gone; `connectionLost` follows."""
