import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.buffering import RequestBuffering
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead
from stickyproxy.proxy.body import request_body
from stickyproxy.proxy.recipes import RequestRecipe, ResponseRecipe
from tests.proxy.facts import facts, location, request, response

DEFAULTS = [
    b"Host: www.example",
    b"X-Real-IP: 192.0.2.1",
    b"X-Forwarded-For: 192.0.2.1",
    b"X-Forwarded-Proto: http",
    b"X-Forwarded-Host: www.example",
]


def written(head: RequestHead, *lines: str, path: str = "/", target: str = "http://app") -> list[bytes]:
    """Write a request for the server; return its lines. The client's cookies all go on."""
    recipe = RequestRecipe(location(*lines, path=path, target=target))
    framing = request_body(head, RequestBuffering(False, 0, None)).framing
    data = b"".join(recipe.head(facts(head, upstream_name=b"app"), head.cookies, framing))
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].split(b"\r\n")


def fields_to_server(*client: bytes, config: tuple[str, ...] = ()) -> list[bytes]:
    """Give the lines that a server gets for a client's, behind the request line."""
    return written(request(b"/", *client), *config)[1:]


# -- to the server ---------------------------------------------------------------------------------------------------


def test_defaults() -> None:
    """The server is told the Host that the client named, and who asked how."""
    assert [b"GET / HTTP/1.1", *DEFAULTS] == written(request())


def test_order() -> None:
    """What passes keeps its order and spelling, repeated fields too; cookies and framing come last."""
    head = request(
        b"/", b"Cookie: a=1", b"ACCEPT: x", b"Content-Length: 007", b"X-B: 1", b"x-b: 2", b"Cookie: b=2", method=b"PUT"
    )
    passed = [b"ACCEPT: x", b"X-B: 1", b"x-b: 2", b"Cookie: a=1", b"Cookie: b=2", b"Content-Length: 7"]
    assert [b"PUT / HTTP/1.1", *DEFAULTS, *passed] == written(head)


def test_http_1_0() -> None:
    """HTTP/1.1 is spoken to the server whatever the client speaks; without a Host it is given the upstream's name."""
    lines = written(request(version="1.0", host=b""))
    assert (b"GET / HTTP/1.1", b"Host: app") == (lines[0], lines[1])


@pytest.mark.parametrize(
    "line",
    [
        b"Forwarded: for=10.9.9.9",
        b"X-Real-IP: 10.9.9.9",
        b"x-real-ip: 10.9.9.9",
        b"X_Real_IP: 10.9.9.9",
        b"X-Forwarded-For: 10.9.9.9",
        b"X-Forwarded_For: 10.9.9.9",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: bank.example",
        b"X-FORWARDED-PORT: 443",
        b"X-Forwarded-User: root",
        b"X-Forwarded-Client-Cert: x",
    ],
)
def test_a_strangers_word_is_dropped(line: bytes) -> None:
    """What a client says about who forwarded its request goes no further, however it is spelt."""
    assert DEFAULTS == fields_to_server(line)


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive",
        b"Keep-Alive: timeout=5",
        b"Proxy-Connection: keep-alive",
        b"Proxy-Authorization: Basic eDp5",
        b"TE: trailers",
        b"Trailer: X-Sum",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        b"Expect: 100-continue",
    ],
)
def test_hop_by_hop_fields_are_dropped(line: bytes) -> None:
    """What concerns the client's own connection goes no further."""
    assert [*DEFAULTS, b"Accept: x"] == fields_to_server(line, b"Accept: x")


def test_nominated_fields_are_dropped() -> None:
    """What Connection names goes no further."""
    client = [b"X-Hop: 1", b"X-Stays: 2", b"Connection: close, x-hop", b"Connection: X-OTHER", b"X-Other: 3"]
    assert [*DEFAULTS, b"X-Stays: 2"] == fields_to_server(*client)


