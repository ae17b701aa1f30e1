import socket
from contextlib import suppress
from pathlib import Path
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, MemoryBIO, SSLContext, SSLWantReadError

import pytest
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from zope.interface import implementer

from stickyproxy.config.settings import KeyPair, NamedFile, Position
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.tls_server import ServerTls
from stickyproxy.http.transports import Transport, unsent, writer
from tests.certificates import Authority


@pytest.fixture
def client(tmp_path: Path) -> tuple[IProtocol, StringTransport]:
    """A connection of a client that has said nothing so far."""
    certificate, key = [
        NamedFile(str(path), "", Position("", 0)) for path in Authority().sign("one").write(tmp_path, "one")
    ]
    source = Certificates().for_clients(KeyPair(certificate, key), frozenset({"TLSv1.3"}))
    protocol = ServerTls(lambda _: source).wrap(Factory.forProtocol(Protocol), MemoryReactorClock()).buildProtocol(None)
    assert protocol is not None
    transport = StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


def test_plain_request(client: tuple[IProtocol, StringTransport]) -> None:
    """A request that is not over TLS is answered 400, once, and the connection ends."""
    protocol, transport = client
    for part in (b"G", b"ET / HTTP/1.1\r\n", b"Host: one\r\n\r\n"):
        protocol.dataReceived(part)
    assert transport.value().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert 1 == transport.value().count(b"HTTP/1.1")
    assert transport.disconnecting


def test_handshake_in_pieces(client: tuple[IProtocol, StringTransport]) -> None:
    """What may become a handshake is waited for, and what then is none ends the connection."""
    protocol, transport = client
    protocol.dataReceived(b"\x16")
    assert (b"", False) == (transport.value(), transport.disconnecting)
    protocol.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
    assert (b"", True) == (transport.value(), transport.disconnecting)


@implementer(IPushProducer)
class Producer:
    """Writes down how much of what it has written waits when it is told to pause."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.paused: list[int] = []

    def pauseProducing(self) -> None:
        self.paused.append(unsent(self.transport))


def test_a_client_that_does_not_read(client: tuple[IProtocol, StringTransport]) -> None:
    """Who writes pauses as soon as the kernel does not take all, when all of that one write is queued and no more."""
    protocol, _ = client
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        transport = Connection(ours, protocol, MemoryReactorClock())
        transport.connected = 1
        protocol.makeConnection(transport)
        asking, said, heard = SSLContext(PROTOCOL_TLS_CLIENT), MemoryBIO(), MemoryBIO()
        asking.check_hostname, asking.verify_mode = False, CERT_NONE
        peer = asking.wrap_bio(heard, said)
        with suppress(SSLWantReadError):
            peer.do_handshake()
        theirs.send(said.read())
        transport.doRead()
        heard.write(theirs.recv(1 << 16))
        peer.do_handshake()
        theirs.send(said.read())
        transport.doRead()
        producer = Producer(protocol)
        protocol.registerProducer(producer, True)
        write = writer(protocol)
        while not producer.paused:
            write(bytes(60_000))
        assert [unsent(protocol)] == producer.paused
        assert unsent(protocol) < 61_000
