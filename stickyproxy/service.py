"""The running proxy: what is opened, started and stopped, and the only place that holds a real reactor."""

import signal
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from random import random
from typing import cast

from attrs import evolve
from twisted.application.service import IService, Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import (
    IDelayedCall,
    IListeningPort,
    IReactorCore,
    IReactorFromThreads,
    IReactorTCP,
    IReactorTime,
    IReactorUNIX,
)
from twisted.internet.task import LoopingCall
from twisted.logger import ILogObserver, Logger, globalLogPublisher

from stickyproxy.assembly import Parts, build_sites, build_upstreams, open_log
from stickyproxy.balance.changes import Changes
from stickyproxy.checking import Checks, add_checks
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Settings
from stickyproxy.control.commands import Commands
from stickyproxy.control.unix import open_control
from stickyproxy.demo import start_demo
from stickyproxy.descriptors import connections, raise_limit
from stickyproxy.folders import check_folders
from stickyproxy.health.health import Health
from stickyproxy.http.accepting import Accepting
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.polling import poll_plainly
from stickyproxy.listening import open_port
from stickyproxy.names.name_servers import NameServers, system_name_servers
from stickyproxy.names.quiet import QuietReactor
from stickyproxy.names.renewal import Renewals
from stickyproxy.names.turnover import Turnover
from stickyproxy.observe.error_log import error_log
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.proxy.site import Site
from stickyproxy.proxy.upstream import Upstreams
from stickyproxy.resolve import Lookup, resolve, system_lookup
from stickyproxy.signals import Signals

_log = Logger()


class Reactor(IReactorCore, IReactorTCP, IReactorTime, IReactorFromThreads):
    """What the service asks of a reactor; Unix sockets and other endpoints ask for more where they are used."""


def make_service(settings: Settings) -> IService:
    """Open all that `settings` name and return the service. Raises StartError with a line for the operator."""
    from twisted.internet import reactor

    descriptors = raise_limit()
    most = connections(descriptors)
    if settings.worker_connections > most:
        told = "worker_connections: {most} instead of {asked}, since only {descriptors} files may be open"
        _log.warn(told, most=most, asked=settings.worker_connections, descriptors=descriptors)
        settings = evolve(settings, worker_connections=most)
    service = ProxyService(cast(Reactor, reactor), settings)
    service.open(system_lookup)
    return service


