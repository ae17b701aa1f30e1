"""The running proxy: what is opened, started and stopped, and the only place that holds a real reactor."""

import gc
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from random import random
from typing import Any, cast

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

from stickyproxy.balance.changes import Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.checking import add_checks
from stickyproxy.config.settings import Server, Settings
from stickyproxy.control.commands import Commands
from stickyproxy.control.unix import open_control
from stickyproxy.demo import Demos
from stickyproxy.descriptors import connections, raise_limit
from stickyproxy.errors import ConfigError, StartError
from stickyproxy.generation import Builder, Generation, demos_of, open_error_logs
from stickyproxy.health.health import Health, ServerCheck
from stickyproxy.http.accepting import Accepting
from stickyproxy.http.agent import Agent
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.polling import poll_plainly
from stickyproxy.http.turns import Turns
from stickyproxy.names.name_servers import NameServers, system_name_servers
from stickyproxy.names.quiet import QuietReactor
from stickyproxy.names.renewal import Renewals
from stickyproxy.names.turnover import Turnover
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.ports import Opening, Ports
from stickyproxy.proxy.upstream import Upstreams
from stickyproxy.resolve import Lookup, Remembering, system_lookup
from stickyproxy.signals import Signals
from stickyproxy.succession import take_over

# How many more objects there may be before those are looked for that keep each other alive (gc.set_threshold). Requests
# leave none, and with Python's 700, where two thousand requests are in progress, that look took a tenth of their time.
_MORE_OBJECTS = 10_000

_log = Logger()


class Reactor(IReactorCore, IReactorTCP, IReactorTime, IReactorFromThreads):
    """What the service asks of a reactor; Unix sockets and other endpoints ask for more where they are used."""


def make_service(settings: Settings, load: Callable[[], Settings]) -> IService:
    """Open all that `settings` name and return the service. Raises StartError with a line for the operator.

    `load` reads the configuration anew, and raises ConfigError.
    """
    from twisted.internet import reactor

    service = ProxyService(cast(Reactor, reactor), _bounded(settings), lambda: _bounded(load()))
    service.open(system_lookup)
    return service


def _bounded(settings: Settings) -> Settings:
    """Take no more connections than this process may have files."""
    descriptors = raise_limit()
    most = connections(descriptors)
    if settings.worker_connections <= most:
        return settings
    told = "worker_connections: {most} instead of {asked}, since only {descriptors} files may be open"
    _log.warn(told, most=most, asked=settings.worker_connections, descriptors=descriptors)
    return evolve(settings, worker_connections=most)


