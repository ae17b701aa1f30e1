"""The body of a request on its way to a server: kept while it is short, so that it can be sent to another as well."""

from stickyproxy.http.framing import LAST_CHUNK, chunked

# How much is kept, in bytes. A longer body is only streamed: it sits nowhere whole, and cannot be sent again.
KEPT = 64 * 1024


class RequestBody:
    """What has come so far. `kept` is all of it as long as `resendable`; `size` is bytes without framing."""

    __slots__ = ("_chunked", "complete", "kept", "resendable", "size")

    def __init__(self, chunked: bool, complete: bool) -> None:
        self._chunked = chunked
        self.kept: list[bytes] = []
        self.size = 0
        self.complete = complete
        self.resendable = True

    @property
    def full(self) -> bool:
        """Whether no more can be kept."""
        return self.size > KEPT

    def add(self, parts: list[bytes], complete: bool) -> None:
        """More has come."""
        self.size += sum(map(len, parts))
        self.complete = complete
        if self.resendable:
            self.kept += parts

    def sent(self) -> None:
        """All that has come is sent: what is too long to be sent again need not be kept."""
        if self.full:
            self.resendable = False
            self.kept = []

    def framed(self, parts: list[bytes]) -> list[bytes]:
        """Return the last `parts` that came as they go on the wire, with the end of the body where it is reached."""
        if not self._chunked:
            return parts
        out = chunked(parts)
        if self.complete:
            out.append(LAST_CHUNK)
        return out
