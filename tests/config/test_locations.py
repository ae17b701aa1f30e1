from collections.abc import Callable

import pytest

from stickyproxy.config.addresses import DemoAddress, UnixAddress, parse_address
from stickyproxy.config.buffering import Buffering, RequestBuffering
from stickyproxy.config.load import loads
from stickyproxy.config.locations import Place, parse_place
from stickyproxy.config.logs import BUILT_IN_FORMATS
from stickyproxy.config.settings import (
    AccessLog,
    HeaderLine,
    Location,
    NextUpstream,
    Position,
    ProxyPass,
    Redirect,
    Return,
    Server,
    Upstream,
)
from stickyproxy.config.templates import Template, parse_template

TARGET = "expected the name of an [upstream], or an address"
FORMAT = "expected combined, json or a log_format of [http]"
UPSTREAM = "[upstream app]\nserver = 10.0.0.1\n"


def location_of(text: str, path: str = "/", http: str = "", server: str = "") -> Location:
    """Load the only location of a configuration, and what it inherits."""
    settings = loads(f"{UPSTREAM}[http]\n{http}\n[server www]\n{server}\n[location www {path}]\n{text}\n")
    (location,) = settings.servers[0].locations
    return location


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["/"], Place("/")),
        (["/app"], Place("/app")),
        (["/app/"], Place("/app", slashed=True)),
        (["=", "/app"], Place("/app", exact=True)),
        (["=", "/app/"], Place("/app", exact=True, slashed=True)),
        (["=", "/"], Place("/", exact=True)),
        (["/a b/é"], Place("/a b/é")),
    ],
)
def test_place(words: list[str], expected: Place) -> None:
    """A path is kept without its trailing slash, and it is known that there was one."""
    assert expected == parse_place(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["app"], '"app" is no path; expected one that starts with / and has no query'),
        (["/app?x"], '"/app?x" is no path; expected one that starts with / and has no query'),
        (["@named"], '"@named" is no path; expected one that starts with / and has no query'),
        (["~", "^/x"], 'modifier "~" is not supported; expected = or none'),
        (["^~", "/x"], 'modifier "^~" is not supported; expected = or none'),
        (["//"], '"//" never matches; expected a path without empty segments, . and ..'),
        (["/a//b"], '"/a//b" never matches; expected a path without empty segments, . and ..'),
        (["/a/../b"], '"/a/../b" never matches; expected a path without empty segments, . and ..'),
    ],
)
def test_place_is_refused(complaints: Callable[..., list[str]], words: list[str], expected: str) -> None:
    """A path that no request has, and what is not there of nginx's modifiers, is refused."""
    assert [expected] == complaints(parse_place, words)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/app", "/app", True),
        ("/app", "/app/", True),
        ("/app", "= /app", False),
        ("= /app", "= /app", True),
        ("= /app", "= /app/", False),
        ("/app", "/apple", False),
    ],
)
def test_alike(faults_of: Callable[[str], list[str]], one: str, other: str, expected: bool) -> None:
    """Two locations are alike when the same paths match; a slash at the end tells exact ones apart."""
    text = f"[server www]\n[location www {one}]\nreturn = 404\n[location www  {other}]\nreturn = 404\n"
    assert expected == bool(faults_of(text))


def test_defaults() -> None:
    """A location that says nothing but its target has the defaults of the directives."""
    location = location_of("proxy_pass = http://app")
    expected = Location(
        "/",
        exact=False,
        slashed=False,
        proxy_pass=ProxyPass("app", b"app"),
        return_=None,
        check_status=None,
        access=(),
        access_logs=(),
        add_headers=(),
        client_body_timeout=60.0,
        client_max_body_size=1024 * 1024,
        error_pages=(),
        limit_conns=(),
        limit_conn_status=503,
        buffering=Buffering(True, 64 * 1024, 16 * 1024, 1024 * 1024 * 1024, None),
        request_buffering=RequestBuffering(True, 64 * 1024, None),
        proxy_buffer_size=32 * 1024,
        proxy_connect_timeout=60.0,
        proxy_hide_headers=frozenset(),
        proxy_ignore_client_abort=False,
        proxy_next_upstream=NextUpstream(frozenset({"error", "timeout"}), 0, 0.0),
        proxy_protocol=False,
        proxy_read_timeout=60.0,
        proxy_redirects=(Redirect(b"http://app/", Template((b"/",))),),
        proxy_send_timeout=60.0,
        proxy_set_headers=(),
        real_ip=None,
        send_timeout=60.0,
        temp_folders=(),
        position=Position("sticky.ini", 7),
    )
    assert expected == location


