"""A connection in memory that behaves as TCP does: it fills up, half-closes, and ends when its end is delivered."""

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

# How much may wait to be fetched before whoever writes is asked to pause, in bytes.
ROOM = 300


class Wire:
    """The transport of one protocol of ours, and the far end of its connection. `fetched` is what the far end took."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.fetched = b""
        self.lost = self.aborted = self.half_closed = False
        self._waiting = b""
        self._reading = True
        self._closing = self._paused = False
        self._producer: IPushProducer | None = None
        protocol.makeConnection(self)

    # -- as a transport ------------------------------------------------------------------------------------------------

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 51000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 8080)

    def write(self, data: bytes) -> None:
        if self.lost or self.aborted or self.half_closed:
            return
        self._waiting += data
        if self._producer is not None and len(self._waiting) > ROOM:
            self._paused = True
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        self._closing, self._reading = True, False

    def abortConnection(self) -> None:
        self.aborted, self._reading = True, False

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def pauseProducing(self) -> None:
        self._reading = False

    def resumeProducing(self) -> None:
        self._reading = not (self._closing or self.aborted or self.lost)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    # -- as the far end ------------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether what is sent now would be read."""
        return self._reading and not self.lost

    def send(self, data: bytes) -> None:
        """Have a segment arrive."""
        self.protocol.dataReceived(data)

    def fetch(self, size: int) -> None:
        """Take up to `size` bytes that were written."""
        if self.lost or self.aborted:
            return
        self.fetched, self._waiting = self.fetched + self._waiting[:size], self._waiting[size:]
        if not self._waiting and self._producer is not None and self._paused:
            self._paused = False
            self._producer.resumeProducing()

    def end(self, reason: Exception) -> None:
        """End the connection from the far end, or for good."""
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(reason))

    def settle(self) -> None:
        """Deliver the end that our side has asked for."""
        if self.aborted:
            self.end(ConnectionAborted())
        elif self._closing and not self._waiting:
            self.end(ConnectionDone())

    @property
    def whole(self) -> bool:
        """Whether our side ended this in good order, with all that it wrote fetched."""
        return self._closing and not self.aborted
