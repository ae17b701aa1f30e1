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
        self._limits = limits
        self._parser = HttpRequestParser(self)
        self._target = b""
        self._fields: list[Field] = []
        self._head_size = 0
        self._message: Message | None = None

    @property
    def head_begun(self) -> bool:
        """Whether a head has begun to arrive and is not whole."""
        return self._head_size > 0

    def feed(self, data: bytes) -> None:
        """Read what has arrived."""
        if self.finished:
            return
        if self._message is None:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            if not isinstance(error.__context__, ClientFault):
                raise
            self.fail(error.__context__)
        except HttpParserError as error:
            self.fail(ClientFault(400, str(error)))
        else:
            if self._head_size > self._limits.head:
                self.fail(ClientFault(431 if self._fields else 414, "request head too large"))

    def fail(self, fault: ClientFault) -> None:
        """Give up on the message that is arriving, and on all that might follow it."""
        if self.finished:
            return
        self.finished = True
        self._head_size = 0
        if self._message is not None:
            self._message.fault = fault
        else:
            head = RequestHead(b"", self._target, True, tuple(self._fields), keep_alive=False)
            self.messages.append(Message(head, fault))

    def _go_on_without_upgrade(self, rest: bytes) -> None:
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
        if rest:
            self.feed(rest)

    # -- what the parser calls -----------------------------------------------------------------------------------------

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: read, and dropped (RFC 9110 section 6.5.1).
        if self._message is None:
            self._fields.append((name.lower(), name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        head = read_request_head(
            parser.get_method(),
            self._target,
            parser.get_http_version(),
            self._fields,
            parser.should_keep_alive(),
            self._limits,
        )
        self._message = message = Message(head)
        self.messages.append(message)
        self._target = b""
        self._fields = []
        self._head_size = 0

    def on_body(self, data: bytes) -> None:
        if self._message is not None:
            self._message.chunks.append(data)

    def on_message_complete(self) -> None:
        message, self._message = self._message, None
        if message is not None:
            message.complete = True
            # What follows a request that closes the connection belongs to nothing.
            self.finished = not message.head.keep_alive and not self._parser.should_upgrade()


class _BodyOnly:
    """What a parser calls that reads the rest of a body and nothing else."""

    def __init__(self, reader: RequestReader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete
