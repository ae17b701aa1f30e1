"""One try at one server: the peer that was chosen, and the connection to it, made or taken from those that are kept."""

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from stickyproxy.balance.peer import Peer
from stickyproxy.errors import ServerFault
from stickyproxy.http.agent import Agent
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.tls_client import SecureAgent
from stickyproxy.proxy.outcome import Try


class Connecting(Protocol):
    """Who is told what became of a connection that was asked for."""

    def connected(self, connection: ServerConnection) -> None:
        """It is there."""

    def server_failed(self, fault: ServerFault) -> None:
        """There is none."""

    def broken(self, failure: Failure) -> None:
        """Something of ours went wrong."""


class Attempt:
    """A try, from the choice of its peer until that is free again. `facts` are what is known of it afterwards."""

    __slots__ = ("_agent", "_connecting", "connection", "facts", "peer")

    def __init__(self, agent: Agent | SecureAgent, peer: Peer, facts: Try) -> None:
        self.peer = peer
        self.facts = facts
        self.connection: ServerConnection | None = None
        self._agent = agent
        self._connecting: Deferred[ServerConnection] | None = None
        peer.acquire()

    def reuse(self) -> ServerConnection | None:
        """Take a connection that is kept, if there is a good one."""
        connection = self._agent.take(self.peer.address)
        if connection is not None and connection.stale():
            # Closed, so that a request would be lost there; or with bytes that nobody asked for, which would be taken
            # for its response.
            connection.close()
            return None
        self.connection = connection
        return connection

    def connect(self, asking: Connecting, timeout: float, opening: bytes) -> None:
        """Ask for a new connection within `timeout` seconds, which begins with the bytes of `opening`."""
        self._connecting = connecting = self._agent.connect(self.peer.address, timeout, opening)
        to_asking = (asking,)
        connecting.addCallbacks(self._connected, self._not_connected, to_asking, errbackArgs=to_asking)
        connecting.addErrback(asking.broken)

    def _connected(self, connection: ServerConnection, asking: Connecting) -> None:
        self._connecting = None
        self.connection = connection
        asking.connected(connection)

    def _not_connected(self, failure: Failure, asking: Connecting) -> None:
        if self._connecting is None:
            # Given up by ourselves.
            return
        self._connecting = None
        if not isinstance(failure.value, ServerFault):
            failure.raiseException()
        asking.server_failed(failure.value)

    def end(self, now: float, failed: bool) -> None:
        """The try is over: whoever took part in it is free."""
        if self._connecting is not None:
            connecting, self._connecting = self._connecting, None
            connecting.cancel()
        if self.connection is not None:
            connection, self.connection = self.connection, None
            connection.close()
        self.facts.ended = now
        self.peer.release()
        if failed:
            self.peer.failure(now)
