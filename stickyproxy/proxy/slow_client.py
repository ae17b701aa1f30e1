"""A client that does not keep up with its server: what waits for it, and who waits for whom (`proxy_buffering`)."""

from stickyproxy.config.buffering import Buffering
from stickyproxy.http.channel import Channel
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.response import ResponseHead
from stickyproxy.proxy.backlog import Backlog


def reads_ahead(settings: Buffering, response: ResponseHead | None) -> bool:
    """Say whether an answer is read ahead of its client; the server has the last word (ngx_http_upstream_module)."""
    said = response.first(b"x-accel-buffering").lower() if response is not None else b""
    return said == b"yes" or (settings.on and said != b"no")


class SlowClient:
    """Stands before a client from the moment when it took no more. `full`: it takes nothing for now."""

    __slots__ = ("_backlog", "_channel", "full")

    def __init__(self, channel: Channel, settings: Buffering) -> None:
        self._channel = channel
        self._backlog = Backlog(settings)
        self.full = True

    @property
    def waiting(self) -> bool:
        """Whether it has not fetched all yet."""
        return bool(self._backlog)

    def put(self, chunks: list[bytes], connection: ServerConnection | None) -> None:
        """Add what the server has said, and have the server wait where there is no room for more."""
        self._backlog.put(b"".join(chunks))
        if self._backlog.full and connection is not None:
            connection.hold()

    def catch_up(self, connection: ServerConnection | None) -> int:
        """Hand over as much as the client takes; return how many bytes, and let the server go on."""
        count = 0
        while self._backlog and not self.full:
            data = self._backlog.take()
            count += len(data)
            self._channel.write([data])
            self._channel.flush()
        if connection is not None and not self._backlog.full:
            connection.release()
        return count

    def close(self) -> None:
        """The request is over."""
        self._backlog.close()
