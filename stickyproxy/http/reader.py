"""Reads requests off a connection: bytes in, messages out, each a head and the body bytes that nobody took yet."""

from collections import deque

from attrs import evolve
from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from stickyproxy.errors import ClientFault
from stickyproxy.http.fields import Field
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
    `complete` and `fault`. `head_begun` says that a part of a further head is here.
    """

    def __init__(self, limits: Limits) -> None:
        self.messages: deque[Message] = deque()
        self.finished = False
        self.head_begun = False
        self._limits = limits
        self._parser = HttpRequestParser(self)
        self._target = b""
        self._fields: list[Field] = []
        self._unbodied = 0
        self._message: Message | None = None
        # Why a head was refused: the parser would tell only that one of its callbacks failed.
        self._fault: ClientFault | None = None

    def feed(self, data: bytes) -> None:
        """Read what has arrived."""
        while data and not self.finished:
            data = self._feed(data)

    def _feed(self, data: bytes) -> bytes:
        """Have the parser read `data`; return what it leaves behind a request for an upgrade."""
        # Whatever is no body counts: a head, chunk extensions, trailers.
        self._unbodied += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except HttpParserCallbackError:
            if self._fault is None:
                raise
            self.fail(self._fault)
            return b""
        except HttpParserError as error:
            self.fail(ClientFault(400, str(error)))
            return b""
        else:
            if self._unbodied > self._limits.head:
                target_grows = self._message is None and not self._fields
                self.fail(ClientFault(414 if target_grows else 431, "more than the limit for a head"))
            return b""
        self._go_on_without_upgrade()
        return rest

    def fail(self, fault: ClientFault) -> None:
        """Give up on the message that is arriving, and on all that might follow it."""
        if self.finished:
            return
        self.finished = True
        self.head_begun = False
        if self._message is not None:
            self._message.fault = fault
        else:
            head = RequestHead(b"", self._target, True, tuple(self._fields), keep_alive=False)
            self.messages.append(Message(head, fault))

    def _go_on_without_upgrade(self) -> None:
        """Read on as if no Upgrade had been asked for, since none is granted (RFC 9110 section 7.8).

        The parser takes what follows the head for another protocol's bytes. A body is read by a fresh parser that is
        shown the framing alone, and the connection ends with it.
        """
        message = self.messages[-1]
        if message.head.has_body:
            message.head = evolve(message.head, keep_alive=False)
            message.complete = False
            self._message = message
            length = message.head.length
            framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
            self._parser = HttpRequestParser(_BodyOnly(self))
            self._parser.feed_data(b"POST / HTTP/1.1\r\nConnection: close\r\n" + framing + b"\r\n\r\n")
        else:
            self._parser = HttpRequestParser(self)

    # -- what the parser calls -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.head_begun = True

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: read, and dropped (RFC 9110 section 6.5.1).
        if self._message is None:
            self._fields.append((name.lower(), name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        try:
            head = read_request_head(
                parser.get_method(),
                self._target,
                parser.get_http_version(),
                self._fields,
                parser.should_keep_alive(),
                self._limits,
            )
        except ClientFault as fault:
            self._fault = fault
            raise
        self._message = message = Message(head)
        self.messages.append(message)
        self._target = b""
        self._fields = []
        self._unbodied = 0
        self.head_begun = False

    def on_body(self, data: bytes) -> None:
        if self._message is not None:
            self._message.chunks.append(data)
            self._unbodied = 0

    def on_message_complete(self) -> None:
        message, self._message = self._message, None
        if message is not None:
            message.complete = True
            self._unbodied = 0
            # What follows a request that closes the connection belongs to nothing.
            self.finished = not message.head.keep_alive and not self._parser.should_upgrade()


class _BodyOnly:
    """What a parser calls that reads the rest of a body and nothing else."""

    def __init__(self, reader: RequestReader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete
