"""Listens where balancers introduce each client with a PROXY header, and hands on who came with it."""

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from stickyproxy.http.deadlines import NEVER, Deadlines
from stickyproxy.http.proxy_protocol import ProxyHeader, read_header
from stickyproxy.http.words import host_of

_log = Logger()


@implementer(IAddress)
@frozen
class Introduced:
    """The address that a factory is asked to build a protocol for: the peer's, which began with that PROXY header."""

    peer: IAddress | None
    header: ProxyHeader | None


class IntroductionFactory(Factory):
    """Takes connections from balancers that are trusted, and has `factory` serve each once its header is whole.

    Anybody else, whatever is no header, and one that is not whole after `timeout` seconds is closed without an answer.
    """

    noisy = False

    def __init__(
        self, factory: IProtocolFactory, trusts: Callable[[bytes], bool], timeout: float, deadlines: Deadlines
    ) -> None:
        self.factory = factory
        self.deadlines = deadlines
        self.timeout = timeout
        # Those that wait for their header.
        self.waiting: set[Introduction] = set()
        self._trusts = trusts

    def startFactory(self) -> None:
        self.factory.doStart()

    def stopFactory(self) -> None:
        self.factory.doStop()

    def buildProtocol(self, addr: IAddress | None) -> "Introduction | None":
        host = host_of(addr)
        if not self._trusts(host):
            _log.info("{host} is closed: no set_real_ip_from lets it introduce clients", host=host.decode())
            return None
        return Introduction(self, addr, host)

    def drain(self) -> None:
        """Close every connection whose header has not come: nothing was asked there."""
        for introduction in list(self.waiting):
            introduction.transport.abortConnection()


class Introduction(Protocol):
    """The beginning of a connection, up to the end of its header; then another protocol takes its place."""

    # A stream transport of Twisted's, whose protocol may be replaced.
    transport: Any
    deadline = NEVER

    def __init__(self, factory: IntroductionFactory, peer: IAddress | None, host: bytes) -> None:
        self._factory = factory
        self._peer = peer
        self._host = host
        self._data = b""

    def connectionMade(self) -> None:
        deadlines = self._factory.deadlines
        self.deadline = deadlines.seconds() + self._factory.timeout
        deadlines.watch(self)
        self._factory.waiting.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._over()

    def timed_out(self) -> None:
        """The header did not come in time."""
        self._close("no PROXY header in time")

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        try:
            received = read_header(self._data)
        except ValueError as error:
            self._close(str(error))
            return
        if received is None:
            return
        self._over()
        protocol = self._factory.factory.buildProtocol(Introduced(self._peer, received.header))
        if protocol is None:
            self.transport.abortConnection()
            return
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        if received.rest:
            protocol.dataReceived(received.rest)

    def _close(self, why: str) -> None:
        _log.error("{host} is closed: {why}", host=self._host.decode(), why=why)
        self._over()
        self.transport.abortConnection()

    def _over(self) -> None:
        """The connection has its header, or never will."""
        self._factory.deadlines.unwatch(self)
        self._factory.waiting.discard(self)