@pytest.mark.parametrize("line", [b"Cookie: a=1", b"Content-Length: 3"])
def test_fields_that_cannot_be_nominated(line: bytes) -> None:
    """Connection cannot take away what the message is nothing without."""
    assert [*DEFAULTS, line] == fields_to_server(b"Connection: " + line.partition(b":")[0], line)


@pytest.mark.parametrize("name", [b"Host", b"X-Real-IP", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Own"])
def test_the_proxys_own_fields_cannot_be_nominated(name: bytes) -> None:
    """Connection takes away the client's fields, never those that the proxy sets."""
    config = ("proxy_set_header = X-Own mine",)
    assert [*DEFAULTS, b"X-Own: mine"] == fields_to_server(b"Connection: " + name, b"X-Own: theirs", config=config)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (request(), []),
        (request(b"/", b"Content-Length: 0", method=b"POST"), [b"Content-Length: 0"]),
        (request(b"/", b"Content-Length: 12", method=b"POST"), [b"Content-Length: 12"]),
        (request(b"/", b"Transfer-Encoding: chunked", method=b"POST"), [b"Transfer-Encoding: chunked"]),
        (request(b"/", b"Content-Length: 12"), [b"Content-Length: 12"]),
    ],
)
def test_framing(head: RequestHead, expected: list[bytes]) -> None:
    """The body is framed for the server as it came, whatever the method, and no body gets no framing."""
    assert [*DEFAULTS, *expected] == written(head)[1:]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Host $proxy_host", [*DEFAULTS[1:], b"Host: app"]),
        ('host ""', DEFAULTS[1:]),
        ('X-Real-IP ""', [DEFAULTS[0], *DEFAULTS[2:]]),
        (
            "X-Forwarded-For $proxy_add_x_forwarded_for",
            [*DEFAULTS[:2], *DEFAULTS[3:], b"X-Forwarded-For: 10.9.9.9, 192.0.2.1"],
        ),
        ("X-Forwarded-Port $http_x_forwarded_port", [*DEFAULTS, b"X-Forwarded-Port: 443"]),
        ("Accept text/plain", [*DEFAULTS, b"Accept: text/plain"]),
        ('accept ""', DEFAULTS),
        ("Accept $http_nothing", DEFAULTS),
        ("X-Time $msec", [*DEFAULTS, b"X-Time: 1000.000"]),
        ("Connection close", [*DEFAULTS, b"Connection: close"]),
    ],
)
def test_proxy_set_header(line: str, expected: list[bytes]) -> None:
    """proxy_set_header overrides what the client or a default says; an empty value takes the field away."""
    client = (b"X-Forwarded-For: 10.9.9.9", b"X-Forwarded-Port: 443", b"Accept: x")
    overrides = line.lower().startswith("accept")
    lines = fields_to_server(*client, config=(f"proxy_set_header = {line}",))
    assert expected == [got for got in lines if overrides or got != b"Accept: x"]


def test_cookies_are_those_recalled() -> None:
    """The Cookie lines are those that stickiness lets through, byte for byte."""
    head = request(b"/", b"Cookie: route=1;  a=b", b"Cookie: c")
    data = b"".join(RequestRecipe(location()).head(facts(head), [b" a=b;;", b"c"], b"\r\n"))
    assert [b"Cookie:  a=b;;", b"Cookie: c"] == [line for line in data.split(b"\r\n") if line.startswith(b"Cookie")]


@pytest.mark.parametrize("value", ["$cookie_a", '""'])
def test_cookies_may_be_set(value: str) -> None:
    """An operator's Cookie takes the place of all the client's."""
    lines = fields_to_server(b"Cookie: a=1", b"Cookie: b=2", config=(f"proxy_set_header = Cookie {value}",))
    assert ([] if value == '""' else [b"Cookie: 1"]) == [line for line in lines if line.startswith(b"Cookie")]


