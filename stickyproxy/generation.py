"""All that one configuration builds, before anything of it is in use: what a reload puts in the place of another."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve, field, frozen
from twisted.internet.interfaces import IReactorTCP
from twisted.logger import ILogObserver

from stickyproxy.assembly import Parts, build_sites, build_upstreams, open_log
from stickyproxy.checking import load_certificates
from stickyproxy.config.addresses import DemoAddress
from stickyproxy.config.settings import Listen, Server, Settings
from stickyproxy.demo import Demos
from stickyproxy.folders import check_folders
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.turns import Post
from stickyproxy.observe.error_log import error_log
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.proxy.limits import Zones
from stickyproxy.proxy.site import Site
from stickyproxy.proxy.upstream import Upstreams
from stickyproxy.resolve import Lookup, resolve


@frozen(eq=False)
class Generation:
    """One configuration at work. `lines` are the servers by upstream, before names with `resolve` are."""

    settings: Settings
    logs: LogFiles
    error_logs: Sequence[ILogObserver]
    certificates: Certificates
    lines: Mapping[str, Sequence[Server]]
    upstreams: Upstreams
    sites: Sequence[tuple[Listen, Site]]


@frozen
class Builder:
    """What generations are built with, and what outlives them: clocks, counts, and how names are found.

    `expand` gives the servers that stand for a line of an upstream.
    """

    reactor: IReactorTCP
    deadlines: Deadlines
    post: Post
    survey: Survey
    demos: Demos
    lookup: Lookup
    expand: Callable[[str, Server], Sequence[Server]]
    zones: Zones = field(factory=Zones)

    def build(self, settings: Settings, logs: LogFiles, error_logs: Sequence[ILogObserver]) -> Generation:
        """Build all that the settings say. Raises StartError for logs, folders and certificates that cannot be used."""
        certificates = Certificates()
        check_folders(settings)
        load_certificates(settings, certificates)
        lines = {name: resolve(each.servers, self.lookup, self.demos.find) for name, each in settings.upstreams.items()}
        servers = {name: tuple(self._expanded(name, each)) for name, each in lines.items()}
        known = {name: evolve(each, servers=servers[name]) for name, each in settings.upstreams.items()}
        upstreams = build_upstreams(evolve(settings, upstreams=known), tuple, self._agent)
        # Nobody counts what nobody can ask for.
        observers = (self.survey.tallies,) if settings.watched else ()
        parts = Parts(upstreams, self.survey, logs, certificates, observers, self.zones)
        sites = build_sites(settings, parts, self.deadlines, self.post)
        return Generation(settings, logs, error_logs, certificates, lines, upstreams, sites)

    def _agent(self, settings: AgentSettings) -> Agent:
        return Agent(self.reactor, self.deadlines, settings)

    def _expanded(self, upstream: str, lines: Sequence[Server]) -> Iterable[Server]:
        return (server for line in lines for server in self.expand(upstream, line))


def open_error_logs(logs: LogFiles, settings: Settings) -> list[ILogObserver]:
    """Open the error logs. Raises StartError."""
    return [error_log(open_log(logs, "error_log", log.path, log.position), log.level) for log in settings.error_logs]


def demos_of(settings: Settings) -> frozenset[str]:
    """Return the names of the demonstration servers."""
    servers = (server for upstream in settings.upstreams.values() for server in upstream.servers)
    return frozenset(each.address.name for each in servers if isinstance(each.address, DemoAddress))
