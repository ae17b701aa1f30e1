"""Makes a channel for each client of a listener, and ends them all when the time has come."""

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from stickyproxy.http.channel import Channel
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.introductions import Introduced
from stickyproxy.http.reader import Message
from stickyproxy.http.turns import Post, at_once
from stickyproxy.http.words import ChannelSettings, RequestHandler


class ChannelFactory(Factory):
    """The channels of one listener.

    `handle(channel, message)` returns the handler of one request; its `begin` is called next.
    """

    noisy = False

    def __init__(
        self,
        handle: Callable[[Channel, Message], RequestHandler],
        settings: ChannelSettings,
        deadlines: Deadlines,
        post: Post = at_once,
    ) -> None:
        self._handle = handle
        self.settings = settings
        self._deadlines = deadlines
        self._post = post
        self._channels: set[Channel] = set()
        self._drained: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Channel:
        header = addr.header if isinstance(addr, Introduced) else None
        channel = Channel(self._handle, self.settings, self._deadlines, self._gone, self._post, header)
        self._channels.add(channel)
        return channel

    def drain(self) -> Deferred[None]:
        """Have every connection end with its answer, those that are idle at once; fires when the last one is gone."""
        if not self._channels:
            return succeed(None)
        self._drained = Deferred()
        for channel in list(self._channels):
            channel.finish()
        return self._drained

    def _gone(self, channel: Channel) -> None:
        self._channels.discard(channel)
        if self._drained is not None and not self._channels:
            drained, self._drained = self._drained, None
            drained.callback(None)