@pytest.mark.parametrize(
    ("path", "target", "asked", "expected"),
    [
        ("/", "http://app", b"/a/../%62//c;d?e?f", b"/a/../%62//c;d?e?f"),
        ("/app", "http://app", b"/app/x?q", b"/app/x?q"),
        ("/app", "http://app/", b"/app/x?q=/app/", b"/x?q=/app/"),
        ("/app/", "http://app/", b"/app/x", b"/x"),
        ("/app", "http://app/base", b"/app/x", b"/base/x"),
        ("/app", "http://app/base/", b"/app?", b"/base/?"),
        ("/", "http://app/base", b"/x", b"/base/x"),
        ("= /", "http://app/index.html", b"/?q", b"/index.html?q"),
        ("= /app", "http://app/base", b"/%61pp", b"/base"),
        ("= /app/", "http://app/base", b"/app/", b"/base"),
    ],
)
def test_target(path: str, target: str, asked: bytes, expected: bytes) -> None:
    """Without a URI in proxy_pass the target passes as it came; with one the matched prefix is replaced."""
    assert b"GET " + expected + b" HTTP/1.1" == written(request(asked), path=path, target=target)[0]


def test_options_of_the_whole_server() -> None:
    """`OPTIONS *` passes."""
    assert b"OPTIONS * HTTP/1.1" == written(request(b"*", method=b"OPTIONS"))[0]


@given(st.lists(st.sampled_from([b"%0d%0a", b"%0D", b"%0A", b"\xff", b"/", b"X-Evil:", b"%20", b"a", b"%", b"?"])))
def test_no_line_is_injected(parts: list[bytes]) -> None:
    """Whatever a path holds, a server gets the lines that the recipe has and no others."""
    head = request(b"/" + b"".join(parts))
    config = ("proxy_set_header =", "    X-Uri $uri", "    X-Target $request_uri")
    for target in ("http://app", "http://app/base"):
        start, *lines = written(head, *config, target=target)
        names = [line.partition(b":")[0] for line in lines]
        assert [*(line.partition(b":")[0] for line in DEFAULTS), b"X-Uri", b"X-Target"] == names
        assert 3 == len(start.split(b" "))


# -- to the client ---------------------------------------------------------------------------------------------------


def passing(recipe: ResponseRecipe, server: ResponseHead) -> tuple[list[bytes], list[bytes]]:
    """Give the lines that pass, without line ends, and the values of the Set-Cookie lines."""
    pieces, set_cookies = recipe.lines(facts(), server)
    *lines, end = b"".join(pieces).split(b"\r\n")
    assert end == b""
    return lines, set_cookies


def fields_to_client(*server: bytes, config: tuple[str, ...] = (), target: str = "http://app") -> list[bytes]:
    """Give the lines that pass of a server's, without line ends."""
    recipe = ResponseRecipe(location(*config, path="/app", target=target))
    return passing(recipe, response(200, *server))[0]


def test_what_passes() -> None:
    """A server's fields pass in order and as they are spelt; its framing is not the client's."""
    server = [b"Server: x", b"content-TYPE: text/html", b"Content-Length: 5", b"X-A: 1", b"x-a: 2", b"X-Empty:"]
    passed = [b"Server: x", b"content-TYPE: text/html", b"X-A: 1", b"x-a: 2", b"X-Empty: "]
    assert passed == fields_to_client(*server)


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive",
        b"Keep-Alive: timeout=5",
        b"Proxy-Authenticate: Basic",
        b"Proxy-Authentication-Info: x",
        b"Proxy-Connection: close",
        b"Trailer: X-Sum",
        b"Transfer-Encoding: chunked",
        b"Upgrade: h2c",
    ],
)
def test_hop_by_hop_fields_of_a_server_are_dropped(line: bytes) -> None:
    """What concerns the server's own connection goes no further."""
    assert [b"X-A: 1"] == fields_to_client(line, b"X-A: 1")


