"""Ports of which nobody hears, on a socket of loopback."""

from twisted.internet.protocol import DatagramProtocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python import log

from stickyproxy.names.quiet import QuietReactor


def test_ports_are_not_told_of(told: list[str]) -> None:
    """A port begins and ends without a text in the log; others are heard still."""
    reactor = MemoryReactorClock()
    protocol = DatagramProtocol()
    port = QuietReactor(reactor).listenUDP(0, protocol, "127.0.0.1")
    assert (port, [port]) == (protocol.transport, reactor.getReaders())
    port.stopListening()
    reactor.advance(0)
    assert (None, []) == (protocol.transport, reactor.getReaders())
    log.msg("heard")
    assert ["info: heard"] == [line for line in told if line != "info: "]


def test_port_is_taken_for_a_connection() -> None:
    """What the reactor still had to tell of a connection that had the same descriptor does not end the port."""
    reactor = MemoryReactorClock()
    port = QuietReactor(reactor).listenUDP(0, DatagramProtocol(), "127.0.0.1")
    assert (None, None) == (port.doWrite(), port.doRead())
    port.stopListening()
    reactor.advance(0)


def test_all_else_is_the_reactor_s() -> None:
    """It is the same clock."""
    reactor = MemoryReactorClock()
    reactor.advance(3)
    assert 3 == QuietReactor(reactor).seconds()
