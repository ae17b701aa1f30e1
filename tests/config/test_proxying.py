from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from stickyproxy.config.addresses import DemoAddress, HostAddress, InetAddress, UnixAddress
from stickyproxy.config.proxying import (
    DefaultRedirect,
    ProxyPassLine,
    parse_header,
    parse_next_upstream,
    parse_proxy_pass,
    parse_redirect,
    parse_server,
)
from stickyproxy.config.settings import HeaderLine, Redirect, Server
from stickyproxy.config.templates import parse_template
from stickyproxy.config.words import split

PARAMETERS = "weight= max_fails= fail_timeout= max_conns= slow_start= id= srun_id= route= cookie= service= "
PARAMETERS += "backup down drain resolve"
BREAKERS = 'expected printable ASCII without spaces and |~;,"=\\'
CONDITIONS = (
    "error timeout invalid_header http_500 http_502 http_503 http_504 http_403 http_404 http_429 non_idempotent off"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", Server("10.0.0.1", InetAddress(ip_address("10.0.0.1"), 80))),
        ("app:8080 down", Server("app:8080", HostAddress("app", 8080), down=True)),
        ("10.0.0.1 slow_start=1m", Server("10.0.0.1", InetAddress(ip_address("10.0.0.1"), 80), slow_start=60.0)),
        ("10.0.0.1 drain", Server("10.0.0.1", InetAddress(ip_address("10.0.0.1"), 80), drain=True)),
        ("unix:/run/a.sock backup", Server("unix:/run/a.sock", UnixAddress("/run/a.sock"), backup=True)),
        ("demo:a id=a", Server("demo:a", DemoAddress("a"), id="a")),
        (
            "10.0.0.1 weight=5 max_fails=0 fail_timeout=1m max_conns=9 srun_id=jvm.1 id=/x:y",
            Server(
                "10.0.0.1",
                InetAddress(ip_address("10.0.0.1"), 80),
                weight=5,
                max_fails=0,
                fail_timeout=60.0,
                max_conns=9,
                id="/x:y",
                srun_id="jvm.1",
            ),
        ),
    ],
)
def test_server(text: str, expected: Server) -> None:
    """A server has an address and nginx's and Tengine's parameters with their defaults."""
    assert expected == parse_server(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "10.0.0.1:x wieght=2",
            [
                '"x" is no port; expected a number from 1 to 65535',
                f'unknown parameter "wieght=2"; expected {PARAMETERS}; did you mean "weight="?',
            ],
        ),
        ("a weight=0", ['weight: "0" is wrong; expected a whole number from 1 to 2147483647']),
        (
            "a fail_timeout=x",
            ['fail_timeout: "x" is no time; expected a number with ms, s, m, h, d, w, M or y, such as 30s or 1h30m'],
        ),
        ("a id=a|b", [f'id: "a|b" holds "|"; {BREAKERS}']),
        ("a id=a~b", [f'id: "a~b" holds "~"; {BREAKERS}']),
        ("a id=a;b", [f'id: "a;b" holds ";"; {BREAKERS}']),
        ("a id=a,b", [f'id: "a,b" holds ","; {BREAKERS}']),
        ("a id=a=b", [f'id: "a=b" holds "="; {BREAKERS}']),
        ("a 'id=a\"b'", [f'id: "a"b" holds """; {BREAKERS}']),
        ('a "id=a b"', [f'id: "a b" holds " "; {BREAKERS}']),
        (r'a "id=a\\b"', [f'id: "a\\b" holds "\\"; {BREAKERS}']),
        (r'a "id=a\nb"', [f'id: "a\\x0ab" holds "\\x0a"; {BREAKERS}']),
        ("a id=é", [f'id: "é" holds "é"; {BREAKERS}']),
        ("a srun_id=", [f'srun_id: "" is empty; {BREAKERS}']),
    ],
)
def test_server_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """Whatever would break the cookie is refused in a name, and everything misspelt is told."""
    assert expected == complaints(parse_server, split(text))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://app", ProxyPassLine("app")),
        ("HTTP://app", ProxyPassLine("app")),
        ("http://app/", ProxyPassLine("app", b"/")),
        ("http://app/x?y=z", ProxyPassLine("app", b"/x?y=z")),
        ("http://10.0.0.1:8080/x", ProxyPassLine("10.0.0.1:8080", b"/x")),
        ("http://unix:/run/a.sock", ProxyPassLine("unix:/run/a.sock")),
        ("http://unix:/run/a.sock:/x/", ProxyPassLine("unix:/run/a.sock", b"/x/")),
    ],
)
def test_proxy_pass(url: str, expected: ProxyPassLine) -> None:
    """A target is an upstream or an address, and perhaps the URI that replaces the location's path."""
    assert expected == parse_proxy_pass([url])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("app", '"app" is no target; expected http:// or https:// and an upstream or an address'),
        ("ftp://app", '"ftp://app" is no target; expected http:// or https:// and an upstream or an address'),
        ("http://$host", '"http://$host" holds a variable; expected a fixed target'),
        ("http://", '"http://" is no target; expected http://NAME, http://ADDRESS or either with a /path'),
        ("http:///x", '"http:///x" is no target; expected http://NAME, http://ADDRESS or either with a /path'),
        ("http://a?b", '"http://a?b" is no target; expected http://NAME, http://ADDRESS or either with a /path'),
        ("http://me@app", '"http://me@app" is no target; expected http://NAME, http://ADDRESS or either with a /path'),
        (
            "http://unix:/a:b",
            '"http://unix:/a:b" is no target; expected http://NAME, http://ADDRESS or either with a /path',
        ),
        ("http://app/a b", '"http://app/a b" is no URI; expected printable ASCII without spaces and #'),
        ("http://app/#x", '"http://app/#x" is no URI; expected printable ASCII without spaces and #'),
        ("http://app/é", '"http://app/é" is no URI; expected printable ASCII without spaces and #'),
    ],
)
def test_proxy_pass_refuses(complaints: Callable[..., list[str]], url: str, expected: str) -> None:
    """What is no target, or one that cannot be reached yet, is refused."""
    assert [expected] == complaints(parse_proxy_pass, [url])


