"""Which servers are checked, and whether what is found reaches those who choose among them."""

from collections.abc import Sequence

import pytest
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.assembly import build_upstreams
from stickyproxy.checking import add_checks, load_certificates
from stickyproxy.config.load import loads
from stickyproxy.config.settings import Server
from stickyproxy.errors import StartError
from stickyproxy.health.health import Health
from stickyproxy.http.agent import Agent
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from tests.wire import Servers

WWW = "[server www]\n[location www /]\nproxy_pass = {}://app\n{}\n"
OK = b"HTTP/1.0 200 OK\r\n"


class House:
    """The checks of a configuration, over a reactor in memory."""

    def __init__(self, upstreams: str, scheme: str = "http", more: str = "") -> None:
        self.reactor = MemoryReactorClock()
        self.servers = Servers(self.reactor)
        settings = loads(upstreams + WWW.format(scheme, more))
        deadlines = Deadlines(self.reactor)
        self.upstreams = build_upstreams(settings, self.resolve, lambda each: Agent(self.reactor, deadlines, each))
        self.health = Health(self.reactor, lambda: 0.5)
        certificates = Certificates()
        load_certificates(settings, certificates)
        add_checks(self.health, settings, self.upstreams, self.reactor, certificates)
        self.health.start()

    def resolve(self, servers: Sequence[Server]) -> tuple[Server, ...]:
        """Names stay as they are: none of them resolves."""
        return tuple(servers)

    def sick(self, name: str) -> list[bool]:
        """Which servers of an upstream take nothing."""
        return [peer.sick for peer in self.upstreams[name].group.peers]


def test_who_is_checked() -> None:
    """Every server of an upstream with a check is, backups and those that are down as well, but for a name's."""
    servers = "server =\n  10.0.0.1:80\n  10.0.0.2:80 backup\n  10.0.0.3:80 down\n  nowhere:80 down\n"
    house = House(f"[upstream app]\n{servers}check = type=http\n[upstream other]\nserver = 10.0.0.9:80\n")
    assert [("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.3", 80)] == house.servers.asked
    assert [("app", f"10.0.0.{number}:80") for number in (1, 2, 3)] == [
        (each.upstream, each.name) for each in house.health.checks
    ]
    assert ([True, True, True, False], [False]) == (house.sick("app"), house.sick("other"))


def test_peers_are_told() -> None:
    """What checks find is what those who choose among the servers go by."""
    house = House("[upstream app]\nserver =\n  10.0.0.1\n  10.0.0.2\ncheck = type=http rise=1\n")
    house.servers.accept().send(OK)
    house.servers.refuse()
    assert [False, True] == house.sick("app")
    assert [each.up for each in house.health.checks] == [True, False]


def test_unix_socket() -> None:
    """A server on a Unix socket is checked there."""
    house = House("[upstream app]\nserver = unix:/run/app\ncheck =\n")
    assert ["/run/app"] == [path for path, *_ in house.reactor.unixClients]


def test_unusable_certificate_is_told_before_there_are_servers() -> None:
    """A certificate for checks is read before anything starts, also where a name has no address yet."""
    upstream = "[upstream app]\nserver = app.example:443 resolve\ncheck = type=https\n"
    text = upstream + WWW.format("https", "proxy_ssl_trusted_certificate = /none.pem")
    with pytest.raises(StartError, match="/none"):
        load_certificates(loads(text), Certificates())


SHARED = "[upstream {}]\nserver = 10.0.0.1:443\ncheck = type={} unique=true\n"


def test_unique() -> None:
    """Upstreams that check an address in the same way share its checks."""
    house = House(SHARED.format("app", "http") + SHARED.format("other", "http"))
    assert 1 == len(house.servers.asked)


def test_unique_over_tls() -> None:
    """Who asks another certificate of a server has checks of his own."""
    house = House(SHARED.format("app", "https") + SHARED.format("other", "https"), "https")
    assert 2 == len(house.servers.asked)


@pytest.mark.parametrize(
    ("scheme", "more", "name"),
    [("https", "", b"app"), ("https", "proxy_ssl_name = a.example", b"a.example"), ("http", "", None)],
)
def test_tls(scheme: str, more: str, name: bytes | None) -> None:
    """A check speaks TLS as the traffic does, to the server of that name."""
    house = House("[upstream app]\nserver = 10.0.0.1\ncheck = type=https\n", scheme, more)
    hello = house.servers.accept().received()
    assert b"\x16\x03" == hello[:2]
    assert (name is not None) is (name is not None and name in hello)


def test_unchecked_server_is_well() -> None:
    """Who is checked no more is no longer kept out by what checks found."""
    house = House("[upstream app]\nserver = 10.0.0.1\ncheck =\n")
    assert [True] == house.sick("app")
    settings = loads("[upstream app]\nserver = 10.0.0.1\n" + WWW.format("http", ""))
    add_checks(Health(house.reactor, lambda: 0.5), settings, house.upstreams, house.reactor, Certificates())
    assert [False] == house.sick("app")
