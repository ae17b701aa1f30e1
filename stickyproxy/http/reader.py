"""Reads requests off a connection: bytes in, messages out, each a head and the body bytes that nobody took yet."""

from collections import deque

from stickyproxy.errors import ClientFault, MalformedMessage
from stickyproxy.http.bodies import Body, ChunkedBody, SizedBody
from stickyproxy.http.heads import REQUEST_LINE, HeadReader
from stickyproxy.http.request import Limits, RequestHead, read_request_head


class Message:
    """A request as it arrives. `fault` says why it will never be complete."""

    __slots__ = ("chunks", "complete", "fault", "head")

    def __init__(self, head: RequestHead, fault: ClientFault | None = None) -> None:
        self.head = head
        self.fault = fault
        self.chunks: list[bytes] = []
        self.complete = False


class RequestReader:
    """A parser for one connection (RFC 9112). After a fault nothing more is read: no one knows where the next starts.

    `messages` are those whose head is whole, in order; whoever takes one from the left goes on to watch its `chunks`,
    `complete` and `fault`. `head_begun`: a part of a further head is here.
    """

    def __init__(self, limits: Limits) -> None:
        self.messages: deque[Message] = deque()
        self.finished = self.head_begun = False
        self._limits = limits
        self._heads = HeadReader(REQUEST_LINE, limits.head)
        # The message whose body is arriving.
        self._message: Message | None = None
        self._body: Body = SizedBody(0)

    def feed(self, data: bytes) -> bytes:
        """Read what has arrived; return what is left behind a request for an upgrade, whose answer says what it is."""
        try:
            while data and not self.finished:
                if self.messages and self.messages[-1].head.upgrade:
                    return data
                data = self._read_head(data) if self._message is None else self._read_body(self._message, data)
        except MalformedMessage as malformed:
            self.fail(ClientFault(malformed.status, str(malformed)))
        except ClientFault as fault:
            self.fail(fault)
        return b""

    def _read_head(self, data: bytes) -> bytes:
        heads = self._heads
        rest = heads.feed(data)
        self.head_begun = heads.begun
        if rest is None:
            return b""
        method, target, _ = heads.first
        head = read_request_head(method, target, heads.http11, heads.fields, heads.size, self._limits)
        # Else a connection would hold them as long as it is idle.
        heads.first, heads.fields = (), []
        message = Message(head)
        self.messages.append(message)
        if head.chunked or head.length:
            self._message = message
            limits = self._limits
            self._body = ChunkedBody(limits.fields, limits.head) if head.length is None else SizedBody(head.length)
        else:
            self._complete(message)
        return rest

    def _read_body(self, message: Message, data: bytes) -> bytes:
        body = self._body
        parts, rest = body.take(data)
        # Many small ones would take up many times their size.
        message.chunks += parts if len(parts) < 2 else [b"".join(parts)]
        if body.ended:
            self._message = None
            self._complete(message)
        return rest

    def _complete(self, message: Message) -> None:
        message.complete = True
        # What follows a request that closes the connection belongs to nothing, or to another protocol.
        self.finished = not message.head.keep_alive and not message.head.upgrade

    def fail(self, fault: ClientFault) -> None:
        """Give up on the message that is arriving, and on all that might follow it."""
        if self.finished:
            return
        self.finished = True
        self.head_begun = False
        if self._message is not None:
            self._message.fault = fault
        else:
            method, target, _ = self._heads.first or (b"", b"", b"")
            head = RequestHead(method, target, self._heads.http11, tuple(self._heads.fields), keep_alive=False)
            self.messages.append(Message(head, fault))
