"""Servers, proxies and clients of one test, all in this process, and how they are cleared away."""

from pathlib import Path
from typing import TypeVar

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import ContextFactory
from twisted.internet.task import deferLater

from stickyproxy.config.load import loads
from stickyproxy.resolve import system_lookup
from stickyproxy.service import ProxyService
from tests.end_to_end.fakes import HOST, Client, FakeServer, ServerEnd, eventually
from tests.end_to_end.processes import PROXY, Process

C = TypeVar("C", bound=Client)


class House:
    """Everything that a test opens; `close` ends it, and finds out what the proxy forgot to end."""

    def __init__(self) -> None:
        self._servers: list[FakeServer] = []
        self._clients: list[Client] = []
        self._services: list[ProxyService] = []
        self._processes: list[Process] = []

    def server(
        self,
        name: str,
        running: bool = True,
        end: type[ServerEnd] = ServerEnd,
        tls: ContextFactory | None = None,
        host: str = HOST,
        port: int = 0,
    ) -> FakeServer:
        """Add a server, which may speak TLS, and may have an address of loopback's; one that is not running refuses."""
        server = FakeServer(name, end, tls, host, port)
        self._servers.append(server)
        if running:
            server.start()
        return server

    def proxy(self, text: str) -> int:
        """Start a proxy with that configuration, in which it listens on port 0; return the port that it got."""
        settings = loads(text)
        service = ProxyService(reactor, settings, lambda: settings)
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

    def run(self, folder: Path, *command: str | Path) -> Process:
        """Start a process in that folder."""
        process = Process(folder, *command)
        self._processes.append(process)
        return process

    async def start(self, config: Path) -> tuple[Process, int]:
        """Start a proxy in a process, in the folder of its file; give it and the port that it says it listens on."""
        process = self.run(config.parent, *PROXY, config)
        return process, int(await process.said(f"listening on {HOST}:"))

    async def listening(self, port: int, folder: Path, *command: str | Path) -> None:
        """Start a process in that folder, and wait until it listens at the port."""
        process = self.run(folder, *command)
        while True:
            assert process.status is None, process
            try:
                client = await self.client(port)
            except ConnectError:
                await deferLater(reactor, 0.02)
            else:
                return await client.close()

    async def client(
        self,
        port: int,
        kind: type[C] = Client,
        tls: IOpenSSLClientConnectionCreator | None = None,
        source: str | None = None,
    ) -> C:
        """Connect a client, which may speak TLS, and may come from an address of loopback's of its own."""
        endpoint = TCP4ClientEndpoint(reactor, HOST, port, bindAddress=(source, 0) if source else None)
        client = await connectProtocol(wrapClientTLS(tls, endpoint) if tls else endpoint, kind())
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """End everything: clients, proxies, servers."""
        for client in self._clients:
            await client.close()
        for service in self._services:
            await service.stopService()
        for process in self._processes:
            await process.close()
        for server in self._servers:
            await server.close()
        for service in self._services:
            await eventually(lambda service=service: not len(service._deadlines))