class ProxyService(Service):
    """The proxy as one Twisted service. `open` it first: what is in the way then keeps the process from starting.

    `load` gives the settings of a reload, or raises ConfigError.
    """

    def __init__(self, reactor: Reactor, settings: Settings, load: Callable[[], Settings]) -> None:
        self.settings = settings
        self._load = load
        self._reactor = reactor
        self._logs = LogFiles()
        self._error_logs: Sequence[ILogObserver] = ()
        self._certificates = Certificates()
        self._flush = LoopingCall(self._flush_logs)
        self._watch = LoopingCall(self._refresh_certificates)
        self._flush.clock = self._watch.clock = reactor
        self._deadlines = Deadlines(reactor)
        self._turns = Turns()
        self._accepting = Accepting(reactor, settings.worker_connections, settings.worker_connections_per_address)
        self._ports = Ports(reactor, self._accepting)
        self._demos = Demos(reactor)
        self._controls: list[IListeningPort] = []
        self._changes = Changes()
        self._upstreams = Upstreams()
        self._survey = Survey(self._upstreams, Tallies(), reactor.seconds, self._check_of)
        self._health = Health(reactor, random)
        self._renewals: Renewals | None = None
        self._signals = Signals(reactor)
        self._poll_as_before: Callable[[], None] = lambda: None
        self._threshold_before = gc.get_threshold()
        self._ending = False

    @property
    def ports(self) -> list[IListeningPort]:
        """Those that clients connect to."""
        return self._ports.all

    # -- opening -------------------------------------------------------------------------------------------------------

    def open(self, lookup: Lookup) -> None:
        """Open logs, resolve names by `lookup`, and listen. Raises StartError; nothing stays open then."""
        self._builder = Builder(
            self._reactor,
            self._deadlines,
            self._turns.post,
            self._survey,
            self._demos,
            Remembering(lookup),
            self._expand,
        )
        try:
            self._error_logs = open_error_logs(self._logs, self.settings)
            _attach(self._error_logs)
            generation = self._builder.build(self.settings, self._logs, self._error_logs)
            self._become(generation, self._ports.open(generation.sites))
            if self.settings.control is not None:
                commands = Commands(self._upstreams, self._survey, self._changes, self._reactor.seconds, self.reload)
                unix = cast(IReactorUNIX, self._reactor)
                self._controls.append(open_control(unix, self._reactor, self.settings.control, commands.answer))
        except Exception:
            self._close()
            self._logs.close()
            raise
        finally:
            # What is told before twistd begins to log is told to all once more when it does, before startService.
            _detach(self._error_logs)

    def _become(self, generation: Generation, opening: Opening) -> None:
        """Have all that comes from now on be served by that generation, for which some ports were opened."""
        self.settings = generation.settings
        self._logs = generation.logs
        self._certificates = generation.certificates
        take_over(self._upstreams, generation.upstreams, self._changes)
        self._upstreams.become(generation.upstreams)
        self._ports.turn(generation.sites, opening)
        self._accepting.most = self.settings.worker_connections
        self._accepting.most_each = self.settings.worker_connections_per_address
        before, self._health = self._health, Health(self._reactor, random, self._health)
        before.stop()
        checks = add_checks(self._health, self.settings, self._upstreams, self._reactor, generation.certificates)
        turnover = Turnover(self._upstreams, checks, self._changes)
        self._renewals = self._renew(generation, turnover)
        self._demos.keep_only(demos_of(self.settings))

    def _renew(self, generation: Generation, turnover: Turnover) -> Renewals | None:
        """Return what is to ask for all names with `resolve`, once the service runs."""
        before = self._renewals
        if before is not None:
            before.stop()
        if not any(server.resolve for lines in generation.lines.values() for server in lines):
            return None
        resolver = self.settings.resolver
        addresses = resolver.addresses or system_name_servers()
        ask = NameServers(cast(IReactorTime, QuietReactor(self._reactor)), addresses, resolver.timeout).ask
        renewals = Renewals(self._reactor, ask, resolver, turnover, before)
        for name, lines in generation.lines.items():
            renewals.watch(name, lines)
        return renewals

    def _expand(self, upstream: str, line: Server) -> Sequence[Server]:
        return [line] if self._renewals is None else self._renewals.stands(upstream, line)

    # -- reloading -----------------------------------------------------------------------------------------------------

    def reload(self) -> list[str]:
        """Load the configuration anew; return what is wrong with it, and then nothing has changed."""
        if self._ending:
            return ["the proxy is ending, and loads nothing"]
        try:
            self._exchange(self._load())
        except ConfigError as error:
            faults = [*map(str, error.faults)]
        except StartError as error:
            faults = [str(error)]
        else:
            self._survey.generation += 1
            # What served before is tied into knots, and has logs open that somebody may want to see closed.
            gc.collect()
            _log.info("the configuration is loaded anew")
            return []
        for fault in faults:
            _log.error("{fault}", fault=fault)
        _log.error("the configuration is not loaded anew: all stays as it was")
        return faults

    def _exchange(self, settings: Settings) -> None:
        """Have other settings hold, but for the control socket. Raises StartError, and nothing has changed."""
        control, settings = settings.control, evolve(settings, control=self.settings.control)
        logs = LogFiles(self._logs)
        try:
            error_logs = open_error_logs(logs, settings)
            generation = self._builder.build(settings, logs, error_logs)
            opening = self._ports.open(generation.sites)
        except Exception:
            logs.close()
            self._demos.keep_only(demos_of(self.settings))
            raise
        if control != settings.control:
            _log.warn("control: another socket, or none, takes a restart; the one of the start stays")
        _detach(self._error_logs)
        _attach(error_logs)
        self._error_logs = error_logs
        self._become(generation, opening)
        logs.stay()
        # Clients may still wait for what was known of the servers before.
        known = gatherResults([self._ask_for_names(), self._health.start()])
        known.addCallback(lambda _: self._accepting.go_on())
        for opened in opening:
            _log.info("listening on {address}", address=_shown(opened.port))

    # -- running -------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Serve what was opened."""
        super().startService()
        _attach(self._error_logs)
        self._deadlines.start()
        self._flush.start(1.0, now=False)
        self._watch.start(1.0, now=False)
        self._signals.on(signal.SIGUSR1, self._reopen_logs)
        self._signals.on(signal.SIGHUP, self.reload)
        # For SIGTERM the reactor sets a handler of its own when it begins to run; ours comes after that.
        for number in (signal.SIGTERM, signal.SIGQUIT):
            self._reactor.callWhenRunning(self._signals.on, number, self.end)
        self._poll_as_before = poll_plainly(self._reactor, self._turns)
        self._threshold_before = gc.get_threshold()
        gc.set_threshold(_MORE_OBJECTS)
        self._accepting.hold()
        known = self._ask_for_names()
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
        self._ports.drain().addCallback(self._drained, late)

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
        gc.set_threshold(*self._threshold_before)
        _detach(self._error_logs)
        self._logs.settle()
        return self._close()

    def _close(self) -> Deferred[None]:
        """Stop listening and checking, and close idle connections; fires when no port is open."""
        self._accepting.close()
        if self._renewals is not None:
            self._renewals.stop()
        self._health.stop()
        closing: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in self._controls]
        closing += [self._ports.stop(), self._demos.keep_only()]
        for upstream in self._upstreams.values():
            assert isinstance(upstream.agent, Agent)
            upstream.agent.close()
        return gatherResults(closing).addCallback(lambda _: None)

    # -- what another generation may have put in its place -------------------------------------------------------------

    def _ask_for_names(self) -> "Deferred[None]":
        return self._renewals.start() if self._renewals is not None else succeed(None)

    def _check_of(self, peer: Peer) -> ServerCheck | None:
        return self._health.of(peer)

    def _flush_logs(self) -> None:
        self._logs.flush()

    def _reopen_logs(self) -> None:
        self._logs.reopen()

    def _refresh_certificates(self) -> None:
        self._certificates.refresh()


def _attach(observers: Iterable[ILogObserver]) -> None:
    for observer in observers:
        globalLogPublisher.addObserver(observer)


def _detach(observers: Iterable[ILogObserver]) -> None:
    for observer in observers:
        globalLogPublisher.removeObserver(observer)


def _shown(port: IListeningPort) -> str:
    """The address of a listening port as a client on this machine would write it."""
    host = port.getHost()
    if not isinstance(host, (IPv4Address, IPv6Address)):
        return str(host)
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.host, host.host)
    return f"[{name}]:{host.port}" if ":" in name else f"{name}:{host.port}"
