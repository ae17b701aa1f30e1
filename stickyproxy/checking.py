"""Who is checked, and how a check gets there: the peers of the upstreams that ask for it, over TCP or TLS."""

from collections.abc import Mapping

from attrs import frozen
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IReactorTCP, IStreamClientEndpoint

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.config.settings import ProxySsl, Settings
from stickyproxy.health.health import Health
from stickyproxy.health.words import Address, Connect
from stickyproxy.http.agent import endpoint
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.tls_client import ClientTls
from stickyproxy.proxy.upstream import Upstream


def add_checks(
    health: Health,
    settings: Settings,
    upstreams: Mapping[str, Upstream],
    reactor: IReactorTCP,
    certificates: Certificates,
) -> None:
    """Have every peer with an address checked, as its upstream says. Raises StartError for an unusable certificate."""
    plain = _Plain(reactor)
    for name, upstream in settings.upstreams.items():
        if upstream.check is not None:
            connect: Connect = plain
            if upstream.check.type == "https":
                connect = _OverTls(plain, _ssl_of(settings, name), certificates)
            for peer in upstreams[name].group.peers:
                # A name that did not resolve has none.
                if isinstance(peer.address, InetAddress | UnixAddress):
                    health.watch(name, peer, upstream.check, connect)


def _ssl_of(settings: Settings, upstream: str) -> ProxySsl:
    """Say how TLS is spoken to an upstream: as its traffic does; where none does, any certificate will do."""
    passes = [location.proxy_pass for server in settings.servers for location in server.locations]
    spoken = (each.ssl for each in passes if each is not None and each.upstream == upstream and each.ssl is not None)
    return next(spoken, ProxySsl(upstream, False, False, None, None))


# These are values: what equal ones connect to may be checked together.


@frozen
class _Plain:
    reactor: IReactorTCP

    def __call__(self, address: Address) -> IStreamClientEndpoint:
        return endpoint(self.reactor, address, None)


@frozen
class _OverTls:
    plain: _Plain
    ssl: ProxySsl
    certificates: Certificates

    def __call__(self, address: Address) -> IStreamClientEndpoint:
        tls = ClientTls(self.ssl, self.certificates.for_servers(self.ssl))
        return wrapClientTLS(tls, self.plain(address))
