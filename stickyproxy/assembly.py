"""Settings to a working house: upstreams, locations, and the sites that listeners serve."""

from collections.abc import Callable, Iterable, Sequence
from random import random

from attrs import evolve, field, frozen

from stickyproxy.balance.group import Group
from stickyproxy.balance.methods import Chance, balancer_maker
from stickyproxy.balance.peer import Peer
from stickyproxy.config.settings import Listen, Location, Position, ProxyPass, Server, Settings, VirtualServer
from stickyproxy.config.settings import Upstream as UpstreamSettings
from stickyproxy.errors import StartError
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.tls_client import ClientTls, SecureAgent
from stickyproxy.http.turns import Post, at_once
from stickyproxy.http.words import ChannelSettings
from stickyproxy.observe.access_log import access_log
from stickyproxy.observe.log_files import LogFile, LogFiles
from stickyproxy.observe.status_page import StatusPage
from stickyproxy.observe.survey import Survey
from stickyproxy.proxy.balancing import key_reader
from stickyproxy.proxy.limits import Zones
from stickyproxy.proxy.locations import LocationResource, ProxyResource, ReturnResource
from stickyproxy.proxy.plain import PlainResource
from stickyproxy.proxy.real_ip import RealIp
from stickyproxy.proxy.scope import Observer, Scope
from stickyproxy.proxy.site import Site
from stickyproxy.proxy.tree import Hosts, VirtualHost
from stickyproxy.proxy.upstream import Upstream, Upstreams
from stickyproxy.proxy.variables import compile_template
from stickyproxy.sticky.bypass import Bypass
from stickyproxy.sticky.policies import policy_maker


def build_upstreams(
    settings: Settings,
    resolve: Callable[[Sequence[Server]], tuple[Server, ...]],
    agent: Callable[[AgentSettings], Agent],
    chance: Chance = random,
) -> Upstreams:
    """Build every upstream; `resolve` finds the addresses of its servers, `agent` makes its connections."""
    upstreams = Upstreams()
    for name, each in settings.upstreams.items():
        upstreams[name] = _upstream(each, resolve(each.servers), agent, chance)
    return upstreams


def _upstream(
    settings: UpstreamSettings,
    servers: Sequence[Server],
    agent: Callable[[AgentSettings], Agent],
    chance: Chance,
) -> Upstream:
    balance = settings.balance
    make_policy = policy_maker(settings.stickiness, settings.accepted, compile_template)
    return Upstream(
        settings.name.encode(),
        make_policy(servers),
        Group([Peer(server) for server in servers], balancer_maker(balance.method, key_reader(balance), chance)),
        agent(AgentSettings(settings.keepalive, settings.keepalive_timeout, settings.keepalive_requests)),
        make_policy,
    )


@frozen
class Parts:
    """What locations are built with; each is there once. `observers` are told of every request, wherever it ends."""

    upstreams: Upstreams
    survey: Survey
    logs: LogFiles
    certificates: Certificates
    observers: tuple[Observer, ...] = ()
    zones: Zones = field(factory=Zones)


def build_sites(
    settings: Settings, parts: Parts, deadlines: Deadlines, post: Post = at_once
) -> list[tuple[Listen, Site]]:
    """Build a site for each address that is listened on.

    Raises StartError for a log that cannot be opened, and for a certificate that cannot be used.
    """
    hosts = {server.name: build_host(server, parts) for server in settings.servers}
    at: dict[str, list[tuple[Listen, VirtualServer]]] = {}
    for server in settings.servers:
        for listen in server.listens:
            at.setdefault(listen.shown, []).append((listen, server))
    sites = []
    for listening in at.values():
        listen, default = next((pair for pair in listening if pair[0].default_server), listening[0])
        tree = Hosts(hosts[default.name])
        for _, server in listening:
            tree.add(server.server_names, hosts[server.name])
        trusts = _trusting(server for _, server in listening)
        site = Site(tree, _channel_settings(default), deadlines, trusts, post)
        site.is_introduced = listen.proxy_protocol
        sites.append((listen, site))
    return sites


def _trusting(servers: Iterable[VirtualServer]) -> Callable[[bytes], bool]:
    """Return what says whether any of the servers at an address trusts a host to come for others."""
    trusting = [RealIp(server.fallback.real_ip) for server in servers if server.fallback.real_ip]
    return lambda host: any(each.trusts(host) for each in trusting)


def _channel_settings(server: VirtualServer) -> ChannelSettings:
    return ChannelSettings(server.client_header_timeout, server.keepalive_timeout, server.keepalive_requests)


def build_host(server: VirtualServer, parts: Parts) -> VirtualHost:
    """Build one virtual host with its locations."""
    name = (server.server_names[0] if server.server_names else "").encode()
    host = VirtualHost(_resource(server.fallback, name, parts))
    if server.key_pair is not None:
        host.certificate = parts.certificates.for_clients(server.key_pair, server.ssl_protocols)
    for location in server.locations:
        hang = host.hang_exact if location.exact else host.hang
        path = location.path + "/" if location.exact and location.slashed else location.path
        hang(path, _resource(location, name, parts))
    return host


def _resource(location: Location, server_name: bytes, parts: Parts) -> LocationResource:
    access_logs = [
        access_log(open_log(parts.logs, "access_log", log.path, log.position), log.format)
        for log in location.access_logs
    ]
    limits = parts.zones.limits(location.limit_conns)
    scope = Scope(server_name, location, [*access_logs, *parts.observers], limits)
    if location.proxy_pass is not None:
        return _proxying(ProxyResource(scope), location, location.proxy_pass, parts)
    if location.check_status is not None:
        return PlainResource(scope, StatusPage(parts.survey, location.check_status.format), location.path)
    assert location.return_ is not None
    return ReturnResource(scope, location.return_)


def _proxying(resource: ProxyResource, location: Location, proxy_pass: ProxyPass, parts: Parts) -> ProxyResource:
    """Have the resource follow its upstream: the same servers, in the location's own way."""
    ssl = proxy_pass.ssl
    tls = None if ssl is None else ClientTls(ssl, parts.certificates.for_servers(ssl))

    def follow(upstream: Upstream) -> None:
        policy = upstream.policy if location.sticky else Bypass(upstream.policy)
        assert isinstance(upstream.agent, Agent)
        # The same connections, over TLS where that is spoken.
        agent = upstream.agent if tls is None else SecureAgent(upstream.agent, tls)
        resource.upstream = evolve(upstream, policy=policy, agent=agent)

    parts.upstreams.follow(proxy_pass.upstream, follow)
    return resource


def open_log(logs: LogFiles, directive: str, path: str, position: Position) -> LogFile:
    """Open the log that a directive names. Raises StartError with a line that names the directive too."""
    try:
        return logs.open(path)
    except StartError as error:
        raise StartError(f"{position}: {directive}: {error}") from None