def test_nominated_fields_of_a_server_are_dropped() -> None:
    """What a server's Connection names goes no further, but cookies are the client's."""
    recipe = ResponseRecipe(location())
    server = response(200, b"Connection: X-Hop, Set-Cookie", b"X-Hop: 1", b"X-A: 2", b"Set-Cookie: a=1")
    assert ([b"X-A: 2"], [b"a=1"]) == passing(recipe, server)


def test_set_cookies_are_handed_out() -> None:
    """Set-Cookie values come apart from the other lines, in order: stickiness has its say first."""
    recipe = ResponseRecipe(location())
    server = response(200, b"Set-Cookie: a=1", b"X-A: 1", b"set-cookie: b=2; Path=/")
    assert ([b"X-A: 1"], [b"a=1", b"b=2; Path=/"]) == passing(recipe, server)


def test_proxy_hide_header() -> None:
    """Hidden fields are left out, whatever their case, and a server's cookies with them if so told."""
    recipe = ResponseRecipe(location("proxy_hide_header =", "    x-powered-by", "    Set-Cookie"))
    server = response(200, b"X-Powered-By: rings", b"X-A: 1", b"Set-Cookie: a=1")
    assert ([b"X-A: 1"], []) == passing(recipe, server)


ALWAYS = (200, 201, 204, 206, 301, 302, 303, 304, 307, 308)


@pytest.mark.parametrize("status", [*ALWAYS, 100, 202, 205, 300, 305, 400, 403, 404, 499, 500, 502, 503, 504])
def test_add_header(status: int) -> None:
    """add_header adds to answers that went well, and to every other with `always`; what is empty is not added."""
    recipe = ResponseRecipe(location("add_header =", "    X-A $status", "    X-B b always", "    X-C $arg_c always"))
    lines = [b"X-A: before\r\n"]
    recipe.add(facts(status=status), status, lines)
    added = [b"X-A: %d\r\n" % status] if status in ALWAYS else []
    assert [b"X-A: before\r\n", *added, b"X-B: b\r\n"] == lines


@pytest.mark.parametrize(
    ("config", "target", "server", "expected"),
    [
        ("default", "http://app", b"http://app/x", b"/x"),
        ("default", "http://app/", b"http://app/x", b"/app/x"),
        ("default", "http://app/base", b"http://app/base/x", b"/app/x"),
        ("default", "http://app/base/", b"http://app/base/x", b"/app/x"),
        ("default", "http://app/base/", b"http://app/other", b"http://app/other"),
        ("default", "http://app", b"http://apple/x", b"http://apple/x"),
        ("default", "http://app", b"/x", b"/x"),
        ("default", "http://app", b"https://app/x", b"https://app/x"),
        ("off", "http://app", b"http://app/x", b"http://app/x"),
        ("http://in/ http://out/", "http://app", b"http://in/x?y", b"http://out/x?y"),
        ("http://in/ http://$host/z/", "http://app", b"http://in/x", b"http://www.example/z/x"),
        ("/in/ /out/", "http://app", b"/in/x/in/", b"/out/x/in/"),
        ("\n    http://in/ /1/\n    http://in/a/ /2/", "http://app", b"http://in/a/x", b"/1/a/x"),
        ("\n    http://in/a/ /2/\n    default", "http://app", b"http://app/x", b"/x"),
    ],
)
def test_proxy_redirect(config: str, target: str, server: bytes, expected: bytes) -> None:
    """The first proxy_redirect that matches rewrites the beginning of a Location, and of a Refresh's URL likewise."""
    lines = fields_to_client(
        b"Location: " + server,
        b"Refresh: 5; URL=" + server,
        b"Content-Location: " + server,
        config=(f"proxy_redirect = {config}",),
        target=target,
    )
    assert [b"Location: " + expected, b"Refresh: 5; URL=" + expected, b"Content-Location: " + server] == lines


def test_refresh_without_url() -> None:
    """A Refresh that names no URL passes, whatever it looks like."""
    assert [b"Refresh: 10;http://app/x"] == fields_to_client(b"Refresh: 10;http://app/x")
