"""The addresses that are listened on: opened all together, and exchanged for those of another configuration."""

from collections.abc import Sequence

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTime

from stickyproxy.config.settings import Listen
from stickyproxy.errors import StartError
from stickyproxy.http.accepting import Accepting
from stickyproxy.listening import open_port
from stickyproxy.proxy.site import Site


@frozen(eq=False)
class Opened:
    """An address that is listened on, and what is served there."""

    listen: Listen
    port: IListeningPort
    site: Site


Opening = Sequence[Opened]


class Ports:
    """All addresses that clients connect to."""

    def __init__(self, reactor: IReactorTime, accepting: Accepting) -> None:
        self._reactor = reactor
        self._accepting = accepting
        self._opened: dict[str, Opened] = {}
        # What is closed while connections still end there.
        self._leaving: set[Site] = set()

    @property
    def all(self) -> list[IListeningPort]:
        """All ports, in the order of the configuration."""
        return [opened.port for opened in self._opened.values()]

    def open(self, sites: Sequence[tuple[Listen, Site]]) -> Opening:
        """Listen for those sites whose addresses are not listened on yet.

        Raises StartError, and nothing has changed, for an address that cannot be listened on, and for one that is
        listened on already, but in another way.
        """
        opening: list[Opened] = []
        try:
            for listen, site in sites:
                there = self._opened.get(listen.shown)
                if there is None:
                    opening.append(self._open(listen, site))
                else:
                    _check_manner(there.listen, listen)
        except StartError:
            self.give_up(opening)
            raise
        return opening

    def give_up(self, opening: Opening) -> None:
        """Close what was opened just now."""
        for opened in opening:
            self._close(opened)

    def turn(self, sites: Sequence[tuple[Listen, Site]], opening: Opening) -> None:
        """Serve these sites from now on, some of whose addresses were just opened for them.

        Connections to an address that is none of theirs end with the request in progress.
        """
        before, new = self._opened, {opened.listen.shown: opened for opened in opening}
        self._opened = {}
        for listen, site in sites:
            opened = new.get(listen.shown) or before.pop(listen.shown)
            if opened.site is not site:
                opened.site.become(site)
            self._opened[listen.shown] = opened
        for opened in before.values():
            self._close(opened)
            self._leaving.add(opened.site)
            opened.site.drain().addCallback(self._left, opened.site)

    def _left(self, _: None, site: Site) -> None:
        self._leaving.discard(site)

    def stop(self) -> "Deferred[None]":
        """Listen no more; fires when no port is open."""
        return gatherResults([maybeDeferred(port.stopListening) for port in self.all]).addCallback(_nothing)

    def drain(self) -> "Deferred[None]":
        """Have every connection end with its answer; fires when the last one is gone."""
        sites = [*self._leaving, *(opened.site for opened in self._opened.values())]
        return gatherResults([site.drain() for site in sites]).addCallback(_nothing)

    def _open(self, listen: Listen, site: Site) -> Opened:
        factory = site.over_tls(self._reactor) if listen.ssl else site
        port = open_port(self._reactor, listen, site.introduced(factory))
        self._accepting.watch(port, site.is_trusted)
        return Opened(listen, port, site)

    def _close(self, opened: Opened) -> None:
        self._accepting.leave(opened.port)
        opened.port.stopListening()


def _check_manner(before: Listen, after: Listen) -> None:
    """Raise StartError if an address is to be listened on in another way."""
    if (before.endpoint, before.ssl, before.proxy_protocol) != (after.endpoint, after.ssl, after.proxy_protocol):
        raise StartError(
            f"{after.position}: listen: {after.shown} is open in another way; expected the ssl, proxy_protocol and "
            "backlog that it has, since only a restart changes them"
        )


def _nothing(_: object) -> None:
    """Nobody needs to know how each of them ended."""