def test_all_that_is_said() -> None:
    """Every directive of a location finds its place."""
    location = location_of(
        """\
proxy_pass = http://app
access = deny all
access_log = a.log json
add_header = X $status always
client_body_timeout = 1
client_max_body_size = 0
error_page = 502 /sorry
proxy_connect_timeout = 2
proxy_hide_header =
    X-Powered-By
    Server
proxy_next_upstream = http_502
proxy_next_upstream_tries = 3
proxy_next_upstream_timeout = 4
proxy_read_timeout = 5
proxy_redirect = off
proxy_send_timeout = 6
proxy_set_header = Host $host
send_timeout = 7
"""
    )
    assert (False, None) == (location.access[0].allow, location.access[0].network)
    assert (AccessLog("a.log", BUILT_IN_FORMATS[1], Position("sticky.ini", 10)),) == location.access_logs
    assert (HeaderLine(b"X", parse_template("$status"), always=True),) == location.add_headers
    assert "/sorry" == location.error_pages[0].uri
    assert frozenset({b"x-powered-by", b"server"}) == location.proxy_hide_headers
    assert NextUpstream(frozenset({"http_502"}), 3, 4.0) == location.proxy_next_upstream
    assert () == location.proxy_redirects
    assert (HeaderLine(b"Host", parse_template("$host")),) == location.proxy_set_headers
    assert (1.0, 0, 2.0, 5.0, 6.0, 7.0) == (
        location.client_body_timeout,
        location.client_max_body_size,
        location.proxy_connect_timeout,
        location.proxy_read_timeout,
        location.proxy_send_timeout,
        location.send_timeout,
    )


def test_inheritance() -> None:
    """A location has what it says itself, else what its server says, else what [http] says."""
    location = location_of(
        "proxy_pass = http://app\nadd_header = C c",
        http="add_header =\n  A a\n  B b\nproxy_set_header = X http\nsend_timeout = 1\naccess_log = a.log",
        server="proxy_set_header = Y server\nsend_timeout = 2\naccess_log = off",
    )
    assert [b"C"] == [header.name for header in location.add_headers]
    assert [b"Y"] == [header.name for header in location.proxy_set_headers]
    assert 2.0 == location.send_timeout
    assert () == location.access_logs


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("/", "http://app", ("http://app/", "/")),
        ("/one/", "http://app", ("http://app/", "/")),
        ("/one/", "http://app/two/", ("http://app/two/", "/one/")),
        ("/one", "http://app/", ("http://app/", "/one/")),
        ("/one", "http://app/two", ("http://app/two/", "/one/")),
        ("/", "http://app/two", ("http://app/two/", "/")),
        ("= /one", "http://app/two", ("http://app/two", "/one")),
        ("= /one/", "http://app/two/", ("http://app/two/", "/one/")),
        ("/one", "http://10.0.0.1:8080/", ("http://10.0.0.1:8080/", "/one/")),
    ],
)
def test_default_redirect(path: str, target: str, expected: tuple[str, str]) -> None:
    """By default a redirect to the target comes back as one to the location, with one slash at the joint."""
    (redirect,) = location_of(f"proxy_pass = {target}", path).proxy_redirects
    assert Redirect(expected[0].encode(), Template((expected[1].encode(),))) == redirect


def test_redirects_in_order() -> None:
    """The default stands where it is written among others."""
    text = "proxy_pass = http://app\nproxy_redirect =\n  http://a/ /b/\n  default"
    assert [b"http://a/", b"http://app/"] == [each.source for each in location_of(text).proxy_redirects]


def test_return() -> None:
    """A location that returns has no target, and no redirects to be rewritten."""
    location = location_of("return = 301 https://$host/")
    assert Return(301, parse_template("https://$host/")) == location.return_
    assert (None, ()) == (location.proxy_pass, location.proxy_redirects)


