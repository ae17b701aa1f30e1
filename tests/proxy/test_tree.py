import pytest
from attrs import evolve
from hypothesis import assume, example, given
from hypothesis import strategies as st
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.test.requesthelper import DummyRequest

from stickyproxy.config.listening import parse_server_name
from stickyproxy.config.load import loads
from stickyproxy.errors import ClientFault
from stickyproxy.proxy.locations import LocationResource
from stickyproxy.proxy.scope import Scope
from stickyproxy.proxy.tree import Branch, Hosts, VirtualHost
from tests.proxy.facts import request
from tests.proxy.spellings import PATHS, served

FALLBACK = loads("[server www]").servers[0].fallback


def leaf(name: str) -> LocationResource:
    """Make a location that is told from others by its name."""
    return LocationResource(Scope(b"www", evolve(FALLBACK, path=name)))


def name_of(location: LocationResource | None) -> str:
    """Say which location that is."""
    return location.scope.settings.path if location else "none"


def virtual_host(*places: str, name: str = "fallback") -> VirtualHost:
    """Build a host with locations at `places`, which are written as in a configuration and so named."""
    host = VirtualHost(leaf(name))
    for place in places:
        if place.startswith("= "):
            host.hang_exact(place[2:], leaf(place))
        else:
            host.hang(place, leaf(place))
    return host


# -- locations -------------------------------------------------------------------------------------------------------


PLACES = ("/app", "/app/deep", "/application", "/a/b/c", "= /app", "= /exact", "= /exact/", "= /app/deep/x", "/café")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        # Whole segments, the longest first.
        (b"/app/", "/app"),
        (b"/app/x/y", "/app"),
        (b"/app/deep", "/app/deep"),
        (b"/app/deep/x/y", "/app/deep"),
        (b"/app/deeper", "/app"),
        (b"/application", "/application"),
        (b"/apple", "fallback"),
        (b"/App/x", "fallback"),
        (b"/a/b/c/d", "/a/b/c"),
        (b"/a/b", "fallback"),
        (b"/", "fallback"),
        # The exact one before any other, and for one path alone.
        (b"/app", "= /app"),
        (b"/app?x=/y", "= /app"),
        (b"/exact", "= /exact"),
        (b"/exact/", "= /exact/"),
        (b"/exact/x", "fallback"),
        (b"/app/deep/x", "= /app/deep/x"),
        (b"/app/deep/x/", "/app/deep"),
        # In every spelling.
        (b"/%61pp/x", "/app"),
        (b"/x/../app/x", "/app"),
        (b"/x/%2e%2e/app/x", "/app"),
        (b"//app//deep", "/app/deep"),
        (b"/app%2fdeep", "/app/deep"),
        (b"/app;v=1/deep;v=2", "/app/deep"),
        (b"/app;jsessionid=1.a", "= /app"),
        (b"/app/deep/..", "/app"),
        (b"/app/deep/../..", "fallback"),
        (b"/caf%C3%A9/x", "/café"),
        # Not decoded twice.
        (b"/%2561pp/x", "fallback"),
        # The query is no path.
        (b"/?/app", "fallback"),
        (b"/x?/../app", "fallback"),
        (b"*", "fallback"),
    ],
)
def test_locate(target: bytes, expected: str) -> None:
    """A request belongs to the exact location of its path, else to the longest that it is below, else to none."""
    assert expected == name_of(virtual_host(*PLACES).locate(target))


@pytest.mark.parametrize(
    ("target", "expected"),
    [(b"/", "= /"), (b"//", "= /"), (b"/x/..", "= /"), (b"/x", "/"), (b"/x/y", "/"), (b"*", "= /")],
)
def test_root(target: bytes, expected: str) -> None:
    """The location of `/` takes everything that no other does, and `= /` the root alone."""
    assert expected == name_of(virtual_host("/", "= /").locate(target))


@pytest.mark.parametrize("target", [b"/..", b"/app/../../app", b"/app/%2e%2e/%2e%2e", b"/app/..;/x", b"/app%00"])
def test_path_that_leads_nowhere(target: bytes) -> None:
    """A path that leads above the root, or nobody knows where, belongs to no location."""
    with pytest.raises(ClientFault) as caught:
        virtual_host("/", "/app").locate(target)
    assert 400 == caught.value.status


