from pathlib import Path

import pytest
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport

from stickyproxy.config.settings import KeyPair, NamedFile, Position
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.tls_server import ServerTls
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
