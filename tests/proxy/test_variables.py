from base64 import b64encode
from ipaddress import ip_address
from socket import gethostname

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment, Reason
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server
from stickyproxy.config.templates import NAMES, PREFIXES, Variable, parse_template
from stickyproxy.http.proxy_protocol import ProxyHeader
from stickyproxy.http.words import Ends, TlsSession
from stickyproxy.proxy import variables
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.variables import GETTERS, compile_template, host_without_port
from stickyproxy.sticky.words import Affinity
from tests.proxy.facts import ENDS, attempt, facts, request, response


def assigned(server_id: str | None = "a") -> Assignment:
    """Assign a server by its session."""
    server = Server("10.0.0.2", InetAddress(ip_address("10.0.0.2"), 80), id=server_id)
    return Assignment(Peer(server), Affinity.VALID, Reason.BOUND)


# Everything is known: who the client is behind a balancer; two tries, the first of which got no connection.
FULL = facts(
    request(
        b"/a//%62/../c%20d?x=1&y=%20&X=3&empty=&flag&x=2",
        b"Authorization: Basic " + b64encode(b"ann:secret:x"),
        b"User-Agent: curl",
        b"X-Forwarded-For: 10.9.9.9",
        b"x-forwarded-for: 10.8.8.8",
        b"Content-Type: text/plain",
        b"Content-Length: 5",
        b"Cookie: a=1; route=s.1",
        b'Cookie: A=2; b="3"; a=4',
        method=b"POST",
        host=b"WWW.Example:8080",
    ),
    ends=evolve(
        ENDS,
        tls=TlsSession(b"TLSv1.3", b"TLS_AES_256_GCM_SHA384", b"www.example"),
        proxied=ProxyHeader(ENDS.peer_host, ENDS.peer_port, b"192.0.2.81", 443),
        socket=evolve(ENDS, peer_host=b"10.1.1.1", peer_port=40000),
    ),
    finished=1_002.34567,
    status=201,
    bytes_sent=345,
    body_bytes=12,
    upstream_name=b"app",
    tries=(
        attempt(b"10.0.0.1:80", ended=1_000.5),
        attempt(b"10.0.0.2:80", 1_000.5, 1_000.5014, 1_002.0, 1_002.3, status=201, body_bytes=12),
    ),
    assignment=assigned(),
    response=response(
        201,
        b"Content-Type: text/html",
        b"X-A: 1",
        b"x-a: 2",
        b"Set-Cookie: JSESSIONID=77.a; Path=/",
        b"Set-Cookie: b=2",
    ),
    sent=(b"Content-Type: text/html\r\n", b"X-Twice: 1\r\n", b"X-TWICE:  2\r\n", b"X-Twice-Not: 3\r\n"),
)

# Hardly anything is known: no try was made, and the request says nothing.
BARE = facts(request(b"/", version="1.0", host=b""))

