from twisted.internet.address import IPv6Address, UNIXAddress

from stickyproxy.http.words import Ends
from tests.wire import Transport


def test_ends() -> None:
    """The two ends of a connection are addresses and ports, as bytes and numbers."""
    transport = Transport()
    transport.peerAddr = IPv6Address("TCP", "2001:db8::7", 51000)
    assert Ends(3, b"2001:db8::7", 51000, b"127.0.0.1", 8080) == Ends.of(transport, 3)


def test_ends_of_a_unix_socket() -> None:
    """On a Unix socket the ends have no addresses."""
    transport = Transport()
    transport.peerAddr = transport.hostAddr = UNIXAddress("/run/x")
    assert Ends(1, b"unix:", 0, b"unix:", 0) == Ends.of(transport, 1)
