"""From a configuration to sites and upstreams: who answers for which name and path, and what is logged of it."""

import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.assembly import Parts, build_sites, build_upstreams
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.load import loads
from stickyproxy.config.logs import LEVELS as CONFIGURED
from stickyproxy.errors import StartError
from stickyproxy.http.agent import Agent, AgentSettings
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.words import ChannelSettings
from stickyproxy.observe.error_log import LEVELS as KNOWN
from stickyproxy.observe.log_files import LogFiles
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.proxy.site import Site
from tests.sticky.asking import ASKER
from tests.wire import connect


def sites(text: str, logs: LogFiles | None = None) -> dict[str, Site]:
    """Build the sites of a configuration, by the address in its `listen`."""
    clock = MemoryReactorClock()
    parts = Parts({}, Survey({}, Tallies(), clock.seconds), logs or LogFiles(), Certificates())
    built = build_sites(loads(text), parts, Deadlines(clock))
    return {listen.shown: site for listen, site in built}


def ask(site: Site, host: str, path: str = "/") -> tuple[int, str]:
    """Give status and body of what a site answers."""
    client = connect(site)
    client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, _, body = client.received().decode().partition("\r\n\r\n")
    return int(head.split(" ")[1]), body


def server(name: str, listen: str, more: str = "") -> str:
    """A server that answers with its name."""
    return f"[server {name}]\nlisten = {listen}\n{more}\n[location {name} /]\nreturn = 200 {name}\n"


# -- servers ---------------------------------------------------------------------------------------------------------

ADDRESS = InetAddress(ip_address("10.0.0.1"), 80)
FIRST = server("first", "8080", "server_name = first.example *.example.org")
SECOND = server("second", "8080", "server_name = second.example www.example.org")
DEFAULT = server("third", "8080 default_server", "server_name = third.example")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("first.example", "first"),
        ("second.example", "second"),
        ("SECOND.example:8080", "second"),
        ("any.example.org", "first"),
        ("www.example.org", "second"),
    ],
)
def test_servers_of_one_address_are_told_apart_by_name(host: str, expected: str) -> None:
    """Several servers share one listening port, and the Host says which of them answers."""
    (site,) = sites(FIRST + SECOND).values()
    assert (200, expected) == ask(site, host)


@pytest.mark.parametrize(
    ("text", "expected"), [(FIRST + SECOND, "first"), (SECOND + FIRST, "second"), (FIRST + SECOND + DEFAULT, "third")]
)
def test_default_server(text: str, expected: str) -> None:
    """A name that nobody has is for the `default_server`, or else for the first."""
    (site,) = sites(text).values()
    assert (200, expected) == ask(site, "nobody.example")


def test_each_address_has_its_own_servers_and_default() -> None:
    """A server answers only where it listens, and may be the default at one address and not at the other."""
    both = server("both", "8080\n 8081 default_server", "server_name = both.example")
    built = sites(FIRST + server("other", "8081", "server_name = other.example") + both)
    assert ["0.0.0.0:8080", "0.0.0.0:8081"] == sorted(built)
    here, there = built["0.0.0.0:8080"], built["0.0.0.0:8081"]
    assert [(200, "first"), (200, "both"), (200, "first")] == [
        ask(here, host) for host in ("first.example", "both.example", "other.example")
    ]
    assert [(200, "both"), (200, "both"), (200, "other")] == [
        ask(there, host) for host in ("first.example", "both.example", "other.example")
    ]


def test_default_server_sets_the_times_of_its_address() -> None:
    """Before a name is known the times of the default server hold."""
    times = "client_header_timeout = 5s\nkeepalive_timeout = 6s\nkeepalive_requests = 7"
    (site,) = sites(FIRST + server("timed", "8080 default_server", times)).values()
    assert ChannelSettings(5.0, 6.0, 7) == site.settings


def test_listen_of_the_default_server_is_the_one_that_is_opened() -> None:
    """Of the `listen` lines for one address that of the default server stands for all, in messages too."""
    clock = MemoryReactorClock()
    parts = Parts({}, Survey({}, Tallies(), clock.seconds), LogFiles(), Certificates())
    ((listen, _),) = build_sites(loads(FIRST + DEFAULT), parts, Deadlines(clock))
    line = FIRST.count("\n") + 2
    assert ("0.0.0.0:8080", True, line) == (listen.shown, listen.default_server, listen.position.line)


# -- locations -------------------------------------------------------------------------------------------------------

