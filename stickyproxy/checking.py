"""Who is checked, and how a check gets there: the peers of the upstreams that ask for it, over TCP or TLS."""

from collections.abc import Iterable, Mapping

from attrs import frozen
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IReactorTCP, IStreamClientEndpoint

from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.config.settings import Check, ProxySsl, Settings
from stickyproxy.health.health import Health
from stickyproxy.health.words import Address, Connect
from stickyproxy.http.agent import endpoint
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.tls_client import ClientTls
from stickyproxy.proxy.upstream import Upstream


@frozen
class Checks:
    """How the servers of each upstream that asks for checks are checked, also those that come later."""

    _health: Health
    _ways: Mapping[str, tuple[Check, Connect]]

    def watch(self, upstream: str, peers: Iterable[Peer]) -> None:
        """Have every one of the peers that has an address checked, if its upstream asks for that."""
        if upstream in self._ways:
            for peer in peers:
                # A name that did not resolve has none.
                if isinstance(peer.address, InetAddress | UnixAddress):
                    self._health.watch(upstream, peer, *self._ways[upstream])

    def turn(self, upstream: str, gone: Iterable[Peer], come: Iterable[Peer]) -> None:
        """Check those who come instead of those who are gone; what is known of an address stays known."""
        at = {peer.address: peer for peer in gone if self._health.of(peer) is not None}
        for peer in come:
            old = at.pop(peer.address, None)
            if old is None:
                self.watch(upstream, [peer])
            else:
                self._health.hand_over(old, peer)
        for peer in at.values():
            self._health.drop(peer)


def add_checks(
    health: Health,
    settings: Settings,
    upstreams: Mapping[str, Upstream],
    reactor: IReactorTCP,
    certificates: Certificates,
) -> Checks:
    """Have every peer with an address checked, as its upstream says, with certificates that are loaded."""
    plain = _Plain(reactor)
    ways: dict[str, tuple[Check, Connect]] = {}
    for name, upstream in settings.upstreams.items():
        if upstream.check is not None:
            connect: Connect = plain
            if upstream.check.type == "https":
                connect = _OverTls(plain, _ssl_of(settings, name), certificates)
            ways[name] = upstream.check, connect
    checks = Checks(health, ways)
    for name, each in upstreams.items():
        if name not in ways:
            for peer in each.group.peers:
                peer.sick = False
        checks.watch(name, each.group.peers)
    return checks


def load_certificates(settings: Settings, certificates: Certificates) -> None:
    """Load what checks need to speak TLS. Raises StartError for a certificate that cannot be used."""
    for name, upstream in settings.upstreams.items():
        if upstream.check is not None and upstream.check.type == "https":
            certificates.for_servers(_ssl_of(settings, name))


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
