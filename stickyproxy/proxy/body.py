"""The body of a request on its way to a server: passed on as it comes, or collected first (`proxy_request_buffering`).

One class for each way. A body knows how it is framed, how far it has got, and who has to wait for whom meanwhile.
"""

from typing import Protocol

from stickyproxy.config.buffering import RequestBuffering
from stickyproxy.http.channel import Channel
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.framing import LAST_CHUNK, chunked
from stickyproxy.http.request import RequestHead
from stickyproxy.proxy.temporary import TemporaryFile

# How much of a collected body is read from its file at a time, in bytes.
PIECE = 64 * 1024


class RequestBody(Protocol):
    """What there is of a body.

    `framing` is the last of the head's lines, with the empty line behind it. `complete`: all of it has come. `ready`: a
    server may be turned to. `resendable`: all that was sent can be sent to another server as well. `given`: all of it
    was handed over to the server's connection.
    """

    @property
    def framing(self) -> bytes: ...
    @property
    def complete(self) -> bool: ...
    @property
    def ready(self) -> bool: ...
    @property
    def resendable(self) -> bool: ...
    @property
    def given(self) -> bool: ...

    def add(self, parts: list[bytes], complete: bool) -> None:
        """More has come, the last of it when `complete`. May raise OSError, where it is written to disk."""

    def begin(self) -> list[bytes]:
        """Return what goes out together with the head."""

    def go_on(self, channel: Channel, connection: ServerConnection) -> None:
        """See to what is not given yet."""

    def pass_on(self, parts: list[bytes], connection: ServerConnection) -> None:
        """Hand over the `parts` that came last."""

    def server_paused(self, channel: Channel) -> None:
        """No more is taken for now, or there is nobody to take it."""

    def server_resumed(self, channel: Channel, connection: ServerConnection) -> None:
        """More is taken again."""

    def close(self) -> None:
        """The request is over."""


def request_body(head: RequestHead, settings: RequestBuffering) -> RequestBody:
    """Return the body that a request with that head will have."""
    if head.length is None and not head.chunked:
        return NO_BODY
    if not head.has_body:
        return EMPTY_BODY
    return CollectedBody(settings) if settings.whole else StreamedBody(head, settings.memory)


class NoBody:
    """No body, which has always been given."""

    complete = ready = resendable = given = True

    def __init__(self, framing: bytes) -> None:
        self.framing = framing

    def add(self, parts: list[bytes], complete: bool) -> None: ...

    def begin(self) -> list[bytes]:
        return []

    def go_on(self, channel: Channel, connection: ServerConnection) -> None: ...

    def pass_on(self, parts: list[bytes], connection: ServerConnection) -> None: ...

    def server_paused(self, channel: Channel) -> None: ...

    def server_resumed(self, channel: Channel, connection: ServerConnection) -> None: ...

    def close(self) -> None: ...


NO_BODY = NoBody(b"\r\n")
EMPTY_BODY = NoBody(b"Content-Length: 0\r\n\r\n")


class StreamedBody:
    """A body that is passed on as it comes, in chunks if it came so. Up to `limit` bytes of it are kept as well."""

    __slots__ = ("_chunked", "_held", "_kept", "_limit", "_size", "complete", "framing", "resendable")

    ready = True

    def __init__(self, head: RequestHead, limit: int) -> None:
        length = head.length
        self._chunked = length is None
        self.framing = (
            b"Transfer-Encoding: chunked\r\n\r\n" if length is None else b"Content-Length: %d\r\n\r\n" % length
        )
        self._limit = limit
        self._kept: list[bytes] = []
        # Whether the server in question takes no more for now.
        self._held = False
        self.complete = False
        self._size = 0
        self.resendable = True

    @property
    def given(self) -> bool:
        return self.complete

    def add(self, parts: list[bytes], complete: bool) -> None:
        self._size += sum(map(len, parts))
        self.complete = complete
        if self.resendable:
            self._kept += parts

    def begin(self) -> list[bytes]:
        self._held = False
        return self._sent(self._kept)

    def go_on(self, channel: Channel, connection: ServerConnection) -> None:
        if not self._held:
            channel.want_body()

    def pass_on(self, parts: list[bytes], connection: ServerConnection) -> None:
        connection.write(b"".join(self._sent(parts)))
        if self.complete:
            connection.finish()

    def _sent(self, parts: list[bytes]) -> list[bytes]:
        """Frame what is sent now; what is too long to be kept is no longer."""
        if self._size > self._limit:
            self.resendable = False
            self._kept = []
        if not self._chunked:
            return parts
        out = chunked(parts)
        if self.complete:
            out.append(LAST_CHUNK)
        return out

    def server_paused(self, channel: Channel) -> None:
        self._held = True
        if not self.complete:
            channel.hold_body()

    def server_resumed(self, channel: Channel, connection: ServerConnection) -> None:
        self._held = False
        if not self.complete:
            channel.want_body()

    def close(self) -> None: ...


class CollectedBody:
    """A body that goes out once it is whole, with its length: in memory as long as it is short, else in a file.

    It can be sent as often as there are servers.
    """

    __slots__ = ("_at", "_file", "_held", "_kept", "_settings", "_size", "complete")

    resendable = True

    def __init__(self, settings: RequestBuffering) -> None:
        self._settings = settings
        self._kept: list[bytes] = []
        self._file: TemporaryFile | None = None
        # How far the server in question has got, and whether it takes no more for now.
        self._at = 0
        self._held = False
        self._size = 0
        self.complete = False

    @property
    def ready(self) -> bool:
        return self.complete

    @property
    def framing(self) -> bytes:
        return b"Content-Length: %d\r\n\r\n" % self._size

    @property
    def given(self) -> bool:
        return self.complete and self._at == self._size

    def add(self, parts: list[bytes], complete: bool) -> None:
        self._size += sum(map(len, parts))
        self.complete = complete
        self._kept += parts
        if self._file is not None or self._size > self._settings.memory:
            if self._file is None:
                self._file = TemporaryFile(self._settings.path)
            self._file.append(b"".join(self._kept))
            self._kept = []

    def begin(self) -> list[bytes]:
        self._held = False
        self._at = 0
        if self._file is not None:
            return [self._next(self._file)]
        self._at = self._size
        return self._kept

    def _next(self, file: TemporaryFile) -> bytes:
        piece = file.read(self._at, PIECE)
        self._at += len(piece)
        return piece

    def go_on(self, channel: Channel, connection: ServerConnection) -> None:
        assert self._file is not None
        while not self._held and not self.given:
            connection.write(self._next(self._file))
        if self.given:
            connection.finish()

    def pass_on(self, parts: list[bytes], connection: ServerConnection) -> None:
        """Nothing comes any more when there is a connection."""

    def server_paused(self, channel: Channel) -> None:
        self._held = True

    def server_resumed(self, channel: Channel, connection: ServerConnection) -> None:
        self._held = False
        if not self.given:
            self.go_on(channel, connection)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
