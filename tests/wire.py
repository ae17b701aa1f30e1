"""Both ends of the proxy in memory: a client that speaks bytes to a channel, and servers that answer by hand."""

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure


class Transport(StringTransport):
    """A transport that also half-closes, as TCP does, and remembers how it was left."""

    def __init__(self) -> None:
        super().__init__(
            hostAddress=IPv4Address("TCP", "127.0.0.1", 8080), peerAddress=IPv4Address("TCP", "192.0.2.7", 51000)
        )
        self.half_closed = False

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    @property
    def reading(self) -> bool:
        """Whether whoever owns the transport wants to be given bytes."""
        return self.producerState == "producing"


class End:
    """One end of a connection, opposite to a protocol of ours."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.transport = Transport()
        protocol.makeConnection(self.transport)

    def send(self, *parts: bytes) -> None:
        """Send each part as a segment of its own."""
        for part in parts:
            self.protocol.dataReceived(part)

    def received(self) -> bytes:
        """Take what has arrived since the last call."""
        data = self.transport.value()
        self.transport.clear()
        return data

    def close(self) -> None:
        """Close this end in good order."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def reset(self) -> None:
        """Break the connection."""
        self.protocol.connectionLost(Failure(ConnectionLost()))

    @property
    def dropped(self) -> bool:
        """Whether the other side has ended the connection."""
        return self.transport.disconnecting or self.transport.half_closed


def connect(factory: Factory) -> End:
    """Connect a client to what `factory` listens with."""
    return End(factory.buildProtocol(None))


class Servers:
    """The servers that a reactor in memory is asked to connect to, in the order in which it is asked."""

    def __init__(self, reactor: MemoryReactorClock) -> None:
        self._reactor = reactor
        self._taken = 0

    @property
    def asked(self) -> list[tuple[str, int]]:
        """Where connections were asked for so far."""
        return [(host, port) for host, port, *_ in self._reactor.tcpClients]

    def accept(self) -> End:
        """Accept the next connection."""
        return End(self._next().buildProtocol(None))

    def refuse(self, error: Exception | None = None) -> None:
        """Refuse the next connection, or have it fail by `error`."""
        self._next().clientConnectionFailed(None, Failure(error or ConnectionRefusedError()))

    def _next(self) -> Factory:
        factory = self._reactor.tcpClients[self._taken][2]
        self._taken += 1
        return factory


def requests(*paths: bytes) -> bytes:
    """Write plain GET requests one after the other."""
    return b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths)
