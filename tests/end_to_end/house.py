"""Servers, proxies and clients of one test, all in this process, and how they are cleared away."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater

from stickyproxy.config.load import loads
from stickyproxy.resolve import system_lookup
from stickyproxy.service import ProxyService
from tests.end_to_end.fakes import PATIENCE, Client, FakeServer


class House:
    """Everything that a test opens; `close` ends it, and finds out what the proxy forgot to end."""

    def __init__(self) -> None:
        self._servers: list[FakeServer] = []
        self._clients: list[Client] = []
        self._services: list[ProxyService] = []

    def server(self, name: str, running: bool = True) -> FakeServer:
        """Add a server; one that is not running refuses."""
        server = FakeServer(name)
        self._servers.append(server)
        if running:
            server.start()
        return server

    def proxy(self, text: str) -> int:
        """Start a proxy with that configuration, in which it listens on port 0; return the port that it got."""
        service = ProxyService(reactor, loads(text))
        self._services.append(service)
        service.open(system_lookup)
        service.startService()
        return int(service.ports[0].getHost().port)

    def before(self, *servers: FakeServer, upstream: str = "", location: str = "", server: str = "") -> int:
        """Start a proxy before these servers and return its port.

        Each has its name as `id=`; what follows are further lines of the sections.
        """
        lines = "".join(f"    {each.address} id={each.name}\n" for each in servers)
        return self.proxy(
            f"[upstream app]\nserver =\n{lines}{upstream}\n"
            f"[server www]\nlisten = 127.0.0.1:0\n{server}\n"
            f"[location www /]\nproxy_pass = http://app\n{location}\n"
        )

    async def client(self, port: int) -> Client:
        """Connect a client."""
        client = await Client.connect(port)
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """End everything: clients, proxies, servers."""
        for client in self._clients:
            await client.close()
        for service in self._services:
            await service.stopService()
        for server in self._servers:
            await server.close()
        for service in self._services:
            await _emptied(service)
        # One turn more: what runs this may have been scheduled for it.
        await deferLater(reactor, 0)
        left = reactor.getDelayedCalls()
        assert [] == left, left


async def _emptied(service: ProxyService) -> None:
    """Wait until no connection of the proxy is left, on either side."""
    looking = LoopingCall(lambda: looking.stop() if not len(service._deadlines) else None)
    ended: Deferred[object] = looking.start(0)
    await ended.addTimeout(PATIENCE, reactor)
