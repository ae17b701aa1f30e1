"""The one place that looks inside Twisted: its connections, to write to the socket at once, and its reactor's turns.

Twisted queues every write and asks the reactor to be called back when the socket is writable: two `epoll_ctl` and a
turn of the loop for an answer that the kernel would have taken at once. Without them a fifth more requests are served.
Any transport but Twisted's own on sockets is simply written to. What a turn of the reactor is made of is used in
`polling`.
"""

import select
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from typing import Protocol as Interface

from attrs import frozen
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IAddress, IPushProducer, ITransport
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.protocols.tls import TLSMemoryBIOProtocol


class Transport(Interface):
    """What the channel and the agent need of a connection; Twisted's stream transports have it all."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...
    def getHost(self) -> IAddress: ...


def writer(transport: Transport) -> Callable[[bytes], None]:
    """Return the quickest way to write bytes to `transport`, in order with what is already queued.

    Its producer has to pause as soon as the kernel does not take all of a write: only the rest of that one is queued.
    """
    if isinstance(transport, TLSMemoryBIOProtocol):
        below: object = transport.transport
        return _secure_writer(transport, below) if isinstance(below, Connection) else transport.write
    if not isinstance(transport, Connection) or transport.TLS:
        return transport.write
    return _sender(transport, _pause)


def hasten(transport: ITransport) -> None:
    """Have the TLS that is spoken on a socket write as quickly; who writes by it is paused by its own `writer`."""
    if isinstance(transport, Connection):
        transport.write = _sender(transport, lambda _: None)  # type: ignore[method-assign]


def _sender(transport: Connection, pause: Callable[[Connection], None]) -> Callable[[bytes], None]:
    send = transport.socket.send
    queue = transport.write

    def write(data: bytes) -> None:
        if transport.dataBuffer or transport._tempDataBuffer or not transport.connected or transport.disconnecting:
            queue(data)
            return
        try:
            sent = send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # A failed connection: queued bytes make the reactor find the same failure and report it on its own turn.
            queue(data)
            return
        if sent < len(data):
            queue(data[sent:])
            pause(transport)

    return write


def _secure_writer(secure: TLSMemoryBIOProtocol, transport: Connection) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        secure.write(data)
        if transport.dataBuffer or transport._tempDataBuffer:
            _pause(transport)

    return write


def _pause(transport: Connection) -> None:
    """Have who writes wait until all is taken; Twisted has them wait only where more than 64 KiB are queued."""
    if transport.producer is not None:
        transport.producerPaused = True
        cast(IPushProducer, transport.producer).pauseProducing()


def adopt(transport: Transport, protocol: Protocol) -> None:
    """Have a socket call `protocol` itself, and not by way of the one that an endpoint has put around it."""
    if isinstance(transport, Connection):
        transport.protocol = protocol


def half_close(transport: Transport) -> None:
    """Say, behind all that is written, that nothing follows; what the other side still says is read.

    Over TLS that is done by the alert `close_notify`, and the connection ends when the other side has said the same.
    The TCP connection below stays whole: a bare FIN would look like an attack that cuts the end off.
    """
    if isinstance(transport, TLSMemoryBIOProtocol) or not hasattr(transport, "loseWriteConnection"):
        transport.loseConnection()
    else:
        transport.loseWriteConnection()


def unsent(transport: Transport) -> int:
    """Return how many bytes the transport still holds that the kernel has not taken."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        # What waits for the handshake, and what is encrypted already.
        return sum(map(len, transport._appSendBuffer)) + unsent(cast(Transport, transport.transport))
    if not isinstance(transport, Connection) or transport.TLS:
        return 0
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen


def watcher(transport: Transport) -> Callable[[], object]:
    """Return a function whose result is true where the other side has closed a silent connection, or said something.

    The reactor tells on its next turn; before a request that must not be sent twice it is better to ask the kernel.
    """
    if isinstance(transport, TLSMemoryBIOProtocol):
        return watcher(cast(Transport, transport.transport))
    if not isinstance(transport, Connection) or transport.TLS:
        return lambda: False
    # To look at the bytes themselves would nearly each time raise an exception, and take three times as long.
    poller = select.poll()
    poller.register(transport.socket, select.POLLIN)
    return partial(poller.poll, 0)


@frozen
class EpollParts:
    """What a turn of an EPollReactor is made of.

    `poll` waits so many seconds, or for ever (-1), for so many events at most, each a descriptor and a mask.
    `selectables` has by descriptor who wants to hear of it. `read_or_write` has one of them deal with an event, and
    `disconnect` tells one why it is over, and whether it was reading.
    """

    poll: Callable[[float, int], list[tuple[int, int]]]
    selectables: Mapping[int, Any]
    read_or_write: Callable[[Any, int, int], None]
    disconnect: Callable[[Any, BaseException, bool], None]

    @classmethod
    def of(cls, reactor: EPollReactor) -> "EpollParts":
        """Look into a reactor."""
        return cls(reactor._poller.poll, reactor._selectables, reactor._doReadOrWrite, reactor._disconnectSelectable)
