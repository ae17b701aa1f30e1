"""Connections to the servers of one upstream: kept ones first, new ones where none is idle."""

import os
from collections.abc import Collection, Hashable
from typing import cast

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectError, TCPTimedOutError, TimeoutError
from twisted.internet.interfaces import IAddress, IReactorTCP, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.errors import ConnectFailed, ConnectTimedOut, NoDescriptors, ServerFault
from stickyproxy.http.accepting import EXHAUSTED
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.pool import Pool

Address = InetAddress | UnixAddress


@frozen
class AgentSettings:
    """How connections are kept: how many idle ones, for how many seconds, and for how many requests each."""

    keepalive: int
    keepalive_timeout: float
    keepalive_requests: int


class Agent:
    """Lends out connections; each comes back by itself when its response has ended and it can serve another request."""

    def __init__(self, reactor: IReactorTCP, deadlines: Deadlines, settings: AgentSettings) -> None:
        self.settings = settings
        self.deadlines = deadlines
        self.reactor = reactor
        self._pool: Pool[ServerConnection] = Pool(settings.keepalive)
        # None: to all.
        self._kept: frozenset[Hashable] | None = None

    def take(self, key: Hashable) -> ServerConnection | None:
        """Take an idle connection that leads to `key`, which is its address, or None."""
        return self._pool.take(key)

    def connect(self, address: Address, timeout: float, opening: bytes = b"") -> "Deferred[ServerConnection]":
        """Make a new connection within `timeout` seconds; fires with it, or fails.

        With ConnectFailed or ConnectTimedOut, or NoDescriptors where this process can open none.
        With `opening`, bytes that go out before all else and hold for all that follows, it is for one request only.
        Cancelling the Deferred gives the attempt up.
        """
        connecting = self.endpoint(address, timeout).connect(_ServerFactory(self, address, opening))
        return cast("Deferred[ServerConnection]", connecting.addErrback(translate))

    def keep(self, connection: ServerConnection) -> None:
        """Take back a connection that can serve another request."""
        if self._kept is None or _address(connection.key) in self._kept:
            self._pool.put(connection)
        else:
            connection.close()

    def forget(self, connection: ServerConnection) -> None:
        """A kept connection is gone."""
        self._pool.discard(connection)

    def keep_only(self, addresses: Collection[Address]) -> None:
        """Keep connections to these addresses alone, with TLS or without; close the others when they are idle."""
        self._kept = kept = frozenset(addresses)
        self._pool.clear(lambda key: _address(key) not in kept)

    def close(self) -> None:
        """Close all that is idle."""
        self._pool.clear()

    def endpoint(self, address: Address, timeout: float) -> IStreamClientEndpoint:
        """Return what connects to `address`, within `timeout` seconds."""
        return endpoint(self.reactor, address, timeout)


def _address(key: Hashable) -> Hashable:
    """Where the connections with that key lead: those with TLS have it beside what TLS asks."""
    return key[0] if isinstance(key, tuple) else key


def endpoint(reactor: IReactorTCP, address: Address, timeout: float | None) -> IStreamClientEndpoint:
    """Return what connects to `address`: within `timeout` seconds, or until whoever asked cancels."""
    if isinstance(address, UnixAddress):
        return UNIXClientEndpoint(reactor, address.path, timeout=timeout)
    kind = TCP4ClientEndpoint if address.ip.version == 4 else TCP6ClientEndpoint
    # No limit is something that endpoints know, and their type hints do not.
    return kind(reactor, address.host, address.port, timeout=cast(float, timeout))


class _ServerFactory(Factory):
    noisy = False

    def __init__(self, agent: Agent, address: Address, opening: bytes) -> None:
        self._agent = agent
        self._address = address
        self._opening = opening

    def buildProtocol(self, addr: IAddress | None) -> ServerConnection:
        settings = self._agent.settings
        requests = 1 if self._opening else settings.keepalive_requests
        return ServerConnection(self._agent, self._address, settings.keepalive_timeout, requests, self._opening)


def translate(failure: Failure) -> Failure:
    """Turn what went wrong with an endpoint into a ServerFault."""
    if failure.check(ServerFault):
        return failure
    if failure.check(TimeoutError, TCPTimedOutError):
        return Failure(ConnectTimedOut("no connection in time"))
    error = failure.value
    number = error.osError if isinstance(error, ConnectError) else getattr(error, "errno", None)
    if number in EXHAUSTED:
        return Failure(NoDescriptors(os.strerror(number).lower()))
    return Failure(ConnectFailed(failure.getErrorMessage()))
