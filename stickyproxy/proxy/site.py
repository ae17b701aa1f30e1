"""The door of the house: a listener's channels bring each request here, and it goes to its location's exchange."""

from collections.abc import Callable

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory, IReactorTime

from stickyproxy.errors import ClientFault
from stickyproxy.http.accepting import nobody
from stickyproxy.http.certificates import ContextSource
from stickyproxy.http.channel import Channel
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.factory import ChannelFactory
from stickyproxy.http.introductions import IntroductionFactory
from stickyproxy.http.reader import Message
from stickyproxy.http.tls_server import ServerTls
from stickyproxy.http.turns import Post, at_once
from stickyproxy.http.words import ChannelSettings
from stickyproxy.proxy.exchange import Exchange
from stickyproxy.proxy.tree import Hosts


class Site(ChannelFactory):
    """What listens on one address: all the virtual hosts there.

    `trusts` says which hosts come for others; where a site `is_introduced` to its clients, they do that.
    """

    is_introduced = False
    _introductions: IntroductionFactory | None = None

    def __init__(
        self,
        hosts: Hosts,
        settings: ChannelSettings,
        deadlines: Deadlines,
        trusts: Callable[[bytes], bool] = nobody,
        post: Post = at_once,
    ) -> None:
        super().__init__(self.exchange, settings, deadlines, post)
        self.trusts = trusts
        self.hosts = hosts
        self.seconds = deadlines.seconds

    def over_tls(self, clock: IReactorTime) -> IProtocolFactory:
        """Return a factory that speaks TLS for this one, with the certificate of the host that each client names."""
        return ServerTls(self._certificate).wrap(self, clock)

    def _certificate(self, name: bytes) -> ContextSource:
        found = (self.hosts.find(name) if name else self.hosts.default).certificate
        assert found is not None
        return found

    def introduced(self, factory: IProtocolFactory) -> IProtocolFactory:
        """Return a factory that has balancers introduce the clients of `factory`, where there are any."""
        if not self.is_introduced:
            return factory
        self._introductions = IntroductionFactory(
            factory, self.is_trusted, self.settings.header_timeout, self._deadlines
        )
        return self._introductions

    def is_trusted(self, host: bytes) -> bool:
        """Whether that host comes for others, as things are now."""
        return self.trusts(host)

    def become(self, other: "Site") -> None:
        """Serve what another site serves: each request from now on, and in its way each connection that comes."""
        self.hosts = other.hosts
        self.settings = other.settings
        self.trusts = other.trusts
        if self._introductions is not None:
            self._introductions.timeout = other.settings.header_timeout

    def drain(self) -> Deferred[None]:
        if self._introductions is not None:
            self._introductions.drain()
        return super().drain()

    def exchange(self, channel: Channel, message: Message) -> Exchange:
        """Return the exchange for a request whose turn has come; a faulty one is refused by the default server."""
        location = self.hosts.default.fallback
        if message.fault is None:
            try:
                head = message.head
                location = self.hosts.find(head.host).locate(head.target)
            except ClientFault as fault:
                message.fault = fault
        return location.exchange(self, channel, message)

    def redirect(self, exchange: Exchange, uri: bytes) -> Exchange:
        """Return an exchange for a GET (or HEAD) of `uri` instead, with the client's other fields but no body."""
        head = exchange.head
        message = Message(
            evolve(
                head,
                method=b"HEAD" if head.method == b"HEAD" else b"GET",
                target=uri,
                length=None,
                chunked=False,
                expects_continue=False,
                upgrade=b"",
            )
        )
        message.complete = True
        location = self.hosts.find(head.host).locate(uri)
        return location.exchange(self, exchange.channel, message)
