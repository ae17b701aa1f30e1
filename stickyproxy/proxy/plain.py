"""Any other twisted.web Resource in the tree: it is rendered with an ordinary IRequest, made when it is its turn."""

from collections.abc import Iterable, Iterator
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IPullProducer, IPushProducer
from twisted.internet.task import cooperate
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.resource import IResource
from twisted.web.server import Request
from twisted.web.server import Site as TwistedSite

from stickyproxy.errors import ClientFault
from stickyproxy.http.channel import Channel
from stickyproxy.http.fields import line
from stickyproxy.http.reader import Message
from stickyproxy.proxy.exchange import Exchange, Router
from stickyproxy.proxy.locations import LocationResource
from stickyproxy.proxy.paths import escape, matched
from stickyproxy.proxy.scope import Scope

_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})


class PlainResource(LocationResource):
    """A Resource that serves `path` and all below it (`/` is the root), its children found by twisted.web's means."""

    def __init__(self, scope: Scope, resource: IResource, path: str) -> None:
        super().__init__(scope)
        depth = 0 if path == "/" else path.count("/")
        self._site = _BelowSite(resource, depth)

    def exchange(self, site: Router, channel: Channel, message: Message) -> Exchange:
        return PlainExchange(site, self.scope, channel, message, self._site)


class _BelowSite(TwistedSite):
    """A twisted.web Site whose root stands `depth` segments down."""

    displayTracebacks = False

    def __init__(self, resource: IResource, depth: int) -> None:
        super().__init__(resource)
        self._depth = depth

    def getResourceFor(self, request: Request) -> IResource:
        segments = request.postpath or []
        request.prepath, request.postpath = segments[: self._depth], segments[self._depth :]
        resource: IResource = super().getResourceFor(request)
        return resource


class PlainExchange(Exchange):
    """Gives the request to twisted.web once its body is whole, and passes on what comes of it."""

    __slots__ = ("_producer", "_request", "_twisted_site")

    def __init__(
        self, site: Router, scope: Scope, channel: Channel, message: Message, twisted_site: TwistedSite
    ) -> None:
        super().__init__(site, scope, channel, message)
        self._twisted_site = twisted_site
        self._request: Request | None = None
        self._producer: IPushProducer | _Pulled | None = None

    def serve(self) -> None:
        head = self.head
        self._request = request = Request(_TwistedChannel(self, self._twisted_site))
        for _, name, value in head.fields:
            request.requestHeaders.addRawHeader(name, value)
        request.gotLength(head.length)
        request.parseCookies()
        if head.has_body:
            self.channel.want_body()
        else:
            self._process(request)

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        request = self._request
        assert request is not None
        self.received += sum(map(len, chunks))
        if 0 < self.scope.settings.client_max_body_size < self.received:
            self._lose()
            self.refuse(413)
            return
        for chunk in chunks:
            request.handleContentChunk(chunk)
        if complete:
            self._process(request)

    def _process(self, request: Request) -> None:
        path, question, query = self.head.target.partition(b"?")
        # As an HTTP/1.0 request: twisted.web then leaves the framing of the answer to the channel.
        request.requestReceived(self.head.method, escape(matched(path)) + question + query, b"HTTP/1.0")

    def client_paused(self) -> None:
        if self._producer is not None:
            self._producer.pauseProducing()

    def client_resumed(self) -> None:
        if self._producer is not None:
            self._producer.resumeProducing()

    def client_lost(self) -> bool:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        self._lose()
        return super().client_lost()

    def body_failed(self, fault: ClientFault) -> None:
        self._lose()
        super().body_failed(fault)

    def _lose(self) -> None:
        """Tell the Resource, and have what is kept of the body thrown away."""
        if self._request is not None:
            self._request.connectionLost(Failure(ConnectionDone()))

    # -- what twisted.web does with the answer -------------------------------------------------------------------------

    def start_answer(self, status: int, reason: bytes, headers: Headers) -> None:
        """Start the answer with what the Resource has set."""
        lines: list[bytes] = []
        length: int | None = None
        for name, values in headers.getAllRawHeaders():
            if name.lower() == b"content-length":
                length = int(values[-1])
            elif name.lower() not in _FRAMING:
                lines += [line(name, value) for value in values]
        lines += self._lines_too
        self.status = status = self._status_instead or status
        self.sent = lines
        self.scope.recipe.add(self, status, lines)
        self.channel.start(status, reason, lines, length)

    def write_answer(self, data: bytes) -> None:
        """Send more of the body."""
        self.body_bytes += len(data)
        self.channel.write([data])
        self.channel.flush()

    def end_answer(self) -> None:
        """The Resource has finished."""
        self.channel.end()

    def cut_answer(self) -> None:
        """The Resource gives the connection up."""
        self._lose()
        self.channel.abort()
        self.conclude()

    def produce_from(self, producer: IPushProducer, streaming: bool) -> None:
        """Take the answer from a producer (unless `streaming` an IPullProducer) at the pace of the client."""
        self._producer = producer if streaming else _Pulled(cast("IPullProducer", producer))

    def produce_no_more(self) -> None:
        """The producer is done."""
        if isinstance(self._producer, _Pulled):
            self._producer.end()
        self._producer = None


class _TwistedChannel:
    """What twisted.web's Request knows as its channel."""

    def __init__(self, exchange: PlainExchange, site: TwistedSite) -> None:
        self.site = site
        self.transport = exchange.channel.transport
        self.registerProducer = exchange.produce_from
        self.unregisterProducer = exchange.produce_no_more
        self.write = exchange.write_answer
        self.loseConnection = self.abortConnection = exchange.cut_answer
        self._exchange = exchange

    def getPeer(self) -> IAddress:
        ends = self._exchange.ends
        if ends.socket is None or ends.peer_host == ends.socket.peer_host:
            return self.transport.getPeer()
        host = ends.peer_host.decode("ascii")
        return (IPv6Address if ":" in host else IPv4Address)("TCP", host, ends.peer_port)

    def getHost(self) -> IAddress:
        return self.transport.getHost()

    def isSecure(self) -> bool:
        return self._exchange.ends.tls is not None

    def writeHeaders(self, version: bytes, code: int | bytes, reason: bytes, headers: Headers) -> None:
        self._exchange.start_answer(int(code), reason, headers)

    def writeSequence(self, chunks: Iterable[bytes]) -> None:
        self.write(b"".join(chunks))

    def requestDone(self, request: Request) -> None:
        self._exchange.end_answer()


class _Pulled:
    """Asks a pull producer for more, turn by turn, as long as the client can take it."""

    def __init__(self, producer: IPullProducer) -> None:
        self._producer = producer
        self._task = cooperate(self._pull())
        # A task counts its pauses, and minds being stopped twice.
        self._paused = self._ended = False

    def _pull(self) -> Iterator[None]:
        while True:
            self._producer.resumeProducing()
            yield None

    def pauseProducing(self) -> None:
        if not self._paused:
            self._paused = True
            self._task.pause()

    def resumeProducing(self) -> None:
        if self._paused:
            self._paused = False
            self._task.resume()

    def stopProducing(self) -> None:
        self.end()
        self._producer.stopProducing()

    def end(self) -> None:
        """Ask no more."""
        if not self._ended:
            self._ended = True
            self._task.stop()
