"""A tunnel: two connections that have left HTTP behind by a 101; whatever arrives on one goes out on the other."""

from collections.abc import Callable

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from zope.interface import alsoProvides, implementer

from stickyproxy.http.deadlines import NEVER, Deadlines
from stickyproxy.http.transports import Transport, half_close, unsent
from stickyproxy.http.turns import Stepwise


class Tunnel:
    """Both ends, and the time they may be idle.

    Who says something gives them another `idle` seconds, and so does who fetches some of what waits there. `over`
    is called once, when both connections are gone.
    """

    deadline = NEVER

    def __init__(self, deadlines: Deadlines, idle: float, over: Callable[[], None]) -> None:
        self.client = End(self)
        self.server = End(self)
        self.client.other, self.server.other = self.server, self.client
        self._deadlines = deadlines
        self._idle = idle
        self._over = over
        self._closing = False

    def open(self, from_client: bytes, from_server: bytes) -> None:
        """Begin, once both ends have joined, with what has already come from either side."""
        self._deadlines.watch(self)
        self.moved()
        for end, early in ((self.client, from_client), (self.server, from_server)):
            if early:
                end.received(early)
            end.regulate()

    def moved(self) -> None:
        """Something was said."""
        self.deadline = self._deadlines.seconds() + self._idle

    def close(self) -> None:
        """End both connections as soon as what is on its way there is delivered."""
        self._closing = True
        self.moved()
        self.client.close()
        self.server.close()

    def lost(self) -> None:
        """One of the connections is gone."""
        if self.client.gone and self.server.gone:
            self._deadlines.unwatch(self)
            self._over()
        else:
            self.close()

    def timed_out(self) -> None:
        """Nobody said anything for the idle time: close, and cut who does not even take what is on its way."""
        fetching = [end.fetches() for end in (self.client, self.server)]
        if any(fetching):
            self.moved()
        elif self._closing:
            self.client.abort()
            self.server.abort()
        else:
            self.close()


@implementer(IPushProducer)
class End:
    """One connection of a tunnel. `sent` counts the bytes that were written to it.

    `full`: its transport takes no more for now. `finished`: it says nothing more. `gone`: it is lost.
    """

    __slots__ = ("_fetched", "_transport", "_tunnel", "_write", "_writing", "finished", "full", "gone", "other", "sent")

    other: "End"

    def __init__(self, tunnel: Tunnel) -> None:
        self.sent = 0
        self.full = self.finished = self.gone = False
        self._tunnel = tunnel
        # How much of `sent` the kernel had taken when it was last looked at.
        self._fetched = 0
        self._writing = True

    def join(self, transport: Transport, write: Callable[[bytes], None], full: bool) -> None:
        """Be the end that `transport` leads to; `full` says that it takes no more for now."""
        self._transport = transport
        self._write = write
        self.full = full
        transport.unregisterProducer()
        transport.registerProducer(self, True)

    # -- what comes from there -----------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """It says something to the other end."""
        self._tunnel.moved()
        self.other.send(data)

    def ended(self) -> None:
        """It says nothing more, but may still listen."""
        self.finished = True
        if self.other.finished:
            self._tunnel.close()
        else:
            self._tunnel.moved()
            self.other.finish()

    def lost(self) -> None:
        """The connection is gone."""
        self.gone = True
        self._tunnel.lost()

    # -- what goes there -----------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Say something there, if it is still spoken to."""
        if self._writing:
            self.sent += len(data)
            self._write(data)

    def finish(self) -> None:
        """Say nothing more there."""
        if self._stop_writing():
            half_close(self._transport)

    def close(self) -> None:
        """End the connection when all is written."""
        self._stop_writing()
        if not self.gone:
            self._transport.loseConnection()

    def abort(self) -> None:
        """End the connection now."""
        if not self.gone:
            self._transport.abortConnection()

    def _stop_writing(self) -> bool:
        """Write no more; say whether that is new. A transport that still has a producer would wait for it for ever."""
        was_writing, self._writing = self._writing, False
        if was_writing:
            self._transport.unregisterProducer()
        return was_writing

    def fetches(self) -> bool:
        """Whether something waits to be fetched there, and some of it has been since this was last asked."""
        left = unsent(self._transport)
        before, self._fetched = self._fetched, self.sent - left
        return left > 0 and self._fetched > before

    # -- the transport's view: this end produces what is written to it -------------------------------------------------

    def pauseProducing(self) -> None:
        self.full = True
        self.other.regulate()

    def resumeProducing(self) -> None:
        self.full = False
        self.other.regulate()

    def stopProducing(self) -> None:
        """The transport is gone; `lost` follows."""

    def regulate(self) -> None:
        """Read from there as long as the other end can take it."""
        if self.other.full:
            self._transport.pauseProducing()
        else:
            self._transport.resumeProducing()


class Tunnelled(Stepwise):
    """A protocol whose connection may become an end of a tunnel; `end_of_tunnel` is that end from then on.

    Only then do the two directions end one by one; before, a connection that is closed halfway is lost.
    """

    end_of_tunnel: End | None = None

    def join(self, end: End, transport: Transport, write: Callable[[bytes], None], full: bool) -> None:
        """Leave the connection to a tunnel."""
        alsoProvides(self, IHalfCloseableProtocol)
        self.end_of_tunnel = end
        end.join(transport, write, full)

    def readConnectionLost(self) -> None:
        if self.end_of_tunnel is not None:
            self.end_of_tunnel.ended()

    def writeConnectionLost(self) -> None:
        """The tunnel has closed that direction itself."""