class ProxyService(Service):
    """The proxy as one Twisted service. `open` it first: what is in the way then keeps the process from starting.

    `ports` are those that clients connect to.
    """

    def __init__(self, reactor: Reactor, settings: Settings) -> None:
        self.settings = settings
        self.ports: list[IListeningPort] = []
        self._reactor = reactor
        self._logs = LogFiles()
        self._flush = LoopingCall(self._logs.flush)
        self._flush.clock = reactor
        self._certificates = Certificates()
        self._watch = LoopingCall(self._certificates.refresh)
        self._watch.clock = reactor
        self._deadlines = Deadlines(reactor)
        self._accepting = Accepting(reactor, settings.worker_connections, settings.worker_connections_per_address)
        self._agents: list[Agent] = []
        self._demos: list[IListeningPort] = []
        self._controls: list[IListeningPort] = []
        self._changes = Changes()
        self._observers: list[ILogObserver] = []
        self._sites: list[Site] = []
        self._health = Health(reactor, random)
        self._renewals: Renewals | None = None
        self._signals = Signals(reactor)
        self._poll_as_before: Callable[[], None] = lambda: None
        self._ending = False

    # -- opening -------------------------------------------------------------------------------------------------------

    def open(self, lookup: Lookup) -> None:
        """Open logs, resolve names by `lookup`, and listen. Raises StartError; nothing stays open then."""
        try:
            self._observers = [
                error_log(open_log(self._logs, "error_log", log.path, log.position), log.level)
                for log in self.settings.error_logs
            ]
            self._attach_error_logs()
            check_folders(self.settings)
            upstreams = build_upstreams(
                self.settings, lambda servers: resolve(servers, lookup, self._start_demo), self._make_agent
            )
            checks = add_checks(self._health, self.settings, upstreams, self._reactor, self._certificates)
            self._renew(upstreams, checks)
            survey = Survey(upstreams, Tallies(), self._reactor.seconds, self._health.of)
            # Nobody counts what nobody can ask for.
            observers = (survey.tallies,) if self.settings.watched else ()
            parts = Parts(upstreams, survey, self._logs, self._certificates, observers)
            for listen, site in build_sites(self.settings, parts, self._deadlines):
                factory = site.over_tls(self._reactor) if listen.ssl else site
                port = open_port(self._reactor, listen, site.introduced(factory))
                self._accepting.watch(port, site.trusts)
                self.ports.append(port)
                self._sites.append(site)
            if self.settings.control is not None:
                commands = Commands(upstreams, survey, self._changes, self._reactor.seconds)
                unix = cast(IReactorUNIX, self._reactor)
                self._controls.append(open_control(unix, self._reactor, self.settings.control, commands.answer))
        except Exception:
            self._close()
            self._logs.close()
            raise
        finally:
            # What is told before twistd begins to log is told to all once more when it does, before startService.
            self._detach_error_logs()

    def _make_agent(self, settings: AgentSettings) -> Agent:
        agent = Agent(self._reactor, self._deadlines, settings)
        self._agents.append(agent)
        return agent

    def _renew(self, upstreams: Upstreams, checks: Checks) -> None:
        """Have all names with `resolve` asked for, once the service runs."""
        resolver = self.settings.resolver
        servers = {name: [peer.server for peer in each.group.peers] for name, each in upstreams.items()}
        if not any(server.resolve for each in servers.values() for server in each):
            return
        addresses = resolver.addresses or system_name_servers()
        ask = NameServers(cast(IReactorTime, QuietReactor(self._reactor)), addresses, resolver.timeout).ask
        turnover = Turnover(upstreams, checks, self._changes)
        self._renewals = Renewals(self._reactor, ask, resolver, turnover)
        for name, each in servers.items():
            self._renewals.watch(name, each)

    def _start_demo(self, name: str) -> InetAddress:
        port = start_demo(self._reactor, name)
        self._demos.append(port)
        host = port.getHost()
        assert isinstance(host, IPv4Address)
        return InetAddress(ip_address(host.host), host.port)

    # -- running -------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Serve what was opened."""
        super().startService()
        self._attach_error_logs()
        self._deadlines.start()
        self._flush.start(1.0, now=False)
        self._watch.start(1.0, now=False)
        self._signals.on(signal.SIGUSR1, self._logs.reopen)
        self._signals.on(signal.SIGHUP, self._decline_reload)
        # For SIGTERM the reactor sets a handler of its own when it begins to run; ours comes after that.
        for number in (signal.SIGTERM, signal.SIGQUIT):
            self._reactor.callWhenRunning(self._signals.on, number, self.end)
        self._poll_as_before = poll_plainly(self._reactor)
        self._accepting.hold()
        known = self._renewals.start() if self._renewals is not None else succeed(None)
        known.addCallback(lambda _: self._health.start()).addCallback(lambda _: self._accepting.go_on())
        for port in self.ports:
            _log.info("listening on {address}", address=_shown(port))
        sticky = any(upstream.stickiness for upstream in self.settings.upstreams.values())
        if self._demos and self.ports and sticky:
            address = _shown(self.ports[0])
            _log.info("each request goes to the next server:  curl http://{address}/", address=address)
            _log.info("with a cookie jar they stay on one:  curl -c jar -b jar http://{address}/", address=address)

    def end(self) -> None:
        """Take no more connections, answer what is in progress, and stop; asked a second time, stop at once.

        What is not answered within `worker_shutdown_timeout` is cut.
        """
        if self._ending:
            self._stop()
            return
        self._ending = True
        _log.info("ending: requests in progress are answered")
        for port in self.ports:
            port.stopListening()
        late = self._reactor.callLater(self.settings.worker_shutdown_timeout, self._stop)
        gatherResults([site.drain() for site in self._sites]).addCallback(self._drained, late)

    def _drained(self, _: object, late: IDelayedCall) -> None:
        if late.active():
            late.cancel()
        self._stop()

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def stopService(self) -> Deferred[None]:
        """Stop listening, close what is idle, and leave signals and logging as they were.

        Requests in progress go on as long as the reactor does, and still have their lines in the access log.
        """
        super().stopService()
        self._deadlines.stop()
        for call in (self._flush, self._watch):
            if call.running:
                call.stop()
        self._signals.restore()
        self._poll_as_before()
        self._detach_error_logs()
        self._logs.settle()
        return self._close()

    def _close(self) -> Deferred[None]:
        """Stop listening and checking, and close idle connections; fires when no port is open."""
        self._accepting.close()
        if self._renewals is not None:
            self._renewals.stop()
        self._health.stop()
        closing = [maybeDeferred(port.stopListening) for port in self.ports + self._demos + self._controls]
        for agent in self._agents:
            agent.close()
        return gatherResults(closing).addCallback(lambda _: None)

    def _attach_error_logs(self) -> None:
        for observer in self._observers:
            globalLogPublisher.addObserver(observer)

    def _detach_error_logs(self) -> None:
        for observer in self._observers:
            globalLogPublisher.removeObserver(observer)

    def _decline_reload(self) -> None:
        # Unhandled, SIGHUP would end the process; who sends it expects a reload as of nginx.
        _log.warn("SIGHUP: there is no reload; restart to load the configuration anew")


def _shown(port: IListeningPort) -> str:
    """The address of a listening port as a client on this machine would write it."""
    host = port.getHost()
    if not isinstance(host, (IPv4Address, IPv6Address)):
        return str(host)
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.host, host.host)
    return f"[{name}]:{host.port}" if ":" in name else f"{name}:{host.port}"