@pytest.mark.parametrize(
    ("read", "words", "expected"),
    [
        (parse_header, ["X-Time", "$msec"], HeaderLine(b"X-Time", parse_template("$msec"))),
        (parse_header, ["Connection", ""], HeaderLine(b"Connection", parse_template(""))),
        (parse_header, ["X", "y", "always"], HeaderLine(b"X", parse_template("y"), always=True)),
        (parse_redirect, ["off"], None),
        (parse_redirect, ["default"], DefaultRedirect()),
        (parse_redirect, ["http://a/", "$scheme://b/"], Redirect(b"http://a/", parse_template("$scheme://b/"))),
        (parse_next_upstream, ["error", "http_502"], frozenset({"error", "http_502"})),
        (parse_next_upstream, ["off"], frozenset()),
    ],
)
def test_reads(read: Callable[..., Any], words: list[str], expected: object) -> None:
    """Headers, redirects and conditions are read as nginx reads them."""
    assert expected == read(words)


@pytest.mark.parametrize(
    ("read", "words", "expected"),
    [
        (parse_header, ["X Y", "z"], '"X Y" is no token; expected letters, digits and !#$%&\'*+-.^_`|~'),
        (parse_header, ["X", "a\nb"], '"a\\x0ab" holds a control character; expected printable text'),
        (
            parse_header,
            ["X", "a", "b"],
            '"b" stands behind the value; expected always or nothing, or quotes round the value',
        ),
        (parse_header, ["content-length", "5"], '"content-length" is set by the proxy alone; expected another field'),
        (
            parse_header,
            ["Transfer-Encoding", ""],
            '"Transfer-Encoding" is set by the proxy alone; expected another field',
        ),
        (parse_redirect, ["on"], '"on" is unknown; expected default or off'),
        (parse_redirect, ["~^http", "/"], '"~^http" is a regular expression; expected the beginning of a URL'),
        (
            parse_redirect,
            ["http://$host/", "/"],
            '"http://$host/" is no beginning of a URL; expected one without variables',
        ),
        (parse_next_upstream, ["eror"], f'unknown condition "eror"; expected {CONDITIONS}; did you mean "error"?'),
        (parse_next_upstream, ["off", "error"], '"off" stands alone; expected no condition beside it'),
    ],
)
def test_refuses(
    complaints: Callable[..., list[str]], read: Callable[..., Any], words: list[str], expected: str
) -> None:
    """What would break a message or never apply is refused."""
    assert [expected] == complaints(read, words)
