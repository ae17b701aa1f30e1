"""Ports that come and go without a word: each question to a name server has one of its own."""

from typing import Any, cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.udp import Port
from twisted.python import log
from twisted.python.failure import Failure

# Nobody writes an event without a text.
_UNSAID = {"log_format": ""}


class QuietReactor:
    """A reactor whose datagram ports are not told of in the log."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenUDP(
        self, port: int, protocol: DatagramProtocol, interface: str = "", maxPacketSize: int = 8192
    ) -> "QuietPort":
        """Listen, as `IReactorUDP.listenUDP` says."""
        protocol.noisy = False
        quiet = QuietPort(port, protocol, interface, maxPacketSize, cast(Any, self._reactor))
        quiet.startListening()
        return quiet


class QuietPort(Port):
    """A datagram port that begins and ends in silence."""

    def startListening(self) -> None:
        log.callWithContext(_UNSAID, super().startListening)

    def doWrite(self) -> None:
        """Nothing: the event was one of a connection that had this descriptor, and was closed in the same turn."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        log.callWithContext(_UNSAID, super().connectionLost, reason)
