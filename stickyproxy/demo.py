"""Servers to try the proxy with: they run inside the process and answer with their name and what they were sent."""

from collections.abc import Collection
from ipaddress import ip_address

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTCP
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from stickyproxy.config.addresses import InetAddress


class DemoResource(Resource):
    """Answers any request with the server's name, and with the request as it arrived."""

    isLeaf = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name.encode()

    def render(self, request: Request) -> bytes:
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        assert request.content is not None
        body = len(request.content.read())
        lines = [b"server " + self._name, b"", b"%b %b %b" % (request.method, request.uri, request.clientproto)]
        for name, values in request.requestHeaders.getAllRawHeaders():
            lines += [name + b": " + value for value in values]
        if body:
            lines += [b"", b"and a body of %d bytes" % body]
        return b"\n".join(lines) + b"\n"


class _DemoSite(Site):
    noisy = False

    def log(self, request: object) -> None:
        """Nothing: the proxy's own access log tells of the request."""


def start_demo(reactor: IReactorTCP, name: str) -> IListeningPort:
    """Start the demonstration server of that name on a free loopback port."""
    site = _DemoSite(DemoResource(name), reactor=reactor)
    # Twisted's own Site does not fit the type that Twisted's own listenTCP asks for.
    return reactor.listenTCP(0, site, interface="127.0.0.1")  # type: ignore[arg-type]


class Demos:
    """The demonstration servers of a process, one for each name."""

    def __init__(self, reactor: IReactorTCP) -> None:
        self._reactor = reactor
        self._ports: dict[str, IListeningPort] = {}

    def __len__(self) -> int:
        return len(self._ports)

    def find(self, name: str) -> InetAddress:
        """Return the address of the server of that name, which is started if it does not run."""
        if name not in self._ports:
            self._ports[name] = start_demo(self._reactor, name)
        host = self._ports[name].getHost()
        assert isinstance(host, IPv4Address)
        return InetAddress(ip_address(host.host), host.port)

    def keep_only(self, names: Collection[str] = ()) -> "Deferred[None]":
        """Stop all others; fires when they have."""
        leaving = [self._ports.pop(name) for name in list(self._ports) if name not in names]
        return gatherResults([maybeDeferred(port.stopListening) for port in leaving]).addCallback(lambda _: None)