EXPECTED: dict[str, tuple[bytes, bytes]] = {
    "args": (b"x=1&y=%20&X=3&empty=&flag&x=2", b""),
    "body_bytes_sent": (b"12", b"0"),
    "bytes_sent": (b"345", b"0"),
    "connection": (b"7", b"7"),
    "connection_requests": (b"2", b"2"),
    "content_length": (b"5", b""),
    "content_type": (b"text/plain", b""),
    "document_uri": (b"/a/c d", b"/"),
    "host": (b"www.example", b"www"),
    "hostname": (gethostname().encode(), gethostname().encode()),
    "http_host": (b"WWW.Example:8080", b""),
    "is_args": (b"?", b""),
    "msec": (b"1002.346", b"1000.000"),
    "proxy_add_x_forwarded_for": (b"10.9.9.9, 10.8.8.8, 192.0.2.1", b"192.0.2.1"),
    "proxy_host": (b"app", b""),
    "proxy_protocol_addr": (b"192.0.2.1", b""),
    "proxy_protocol_port": (b"54321", b""),
    "proxy_protocol_server_addr": (b"192.0.2.81", b""),
    "proxy_protocol_server_port": (b"443", b""),
    "query_string": (b"x=1&y=%20&X=3&empty=&flag&x=2", b""),
    "realip_remote_addr": (b"10.1.1.1", b"192.0.2.1"),
    "realip_remote_port": (b"40000", b"54321"),
    "remote_addr": (b"192.0.2.1", b"192.0.2.1"),
    "remote_port": (b"54321", b"54321"),
    "remote_user": (b"ann", b""),
    "request": (b"POST /a//%62/../c%20d?x=1&y=%20&X=3&empty=&flag&x=2 HTTP/1.1", b"GET / HTTP/1.0"),
    "request_id": (variables.request_id(FULL), variables.request_id(BARE)),
    "request_length": (b"%d" % FULL.head.size, b"%d" % BARE.head.size),
    "request_method": (b"POST", b"GET"),
    "request_time": (b"2.346", b"0.000"),
    "request_uri": (b"/a//%62/../c%20d?x=1&y=%20&X=3&empty=&flag&x=2", b"/"),
    "scheme": (b"https", b"http"),
    "server_addr": (b"192.0.2.80", b"192.0.2.80"),
    "server_name": (b"www", b"www"),
    "server_port": (b"8080", b"8080"),
    "server_protocol": (b"HTTP/1.1", b"HTTP/1.0"),
    "ssl_cipher": (b"TLS_AES_256_GCM_SHA384", b""),
    "ssl_protocol": (b"TLSv1.3", b""),
    "ssl_server_name": (b"www.example", b""),
    "status": (b"201", b"200"),
    "sticky_reason": (b"bound", b""),
    "sticky_server": (b"a", b""),
    "sticky_status": (b"valid", b""),
    "time_iso8601": (b"1970-01-01T00:16:42+00:00", b"1970-01-01T00:16:40+00:00"),
    "time_local": (b"01/Jan/1970:00:16:42 +0000", b"01/Jan/1970:00:16:40 +0000"),
    "upstream_addr": (b"10.0.0.1:80, 10.0.0.2:80", b""),
    "upstream_connect_time": (b"-, 0.001", b""),
    "upstream_header_time": (b"-, 1.500", b""),
    "upstream_name": (b"app", b""),
    "upstream_response_length": (b"0, 12", b""),
    "upstream_response_time": (b"0.500, 1.800", b""),
    "upstream_status": (b"-, 201", b""),
    "uri": (b"/a/c d", b"/"),
}


def value(name: str, of: Outcome = FULL) -> bytes:
    """Read a variable as a template does."""
    return compile_template(parse_template(f"${name}"))(of)


# -- all of them -----------------------------------------------------------------------------------------------------


def test_configuration_and_table_agree() -> None:
    """Every variable that a configuration may name has a value, and none is known here alone."""
    assert NAMES == GETTERS.keys() == EXPECTED.keys()
    assert set(PREFIXES) == variables._FAMILIES.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_value(name: str) -> None:
    """Each variable is worth what nginx would write, of a request that is full of facts and of one that has none."""
    assert EXPECTED[name] == (value(name, FULL), value(name, BARE))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http_user_agent", b"curl"),
        ("http_User_Agent", b"curl"),
        ("http_x_forwarded_for", b"10.9.9.9, 10.8.8.8"),
        ("http_cookie", b'a=1; route=s.1; A=2; b="3"; a=4'),
        ("http_nothing", b""),
        ("cookie_a", b"1"),
        ("cookie_A", b"2"),
        ("cookie_b", b"3"),
        ("cookie_route", b"s.1"),
        ("cookie_oute", b""),
        ("arg_x", b"1"),
        ("arg_X", b"3"),
        ("arg_y", b"%20"),
        ("arg_empty", b""),
        ("arg_flag", b""),
        ("arg_z", b""),
        ("sent_http_content_type", b"text/html"),
        ("sent_http_x_twice", b"1, 2"),
        ("sent_http_nothing", b""),
        ("upstream_http_content_type", b"text/html"),
        ("upstream_http_x_a", b"1, 2"),
        ("upstream_http_nothing", b""),
        ("upstream_cookie_JSESSIONID", b"77.a"),
        ("upstream_cookie_jsessionid", b""),
        ("upstream_cookie_b", b"2"),
    ],
)
def test_families(name: str, expected: bytes) -> None:
    """A family's member is looked for by the rest of its name: a field by any case, a cookie or argument exactly."""
    assert (expected, b"") == (value(name, FULL), value(name, BARE))


