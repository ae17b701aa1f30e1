"""What a channel says: one answer after the other, each a head, its framing and the bytes of its body."""

from collections.abc import Callable

from stickyproxy.http.framing import body_framing, chunked
from stickyproxy.http.reader import Message
from stickyproxy.http.response import bodiless
from stickyproxy.http.tunnel import Tunnelled
from stickyproxy.http.words import ChannelSettings


class Answering(Tunnelled):
    """The half of a channel that writes the answer to the request in progress.

    What is written goes out at the next `flush`, so that a head and the body that is already there are one write.
    `requests` counts those begun on this connection, `bytes_sent` what went out for the one in progress.
    """

    # As slots: an idle connection takes a third less memory, and a request a little less time.
    __slots__ = """
        _bodiless _chunked _continue_due _gone _last _message _out _settings _write _written bytes_sent requests
    """.split()

    _write: Callable[[bytes], None]

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._message: Message | None = None
        # Whether the client still waits for a 100, and whether this is the last answer.
        self._continue_due = self._last = False
        self._out: list[bytes] = []
        self._chunked = self._bodiless = False
        self._written = self.bytes_sent = self.requests = 0
        self._gone = False

    def start(self, status: int, reason: bytes, lines: list[bytes], length: int | None) -> None:
        """Begin the answer: status line and field lines, and the framing for a body of `length` bytes (None: unknown).

        `lines`, in whatever pieces, end in CRLF. They hold neither Content-Length, Transfer-Encoding nor Connection,
        which are added to them.
        """
        message = self._message
        assert message is not None
        head = message.head
        self._bodiless = bodiless(head.method, status)
        framing, self._chunked, until_close = body_framing(length, self._bodiless, status, head.http11)
        self._continue_due = False
        self._last = (
            self._last
            or until_close
            or not head.keep_alive
            or not message.complete
            or self.requests >= self._settings.keepalive_requests
            or not self._settings.keepalive_timeout
        )
        lines.append(framing)
        if self._last:
            lines.append(b"Connection: close\r\n")
        elif not head.http11:
            lines.append(b"Connection: keep-alive\r\n")
        out = self._out
        out.append(b"HTTP/1.1 %d %b\r\n" % (status, reason))
        out += lines
        out.append(b"\r\n")

    def send_interim(self, status: int, reason: bytes, lines: list[bytes]) -> None:
        """Send an interim response at once: 102 or 103; the answer has not begun."""
        self._out = [b"HTTP/1.1 %d %b\r\n" % (status, reason), *lines, b"\r\n"]
        self.flush()

    def write(self, chunks: list[bytes]) -> None:
        """Add body bytes to the answer; they are left out where the answer has no body."""
        if self._bodiless:
            return
        self._out += chunked(chunks) if self._chunked else chunks

    def flush(self) -> None:
        """Send what was added."""
        out, self._out = self._out, []
        if out and not self._gone:
            data = out[0] if len(out) == 1 else b"".join(out)
            self.bytes_sent += len(data)
            self._written += len(data)
            self._write(data)