LOCATIONS = """\
[server www]
[location www /app]
return = 200 prefix
[location www = /app/]
return = 200 exact-slash
[location www = /page]
return = 200 exact
[location www /page/below]
return = 200 below
[location www = /]
return = 200 root
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "root"),
        ("/app", "prefix"),
        ("/app/", "exact-slash"),
        ("/app/x", "prefix"),
        ("/page", "exact"),
        ("/page?q", "exact"),
        ("/page/below/x", "below"),
    ],
)
def test_locations_hang_where_they_are_written(path: str, expected: str) -> None:
    """An exact location is for its very path, slash or none; others are for all below as well."""
    (site,) = sites(LOCATIONS).values()
    assert (200, expected) == ask(site, "www.example", path)


@pytest.mark.parametrize("path", ["/page/", "/page/other", "/apple", "/nowhere"])
def test_path_without_a_location(path: str) -> None:
    """A path that no location covers is answered with 404."""
    (site,) = sites(LOCATIONS).values()
    assert 404 == ask(site, "www.example", path)[0]


def test_server_that_returns() -> None:
    """`return` in a server answers for every path."""
    (site,) = sites("[server www]\nreturn = 200 closed\n").values()
    assert (200, "closed") == ask(site, "www.example", "/any/path")


# -- logs ------------------------------------------------------------------------------------------------------------


def test_each_location_has_its_logs(tmp_path: Path) -> None:
    """A request is one line in each log of its location; paths without a location have the server's."""
    text = f"""\
[http]
log_format = short "$server_name $uri"
access_log = {tmp_path}/all.log short
[server www]
server_name = www.example
[location www /twice]
return = 200
access_log =
    {tmp_path}/all.log short
    {tmp_path}/own.log short
[location www /never]
return = 200
access_log = off
"""
    logs = LogFiles()
    (site,) = sites(text, logs).values()
    for path in ("/twice/x", "/never", "/nowhere"):
        ask(site, "www.example", path)
    logs.flush()
    assert "www.example /twice/x\nwww.example /nowhere\n" == (tmp_path / "all.log").read_text()
    assert "www.example /twice/x\n" == (tmp_path / "own.log").read_text()


def test_log_that_cannot_be_opened() -> None:
    """An access log that cannot be opened keeps the proxy from starting, and the line that names it is told."""
    with pytest.raises(StartError) as refusal:
        sites("[http]\naccess_log = /nowhere/access.log\n" + FIRST)
    reason = "cannot open the log /nowhere/access.log: No such file or directory"
    assert f"sticky.ini:2: access_log: {reason}" == str(refusal.value)


def test_levels() -> None:
    """The error log knows each level that a configuration may name, and no other."""
    assert set(CONFIGURED) == set(KNOWN)


JUNK = st.binary(max_size=30)
REQUEST = st.builds(
    lambda method, target, value: b"%b /%b HTTP/1.1\r\nHost: a\r\nUser-Agent: %b\r\n\r\n" % (method, target, value),
    st.sampled_from([b"GET", b"POST", b"BREW"]) | JUNK,
    JUNK,
    JUNK,
)


@given(parts=st.lists(REQUEST | JUNK, max_size=5))
def test_json_log_is_json_whatever_a_client_sends(parts: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever bytes arrive on a connection, each line that the log gets of it is valid JSON."""
    path = tmp_path_factory.getbasetemp() / "whatever.log"
    path.unlink(missing_ok=True)
    logs = LogFiles()
    (site,) = sites(f"[http]\naccess_log = {path} json\n{FIRST}", logs).values()
    client = connect(site)
    client.send(*parts)
    client.close()
    logs.flush()
    logs.close()
    for line in path.read_bytes().splitlines():
        assert 200 <= json.loads(line)["status"] <= 599


# -- upstreams -------------------------------------------------------------------------------------------------------


def test_upstreams_have_their_servers_and_their_connections() -> None:
    """Each upstream has the servers that its own were resolved to, and an agent with its own settings."""
    text = """\
[upstream app]
server =
    10.0.0.1:80 weight=2
    10.0.0.2:80
keepalive = 5
keepalive_timeout = 6s
keepalive_requests = 7
[upstream other]
server = 10.0.0.3:80
"""
    reactor = MemoryReactorClock()
    upstreams = build_upstreams(
        loads(text + FIRST),
        lambda servers: tuple(evolve(each, down=True) for each in servers),
        lambda settings: Agent(reactor, Deadlines(reactor), settings),
    )
    assert {"app": b"app", "other": b"other"} == {name: upstream.name for name, upstream in upstreams.items()}
    assert [(b"10.0.0.1:80", 2, True), (b"10.0.0.2:80", 1, True)] == [
        (peer.name, peer.weight, peer.down) for peer in upstreams["app"].group.peers
    ]
    assert AgentSettings(5, 6.0, 7) == upstreams["app"].agent.settings
    assert AgentSettings(32, 60.0, 1000) == upstreams["other"].agent.settings


def test_sessions_stick_to_resolved_servers() -> None:
    """The policy names the very servers that the group balances, as they are after their names were resolved."""
    upstreams = build_upstreams(
        loads("[upstream app]\nserver =\n app.example:80\nsession_sticky = hash=plain\n" + FIRST),
        lambda servers: tuple(evolve(each, id=name, address=ADDRESS) for each in servers for name in "ab"),
        lambda settings: Agent(MemoryReactorClock(), Deadlines(MemoryReactorClock()), settings),
    )
    policy, group = upstreams["app"].policy, upstreams["app"].group
    claim = policy.recall([b"route=b"], ASKER, 0.0)
    assert "b" == group.assign(claim, (), 0.0, policy.refusal is None, None).peer.server.id
