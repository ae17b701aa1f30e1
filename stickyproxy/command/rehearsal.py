"""One request through the whole proxy in memory: nothing is opened, nobody is connected to, and nothing is written."""

from collections.abc import Sequence
from ipaddress import ip_address
from itertools import count

from attrs import evolve, frozen
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock, StringTransport

from stickyproxy.assembly import Parts, build_sites, build_upstreams
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Listen, Location, Server, Settings
from stickyproxy.http.agent import Agent
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.site import Site
from stickyproxy.resolve import Lookup, resolve


@frozen
class Scene:
    """What came of a request: the Outcome (None if the connection was closed instead) and the bytes on either side.

    `to_server` is empty if no server was asked.
    """

    outcome: Outcome | None
    to_server: bytes
    to_client: bytes


class Rehearsal:
    """The proxy of `settings` as it is when it has just been started, at `now` (epoch seconds), for one request.

    TLS is left away on both sides, and so are logs. Demonstration servers have made-up ports, from `demo_port` on.
    """

    def __init__(self, settings: Settings, lookup: Lookup, now: float, demo_port: int = 1) -> None:
        self._reactor = reactor = MemoryReactorClock()
        reactor.advance(now)
        self._witness = _Witness()
        deadlines = Deadlines(reactor)
        ports = count(demo_port)
        settings = _undisguised(settings)

        def resolved(servers: Sequence[Server]) -> tuple[Server, ...]:
            once = [evolve(server, resolve=server.service is not None) for server in servers]
            return resolve(once, lookup, lambda name: InetAddress(ip_address("127.0.0.1"), next(ports)))

        self.upstreams = build_upstreams(settings, resolved, lambda each: Agent(reactor, deadlines, each))
        survey = Survey(self.upstreams, Tallies(), reactor.seconds)
        parts = Parts(self.upstreams, survey, LogFiles(), Certificates(), (self._witness,))
        self.sites: list[tuple[Listen, Site]] = build_sites(settings, parts, deadlines)

    def play(self, site: Site, client: str, request: bytes, response: bytes) -> Scene:
        """Have `client` send a request to the site, and the server that gets it, if one does, send that response."""
        self._witness.outcome = None
        protocol = site.buildProtocol(None)
        to_client = StringTransport(peerAddress=IPv4Address("TCP", client, 0))
        protocol.makeConnection(to_client)
        protocol.dataReceived(request)
        to_server = b""
        factories = [asked[2] for asked in self._reactor.tcpClients] + [asked[1] for asked in self._reactor.unixClients]
        for factory in factories:
            server = factory.buildProtocol(None)
            transport = StringTransport()
            server.makeConnection(transport)
            to_server = transport.value()
            server.dataReceived(response)
        return Scene(self._witness.outcome, to_server, to_client.value())


class _Witness:
    """Remembers the last request that was over."""

    outcome: Outcome | None = None

    def __call__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def _undisguised(settings: Settings) -> Settings:
    """The same configuration without TLS and without logs, which would need their files."""
    return evolve(
        settings,
        servers=tuple(
            evolve(
                server,
                key_pair=None,
                fallback=_plain(server.fallback),
                locations=tuple(map(_plain, server.locations)),
            )
            for server in settings.servers
        ),
    )


def _plain(location: Location) -> Location:
    proxy_pass = location.proxy_pass
    return evolve(location, access_logs=(), proxy_pass=proxy_pass and evolve(proxy_pass, ssl=None))