# -- some in particular ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"www.example", b"www.example"),
        (b"WWW.Example:80", b"www.example"),
        (b"www.example.", b"www.example"),
        (b"www.example.:80", b"www.example"),
        (b"[::1]:80", b"[::1]"),
        (b"[2001:DB8::1]", b"[2001:db8::1]"),
        (b"192.0.2.1:8080", b"192.0.2.1"),
        (b"", b""),
    ],
)
def test_host_without_port(host: bytes, expected: bytes) -> None:
    """The name in a Host is told from its port, in lower case."""
    assert expected == host_without_port(host)


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (b"Basic " + b64encode(b"ann:secret"), b"ann"),
        (b"basic " + b64encode(b":secret"), b""),
        (b"Basic " + b64encode(b"ann"), b""),
        (b"Basic " + b64encode(b"a\r\nX-Evil: 1\0:secret"), b"aX-Evil"),
        (b"Basic " + b64encode("jürgen:secret".encode()), "jürgen".encode()),
        (b"Basic !!!!", b""),
        (b"Basic \xff", b""),
        (b"Basic", b""),
        (b"Bearer " + b64encode(b"ann:secret"), b""),
    ],
)
def test_remote_user(credentials: bytes, expected: bytes) -> None:
    """The user is who Basic credentials name, on one line; all else names nobody."""
    assert expected == value("remote_user", facts(request(b"/", b"Authorization: " + credentials)))


@pytest.mark.parametrize(
    ("target", "expected"),
    [(b"/..", b""), (b"/a%00", b""), (b"/a%0d%0aX:%20y", b"/aX: y"), (b"/a?/../b", b"/a"), (b"*", b"*")],
)
def test_uri(target: bytes, expected: bytes) -> None:
    """The path is what it leads to, on one line, and nothing where it leads nowhere."""
    assert expected == value("uri", facts(request(target, method=b"OPTIONS")))


def test_request_id() -> None:
    """A request has the same id whenever it is asked for, of 32 hexadecimal digits, and no other request has it."""
    ids = [value("request_id", facts(serial=serial)) for serial in (1, 2, 1)]
    assert (2, ids[0], 32) == (len(set(ids)), ids[2], len(ids[0]))
    assert 16 == len(bytes.fromhex(ids[0].decode()))


def test_unreadable_request() -> None:
    """A request that could not be read has no request line."""
    assert b"" == value("request", facts(request(method=b"")))


def test_socket() -> None:
    """Who comes by a Unix socket is shown as nginx shows it."""
    by_socket = facts(ends=Ends(1))
    assert [b"unix:", b"", b"unix:"] == [
        value(name, by_socket) for name in ("remote_addr", "remote_port", "server_addr")
    ]


def test_sticky_server_without_id() -> None:
    """A server that has no `id=` is told by its address."""
    assert b"10.0.0.2:80" == value("sticky_server", facts(assignment=assigned(None)))


def test_time_never_runs_backwards() -> None:
    """A clock that was set back makes no negative times."""
    early = facts(finished=999.0, tries=(attempt(connected=999.0, head_received=999.0, ended=999.0),))
    names = ("request_time", "upstream_connect_time", "upstream_header_time", "upstream_response_time")
    assert [b"0.000"] * 4 == [value(name, early) for name in names]


# -- templates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", b""),
        ("plain", b"plain"),
        ("$host", b"www.example"),
        ("https://${host}$request_uri!", b"https://www.example/!"),
    ],
)
def test_template(written: str, expected: bytes) -> None:
    """A template is its literal parts and its variables' values, in order."""
    assert expected == compile_template(parse_template(written))(facts())


@given(
    path=st.lists(st.sampled_from([b"%0d", b"%0A", b"%00", b"%0d%0a%20", b"/", b"..", b"\xff", b"a", b";", b"%25"])),
    query=st.lists(st.sampled_from([b"%0d%0a", b"%00", b"a=", b"&", b"\xff"])),
    user=st.binary(),
    field=st.binary().map(lambda value: value.translate(None, b"\r\n\0").strip()),
)
def test_one_line(path: list[bytes], query: list[bytes], user: bytes, field: bytes) -> None:
    """Whatever a client and a server say, no value holds a line end or a NUL: none can begin a line of its own."""
    target = b"/" + b"".join(path) + b"?" + b"".join(query)
    lines = (b"Authorization: Basic " + b64encode(user + b":"), b"X-A: " + field, b"Cookie: a=" + field)
    whatever = facts(
        request(target, *lines),
        response=response(200, b"X-A: " + field, b"Set-Cookie: a=" + field),
        sent=(b"X-A: " + field + b"\r\n",),
    )
    members = (
        "http_x_a",
        "http_cookie",
        "cookie_a",
        "arg_a",
        "sent_http_x_a",
        "upstream_http_x_a",
        "upstream_cookie_a",
    )
    for name in (*NAMES, *members):
        assert not {*b"\r\n\0"} & {*variables.part_getter(Variable(name))(whatever)}, name
