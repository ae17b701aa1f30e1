"""The two ends of the proxy, on real sockets: servers that refuse, stall, reset and count, a client of raw bytes."""

import socket
from collections.abc import Callable
from typing import TypeVar

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import ContextFactory
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from tests.end_to_end.messages import Message, head_of, message_of

HOST = "127.0.0.1"
# How long anything may be waited for, in seconds: what takes longer will never come.
PATIENCE = 10.0

T = TypeVar("T")


class Waitable:
    """Something that changes, and can be waited for: whoever changes it calls `changed`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], object], Deferred[object]]] = []

    def until(self, ready: Callable[[], T]) -> "Deferred[T]":
        """Fire with what `ready` returns, as soon as that is true."""
        found = ready()
        if found:
            return succeed(found)
        waiting: Deferred[T] = Deferred(lambda _: self._waiting.remove(entry))
        entry = (ready, waiting)
        self._waiting.append(entry)
        return waiting.addTimeout(PATIENCE, reactor, self._give_up)

    def changed(self) -> None:
        """Look whether what is waited for has come."""
        for entry in self._waiting[:]:
            ready, waiting = entry
            found = ready()
            if found and entry in self._waiting:
                self._waiting.remove(entry)
                waiting.callback(found)

    def _give_up(self, result: object, timeout: float) -> None:
        if isinstance(result, Failure):
            result.trap(CancelledError)
        raise AssertionError(f"not within {timeout} seconds; what is here: {self!r}")


def eventually(ready: Callable[[], object], within: float = PATIENCE) -> "Deferred[object]":
    """Fire as soon as `ready` returns something true, for changes that nobody tells of."""
    looking = LoopingCall(lambda: looking.stop() if ready() else None)
    return looking.start(0.01).addTimeout(within, reactor)


# -- servers ---------------------------------------------------------------------------------------------------------


class FakeServer(Factory, Waitable):
    """A server on a port that nobody else gets while it is stopped: its own, or the one that it is given.

    `requests` are those that it has read, in order, `accepted` counts the connections it took. What it does with a
    request is `answer`, which a test may replace at any time; `end` is the class of its connections.
    """

    noisy = False

    def __init__(
        self, name: str, end: "type[ServerEnd]", tls: ContextFactory | None = None, host: str = HOST, port: int = 0
    ) -> None:
        Waitable.__init__(self)
        self.name = name
        self._end = end
        self._tls = tls
        self.requests: list[Message] = []
        self.accepted = 0
        self.connections: list[ServerEnd] = []
        self.answer: Answer = answering()
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind((host, port))
        self.host = host
        self.port: int = self._place.getsockname()[1]
        self._listening: IListeningPort | None = None

    def __repr__(self) -> str:
        requests = [(message.first, len(message.body)) for message in self.requests]
        return f"<server {self.name}: {len(self.connections)} of {self.accepted} connections, {requests}>"

    @property
    def address(self) -> str:
        """Its address, as a `server` line has it."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Take connections; before, and after `stop`, they are refused."""
        if self._tls is None:
            self._listening = reactor.listenTCP(self.port, self, interface=self.host)
        else:
            self._listening = reactor.listenSSL(self.port, self, self._tls, interface=self.host)

    async def stop(self) -> None:
        """Die: refuse connections and reset those that are open."""
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening.stopListening()
        await self.reset()

    async def reset(self) -> None:
        """Reset every open connection."""
        for connection in self.connections:
            connection.transport.abortConnection()
        await self.until(lambda: not self.connections)

    async def hang_up(self) -> None:
        """Close every open connection, orderly."""
        for connection in self.connections:
            connection.transport.loseConnection()
        await self.until(lambda: not self.connections)

    async def close(self) -> None:
        """Stop, and give the port back."""
        await self.stop()
        self._place.close()

    def buildProtocol(self, addr: IAddress | None) -> "ServerEnd":
        self.accepted += 1
        return self._end(self)


class ServerEnd(Protocol):
    """One connection to a fake server; `served` counts the requests on it."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.served = 0
        self.received = b""

    def changed(self) -> None:
        """Tell who waits for the server."""
        self.server.changed()

    def connectionMade(self) -> None:
        self.server.connections.append(self)
        self.changed()

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        while found := message_of(self.received):
            message, self.received = found
            self.served += 1
            self.server.requests.append(message)
            self.server.answer(self, message)
        self.changed()

    def connectionLost(self, reason: Failure) -> None:
        self.server.connections.remove(self)
        self.changed()


Answer = Callable[[ServerEnd, Message], None]


def answering(status: int = 200, *fields: bytes, body: bytes | None = None) -> Answer:
    """Answer with those field lines and a Content-Length; the body is the server's name when none is given."""

    def answer(end: ServerEnd, request: Message) -> None:
        content = end.server.name.encode() if body is None else body
        lines = [b"HTTP/1.1 %d Whatever" % status, *fields, b"Content-Length: %d" % len(content), b"", b""]
        end.transport.write(b"\r\n".join(lines) + (b"" if request.method == b"HEAD" else content))

    return answer


def saying(data: bytes) -> Answer:
    """Answer with just these bytes."""
    return lambda end, request: end.transport.write(data)


def saying_last(data: bytes) -> Answer:
    """Answer with just these bytes, and close."""

    def answer(end: ServerEnd, request: Message) -> None:
        end.transport.write(data)
        end.transport.loseConnection()

    return answer


def echoing(end: ServerEnd, request: Message) -> None:
    """Answer with the body of the request."""
    end.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)


def resetting(end: ServerEnd, request: Message) -> None:
    """Read the request, and reset the connection."""
    end.transport.abortConnection()


def silent(end: ServerEnd, request: Message) -> None:
    """Read the request, and say nothing."""


# -- the client ------------------------------------------------------------------------------------------------------


class Client(Protocol, Waitable):
    """A connection of a client that says and sees the very bytes. `received` is what it has not yet taken."""

    def __init__(self) -> None:
        Waitable.__init__(self)
        self.received = b""
        self.lost: BaseException | None = None

    def __repr__(self) -> str:
        return f"<client, {self.lost or 'connected'!r}: {self.received[:2000]!r}>"

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.changed()

    def connectionLost(self, reason: Failure) -> None:
        self.lost = reason.value
        self.changed()

    def send(self, data: bytes) -> None:
        """Say these bytes."""
        self.transport.write(data)

    async def head(self) -> Message:
        """Take the head of a response, and leave the body in `received`."""
        head, self.received = await self.until(lambda: head_of(self.received))
        return head

    async def response(self, to_head: bool = False) -> Message:
        """Take the next response; the connection's end is its end only if it says nothing else."""
        message, self.received = await self.until(
            lambda: message_of(self.received, bodiless=to_head, closed=self.lost is not None)
        )
        return message

    async def request(self, head: bytes, body: bytes = b"") -> Message:
        """Send a request, whose lines are given without their ends, and take its response."""
        self.send(head.replace(b"\n", b"\r\n") + b"\r\nHost: example.org\r\n\r\n" + body)
        return await self.response(to_head=head.startswith(b"HEAD "))

    async def end(self) -> bool:
        """Wait for the connection's end; say whether it was an orderly one."""
        return isinstance(await self.until(lambda: self.lost), ConnectionDone)

    async def close(self) -> None:
        """Go away, whatever is going on."""
        if self.lost is None:
            self.transport.abortConnection()
        await self.end()
