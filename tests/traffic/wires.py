"""A connection in memory that behaves as TCP does: it fills up, half-closes, and ends when its end is delivered."""

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from stickyproxy.http.turns import Stepwise

# How much may wait to be fetched before whoever writes is asked to pause, in bytes.
ROOM = 300


class Wire:
    """The transport of one protocol of ours, and the far end of its connection. `fetched` is what the far end took.

    `whole`: our side ended it in good order, and the far end took all that was written. What arrives is added to
    what is `read` in this turn of the reactor.
    """

    def __init__(self, protocol: Protocol, read: list[tuple[Stepwise, bytes]]) -> None:
        self.protocol = protocol
        # An endpoint has put another protocol around ours.
        self._reader: Stepwise = getattr(protocol, "_wrappedProtocol", protocol)
        self._read = read
        self.fetched = b""
        self.lost = self.whole = False
        self._waiting = b""
        self._reading = True
        self._closing = self._aborted = self._half_closed = self._paused = self._finished = False
        self._producer: IPushProducer | None = None
        protocol.makeConnection(self)

    # -- as a transport ------------------------------------------------------------------------------------------------

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 51000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 8080)

    def write(self, data: bytes) -> None:
        if self.lost or self._aborted or self._half_closed:
            return
        self._waiting += data
        if self._producer is not None and len(self._waiting) > ROOM:
            self._paused = True
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        self._closing, self._reading = True, False

    def abortConnection(self) -> None:
        self._aborted, self._reading = True, False

    def loseWriteConnection(self) -> None:
        self._half_closed = True

    def pauseProducing(self) -> None:
        self._reading = False

    def resumeProducing(self) -> None:
        self._reading = not (self._closing or self._aborted or self.lost)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    # -- as the far end ------------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether the far end may send, and what it sends now would be read."""
        return self._reading and not self.lost and not self._finished

    @property
    def told_all(self) -> bool:
        """Whether the far end has seen the end of what our side had to say, and all before it."""
        return self.whole or (self._half_closed and not self._aborted and not self._waiting)

    def send(self, data: bytes) -> None:
        """Have a segment arrive."""
        self._read.append((self._reader, data))

    def fetch(self, size: int) -> None:
        """Take up to `size` bytes that were written."""
        if self.lost or self._aborted:
            return
        self.fetched, self._waiting = self.fetched + self._waiting[:size], self._waiting[size:]
        if not self._waiting and self._producer is not None and self._paused:
            self._paused = False
            self._producer.resumeProducing()

    def finish(self) -> None:
        """Send nothing more: as Twisted has it, that is the end for a protocol that does not close by halves."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self._finished = True
            self.protocol.readConnectionLost()
        else:
            self.end(ConnectionDone())

    def end(self, reason: Exception) -> None:
        """End the connection from the far end, or for good."""
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(reason))

    def settle(self) -> None:
        """Deliver the end that our side has asked for."""
        if self._aborted:
            self.end(ConnectionAborted())
        elif self._closing and not self._waiting and not self.lost:
            self.whole = True
            self.end(ConnectionDone())
