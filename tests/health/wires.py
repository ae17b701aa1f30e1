"""A server in memory that is checked, and the time."""

from ipaddress import ip_address

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.config.addresses import InetAddress
from stickyproxy.health.words import Address
from tests.wire import Servers

# When the clock starts, in epoch seconds.
START = 1_700_000_000


class Wires:
    """The reactor and the servers that are behind it."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(START)
        self.servers = Servers(self.reactor)

    def connect(self, address: Address) -> IStreamClientEndpoint:
        """Connect to an address, with no deadline."""
        assert isinstance(address, InetAddress)
        return TCP4ClientEndpoint(self.reactor, address.host, address.port, timeout=None)

    @property
    def now(self) -> float:
        """The time since the start, in seconds."""
        return self.reactor.seconds() - START

    def wait(self, seconds: float) -> None:
        """Let time pass, with every timer on time."""
        end = self.reactor.seconds() + seconds
        while (calls := self.reactor.getDelayedCalls()) and min(call.getTime() for call in calls) <= end:
            self.reactor.advance(max(0.0, min(call.getTime() for call in calls) - self.reactor.seconds()))
        self.reactor.advance(max(0.0, end - self.reactor.seconds()))

    def sleep(self, seconds: float) -> None:
        """Let time pass while this process does nothing; then all timers are late."""
        self.reactor.advance(seconds)


def address(port: int = 80) -> InetAddress:
    """An address of the server."""
    return InetAddress(ip_address("10.0.0.1"), port)
