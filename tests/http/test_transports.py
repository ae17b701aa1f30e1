import socket
from collections.abc import Iterator

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

from stickyproxy.config.settings import ProxySsl
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.tls_client import ClientTls
from stickyproxy.http.transports import adopt, half_close, hasten, unsent, watcher, writer


class Pair:
    """A transport of Twisted's on one end of a real socket pair, and the bare socket on the other."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair()
        self.peer.setblocking(False)
        self.reactor = MemoryReactorClock()
        self.transport = Connection(ours, Protocol(), self.reactor)
        self.transport.connected = 1

    def received(self) -> bytes:
        data = b""
        try:
            while part := self.peer.recv(1 << 20):
                data += part
        except BlockingIOError:
            pass
        return data

    @property
    def waits(self) -> bool:
        """Whether the transport has asked the reactor to be called back when it can write."""
        return self.transport in self.reactor.getWriters()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.transport.socket.close()
    pair.peer.close()


def test_at_once(pair: Pair) -> None:
    """What the kernel takes is there at once, and the reactor is not asked for a turn."""
    writer(pair.transport)(b"hello")
    assert (b"hello", False) == (pair.received(), pair.waits)


def test_in_order(pair: Pair) -> None:
    """What the kernel does not take is queued, and whatever follows goes behind it."""
    write = writer(pair.transport)
    sent = bytes(range(256)) * 8192
    write(sent)
    write(b"end")
    assert pair.waits
    received = pair.received()
    while pair.waits:
        pair.transport.doWrite()
        received += pair.received()
    assert sent + b"end" == received


class Producer:
    """What writes to a transport; `told` is what it was told to do."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")


def test_pause_at_once(pair: Pair) -> None:
    """Who writes pauses as soon as the kernel does not take all, though little is left, until that is taken too."""
    producer = Producer()
    pair.transport.registerProducer(producer, True)
    write = writer(pair.transport)
    write(b"hello")
    assert [] == producer.told
    while not producer.told:
        write(bytes(100))
    assert (["pause"], True) == (producer.told, unsent(pair.transport) <= 100)
    pair.received()
    pair.transport.doWrite()
    assert (["pause", "resume"], 0) == (producer.told, unsent(pair.transport))


def test_behind_what_is_queued(pair: Pair) -> None:
    """What was queued by Twisted's own write stays in front."""
    pair.transport.write(b"one ")
    writer(pair.transport)(b"two")
    assert b"" == pair.received()
    pair.transport.doWrite()
    assert b"one two" == pair.received()


def test_after_the_peer_is_gone(pair: Pair) -> None:
    """A broken connection is found out by the reactor, on its turn, not in the middle of a write."""
    pair.peer.close()
    writer(pair.transport)(b"hello")
    assert pair.waits
    assert isinstance(pair.transport.doWrite(), Exception)


def test_after_the_end(pair: Pair) -> None:
    """What is written to a connection that has ended goes nowhere."""
    pair.transport.connected = 0
    writer(pair.transport)(b"hello")
    assert (b"", False) == (pair.received(), pair.waits)


def test_what_twisted_keeps(pair: Pair) -> None:
    """The two queues that are looked at are the ones that Twisted fills."""
    pair.transport.write(b"hello")
    assert [b"hello"] == pair.transport._tempDataBuffer
    assert b"" == pair.transport.dataBuffer


def test_other_transports() -> None:
    """Any other transport is simply written to."""
    transport = StringTransport()
    assert transport.write == writer(transport)
    assert not watcher(transport)()


def test_haste(pair: Pair) -> None:
    """What Twisted's TLS writes is there at once as well; it is not who writes that is told to pause."""
    producer = Producer()
    hasten(pair.transport)
    pair.transport.registerProducer(producer, True)
    pair.transport.write(b"hello")
    assert (b"hello", False) == (pair.received(), pair.waits)
    while not pair.waits:
        pair.transport.write(bytes(100))
    assert ([], True) == (producer.told, unsent(pair.transport) <= 100)


def test_haste_elsewhere() -> None:
    """Any other transport is left as it is."""
    transport = StringTransport()
    before = transport.write
    hasten(transport)
    assert before == transport.write


def test_closed_by_peer(pair: Pair) -> None:
    """A connection is known to be closed before the reactor tells; unasked bytes make it as useless."""
    assert not watcher(pair.transport)()
    pair.peer.send(b"x")
    assert watcher(pair.transport)()
    pair.transport.socket.recv(1)
    assert not watcher(pair.transport)()
    pair.peer.close()
    assert watcher(pair.transport)()


# -- TLS -------------------------------------------------------------------------------------------------------------


def over_tls(pair: Pair) -> TLSMemoryBIOProtocol:
    """Begin to speak TLS on a connection, to a server that has not answered yet."""
    settings = ProxySsl("app", True, True, None, None)
    tls = ClientTls(settings, Certificates().for_servers(settings))
    secure = TLSMemoryBIOFactory(tls, True, Factory.forProtocol(Protocol), pair.reactor)
    secure.protocol = TLSMemoryBIOProtocol
    protocol = secure.buildProtocol(None)
    pair.transport.protocol = protocol
    protocol.makeConnection(pair.transport)
    return protocol


def test_unsent_over_tls(pair: Pair) -> None:
    """What waits for the handshake is as little sent as what waits for the kernel."""
    transport = over_tls(pair)
    hello = unsent(pair.transport)
    assert hello > 0
    transport.write(b"hello")
    assert hello + 5 == unsent(transport)


def test_closed_by_peer_under_tls(pair: Pair) -> None:
    """The kernel is asked about the connection below."""
    transport = over_tls(pair)
    assert not watcher(transport)()
    pair.peer.close()
    assert watcher(transport)()


def test_half_close(pair: Pair) -> None:
    """Of a TCP connection one half is closed; under TLS it stays whole, and so does one that cannot be halved."""
    transport = over_tls(pair)
    half_close(transport)
    assert not pair.transport._writeDisconnecting
    half_close(pair.transport)
    assert pair.transport._writeDisconnecting
    other = StringTransport()
    half_close(other)
    assert other.disconnecting


def test_adopt(pair: Pair) -> None:
    """A socket calls its own protocol, whatever an endpoint has put around it; what is no socket is left alone."""
    adopt(pair.transport, ours := Protocol())
    adopt(StringTransport(), Protocol())
    assert ours is pair.transport.protocol