@given(PATHS, st.sets(st.sampled_from(["/", "/app", "/app/app", "/app/admin", "/admin", "/admin/x", "/x", "/a b/x"])))
@example(b"/app/%2e%2e//admin;v=1/x", {"/admin/x", "/app", "/admin"})
def test_nothing_is_dodged(path: bytes, places: set[str]) -> None:
    """For any path, the location is the longest that covers where a server arrives that is sent that path."""
    try:
        found = virtual_host(*places).locate(path)
    except ClientFault:
        assume(False)
    arrived = served(path)
    covering = [place for place in places if (at := served(place.encode())) == (arrived or [])[: len(at or [])]]
    assert max(covering, key=len, default="fallback") == name_of(found)


def test_twisted_finds_its_way() -> None:
    """The tree is one of Resources: whoever walks it by twisted.web's own means comes to the same location."""
    host = virtual_host("/app/deep")
    resource = getChildForRequest(host, DummyRequest([b"app", b"deep", b"x"]))
    assert "/app/deep" == name_of(resource)
    host.hang("/app", leaf("/app"))
    assert "/app" == name_of(getChildForRequest(host, DummyRequest([b"app", b"x", b"y"])))
    request = DummyRequest([b"other"])
    getChildForRequest(host, request).render(request)
    assert b"404" in b"".join(request.written)
    assert IResource.providedBy(host)


def test_empty_branch() -> None:
    """A tree without locations has none for any path."""
    assert ["none", "none"] == [name_of(Branch().find(path)) for path in (b"/", b"/a")]


# -- server names ----------------------------------------------------------------------------------------------------


def hosts(*names: str) -> Hosts:
    """Build hosts that each answer under one name, as `server_name` has it; `default` is for all others."""
    tree = Hosts(virtual_host(name="default"))
    for name in names:
        tree.add(parse_server_name([name]), virtual_host(name=name))
    return tree


NAMES = (
    "www.example.org",
    "*.example.org",
    "*.deep.example.org",
    ".dot.example",
    "www.example.*",
    "www.*",
    "a.example.*",
    "192.0.2.1",
    "org",
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        # By exact name.
        (b"www.example.org", "www.example.org"),
        (b"WWW.EXAMPLE.ORG", "www.example.org"),
        (b"www.example.org:8080", "www.example.org"),
        (b"www.example.org.", "www.example.org"),
        (b"192.0.2.1:80", "192.0.2.1"),
        (b"org", "org"),
        # By the longest name that starts with an asterisk.
        (b"x.example.org", "*.example.org"),
        (b"x.y.example.org", "*.example.org"),
        (b"a.example.org", "*.example.org"),
        (b"x.deep.example.org", "*.deep.example.org"),
        (b"deep.example.org", "*.example.org"),
        # With and without something before the dot.
        (b"dot.example", ".dot.example"),
        (b"x.y.dot.example", ".dot.example"),
        (b"xdot.example", "default"),
        # By the longest name that ends with an asterisk.
        (b"www.example.com", "www.example.*"),
        (b"www.example.co.uk", "www.example.*"),
        (b"www.other.com", "www.*"),
        (b"a.example.net", "a.example.*"),
        (b"a.example", "default"),
        # By none.
        (b"example.org", "default"),
        (b"xexample.org", "default"),
        (b"example.com", "default"),
        (b"[::1]:80", "default"),
        (b"", "default"),
    ],
)
def test_server_name(host: bytes, expected: str) -> None:
    """A Host is looked for by exact name, leading wildcard, trailing wildcard; the default answers for the rest."""
    assert expected == hosts(*NAMES).find(host).fallback.scope.settings.path


def test_names_without_wildcards() -> None:
    """Where all names are exact, others are the default's."""
    tree = hosts("www.example.org")
    assert ["www.example.org", "default"] == [
        tree.find(host).fallback.scope.settings.path for host in (b"www.example.org", b"a.www.example.org")
    ]


def test_ipv6_literal() -> None:
    """A server can be named by an IPv6 address in brackets."""
    tree = Hosts(virtual_host(name="default"))
    tree.add(["[2001:db8::1]"], virtual_host(name="six"))
    assert "six" == tree.find(b"[2001:DB8::1]:8080").fallback.scope.settings.path


def test_host_and_location() -> None:
    """A request belongs to a location of the host that it names."""
    tree = Hosts(virtual_host("/app", name="default"))
    tree.add(["www.example"], virtual_host("/app/deep", name="www"))
    found = [name_of(tree.locate(request(b"/app/deep", host=host))) for host in (b"www.example", b"other.example")]
    assert ["/app/deep", "/app"] == found