@pytest.mark.parametrize(
    ("target", "server", "host"),
    [
        ("10.0.0.1:8080", Server("10.0.0.1:8080", parse_address("10.0.0.1:8080")), b"10.0.0.1:8080"),
        ("10.0.0.1", Server("10.0.0.1", parse_address("10.0.0.1")), b"10.0.0.1"),
        ("[::1]", Server("[::1]", parse_address("[::1]")), b"[::1]"),
        ("localhost", Server("localhost", parse_address("localhost")), b"localhost"),
        ("app.example.org", Server("app.example.org", parse_address("app.example.org")), b"app.example.org"),
        ("other:8080", Server("other:8080", parse_address("other:8080")), b"other:8080"),
        ("demo:a", Server("demo:a", DemoAddress("a")), b"demo:a"),
        ("unix:/run/a.sock", Server("unix:/run/a.sock", UnixAddress("/run/a.sock")), b"localhost"),
    ],
)
def test_address_for_a_target(target: str, server: Server, host: bytes) -> None:
    """An address becomes an upstream of its own, one for all the locations that name it."""
    settings = loads(
        f"[server www]\n[location www /a]\nproxy_pass = http://{target}\n[location www /b]\nproxy_pass = http://{target}\n"
    )
    assert {target: Upstream(target, (server,), None, 32, 60.0, 1000)} == settings.upstreams
    assert [ProxyPass(target, host)] * 2 == [location.proxy_pass for location in settings.servers[0].locations]


def test_addresses_of_one_host() -> None:
    """Two ports of a host are two upstreams."""
    text = "[server www]\n[location www /a]\nproxy_pass = http://localhost\n[location www /b]\nproxy_pass = http://localhost:81\n"
    assert ["localhost", "localhost:81"] == list(loads(text).upstreams)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["4: [location www /] neither proxy_pass nor return nor check_status; expected one of them"]),
        (
            "return = 404\nproxy_pass = http://app",
            ["5: [location www /] return: stands beside proxy_pass; expected one of them"],
        ),
        (
            "check_status = csv\nreturn = 404",
            ["5: [location www /] check_status: stands beside return; expected one of them"],
        ),
        (
            "return = 404\nsession_sticky = off",
            ["6: [location www /] session_sticky: no request goes to a server here; expected it beside proxy_pass"],
        ),
        (
            "proxy_pass = http://app\nsession_sticky = on",
            ['6: [location www /] session_sticky: "on" is unknown; expected off'],
        ),
        (
            "proxy_pass = http://ap",
            [f'5: [location www /] proxy_pass: no upstream "ap"; {TARGET}; did you mean "app"?'],
        ),
        (
            "proxy_pass = http://other",
            [f'5: [location www /] proxy_pass: no upstream "other"; {TARGET}'],
        ),
        (
            "proxy_pass = http://app:8080",
            ['5: [location www /] proxy_pass: upstream "app" has its ports in its server lines; expected http://app'],
        ),
        (
            "proxy_pass = http://other:x",
            ['5: [location www /] proxy_pass: "x" is no port; expected a number from 1 to 65535'],
        ),
        (
            "return = 404\nproxy_redirect = default",
            ["6: [location www /] proxy_redirect: default without proxy_pass; expected off, or FROM TO"],
        ),
        (
            "proxy_pass = http://app\nproxy_redirect =\n  off\n  default",
            ['7: [location www /] proxy_redirect: "off" stands beside other lines; expected off alone'],
        ),
        (
            "return = 404\naccess_log =\n  a.log\n  off",
            ['8: [location www /] access_log: "off" stands beside other lines; expected off alone'],
        ),
        (
            "return = 404\naccess_log = a.log combind",
            [f'6: [location www /] access_log: unknown format "combind"; {FORMAT}; did you mean "combined"?'],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    """A location that does nothing, too much, or names what is not there is refused."""
    assert expected == faults_of(f"{UPSTREAM}[server www]\n[location www /]\n{text}\n")


@pytest.mark.parametrize(("text", "sticky"), [("", True), ("\nsession_sticky = off", False)])
def test_sticky(text: str, sticky: bool) -> None:
    """A location follows sessions unless it says otherwise."""
    assert sticky is location_of(f"proxy_pass = http://app{text}").sticky
