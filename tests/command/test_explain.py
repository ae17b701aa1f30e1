import re
from pathlib import Path

import pytest

from stickyproxy.balance.words import Reason
from stickyproxy.command.explain import _WHY, Question, explain
from stickyproxy.config.load import load, loads
from stickyproxy.config.settings import Settings

NOW = 1_700_000_000.0
TEXT = """\
[http]
access_log = /nowhere/access.log
[upstream app]
server =
    10.0.0.1:8080 id=a
    10.0.0.2:8080 id=b
    10.0.0.3:8080 id=c down
    unix:/run/d id=d backup
session_sticky = hash=plain option=indirect fallback=on nocache
[upstream strict]
server =
    10.0.0.1:8080 id=a
    10.0.0.2:8080 id=b down
session_sticky = hash=plain fallback=off
[server www]
listen =
    8080
    8443 ssl
server_name = www.example
ssl_certificate = /nowhere/www.pem
ssl_certificate_key = /nowhere/www.key
[location www /]
proxy_pass = http://app
[location www /secure]
proxy_pass = https://app
[location www /strict]
proxy_pass = http://strict
[location www = /old]
return = 301 https://www.example/new
[location www /drop]
return = 444
[location www /private]
proxy_pass = http://app
access =
    allow 192.0.2.0/24
    deny all
[server other]
listen = 8080
server_name = other.example
return = 410
"""
NEW = "there is no session, and so the balancer chooses; a running proxy may choose another one (new)"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """A configuration with something of everything, and with files that are not there."""
    return loads(TEXT)


def told(settings: Settings, url: str, *lines: str, method: str = "GET", client: str = "127.0.0.1") -> list[str]:
    """What is told of a request."""
    question = Question(url, method, lines, client)
    return [" ".join(line.split()) for line in explain(settings, question, lambda host, port: [], NOW)]


def test_new_client(settings: Settings) -> None:
    """Of a client without a session it is told where it goes and which cookie it gets."""
    assert [
        "location / (sticky.ini:22)",
        "upstream app",
        "session none",
        "server a, 10.0.0.1:8080",
        f"because {NEW}",
        "it gets GET /x?y=1 HTTP/1.1",
        "answer HTTP/1.1 200 OK",
        "sets Set-Cookie: route=a; Path=/",
        "sets Cache-Control: private",
    ] == told(settings, "http://www.example:8080/x?y=1")


def test_bound_client(settings: Settings) -> None:
    """A client with a session stays; the cookie that the server does not get is missing there."""
    assert [
        "location / (sticky.ini:22)",
        "upstream app",
        "session valid",
        "server b, 10.0.0.2:8080",
        "because it is the session's own server (bound)",
        "it gets GET / HTTP/1.1",
        "Cookie: x=y",
        "answer HTTP/1.1 200 OK",
    ] == told(settings, "http://www.example:8080/", "Cookie: x=y; route=b")


@pytest.mark.parametrize(
    ("cookie", "session", "word"), [("route=c", "down", "down"), ("route=z", "invalid", "unknown")]
)
def test_client_that_moves(settings: Settings, cookie: str, session: str, word: str) -> None:
    """Of a session that cannot stay it is told why, and which cookie it gets instead."""
    lines = told(settings, "http://www.example:8080/", f"Cookie: {cookie}")
    assert [f"session {session}", "server a, 10.0.0.1:8080"] == lines[2:4]
    assert lines[4].endswith(f"({word})")
    assert "sets Set-Cookie: route=a; Path=/" in lines


def test_all_that_the_proxy_adds() -> None:
    """Whatever the answer has beyond what any answer has is told, in the order in which it goes out."""
    settings = loads(
        "[upstream app]\nserver = 10.0.0.1 id=a\nsession_sticky = header=X-Session hash=plain\n[server www]\n"
        "[location www /]\nproxy_pass = http://app\nadd_header = X-Via me\n[location www /old]\nreturn = 301 /new\n"
    )
    assert {"sets X-Session: a", "sets X-Via: me"} == {
        line for line in told(settings, "http://www/") if line.startswith("sets ")
    }
    assert "sets Location: /new" == told(settings, "http://www/old")[-1]


def test_refused_session(settings: Settings) -> None:
    """A session that may not move is refused, and the reason told."""
    lines = told(settings, "http://www.example:8080/strict", "Cookie: route=b")
    assert ["session down", "server none: down", "answer HTTP/1.1 502 Bad Gateway"] == lines[2:]


@pytest.mark.parametrize(
    ("url", "location", "answer"),
    [
        ("http://www.example:8080/old", "= /old (sticky.ini:28)", "HTTP/1.1 301 Moved Permanently"),
        ("http://other.example:8080/old", "/ (sticky.ini:37)", "HTTP/1.1 410 Gone"),
        ("http://www.example:8080/private/x", "/private (sticky.ini:32)", "HTTP/1.1 403 Forbidden"),
        ("http://www.example:8080/%00", "none: NUL in the path", "HTTP/1.1 400 Bad Request"),
    ],
)
def test_own_answers(settings: Settings, url: str, location: str, answer: str) -> None:
    """Where no server is asked it is told which location answers, and what."""
    lines = told(settings, url)
    assert [location.partition(":")[0], "server none: the proxy answers by itself", f"answer {answer}"] == [
        lines[0].removeprefix("location ").partition(":")[0],
        *lines[1:3],
    ]


def test_closed_connection(settings: Settings) -> None:
    """A location that answers nothing is told as well."""
    lines = told(settings, "http://www.example:8080/drop")
    assert "location /drop (sticky.ini:30)" == lines[0]
    assert not any(line.startswith("sets") for line in lines)


def test_access_goes_by_the_client(settings: Settings) -> None:
    """Who may enter is judged by the address that is given."""
    lines = told(settings, "http://www.example:8080/private", client="192.0.2.7")
    assert "server a, 10.0.0.1:8080" == lines[3]


def test_tls_is_left_away(settings: Settings) -> None:
    """Neither certificates nor handshakes are needed to tell where a request goes."""
    lines = told(settings, "https://www.example:8443/secure")
    assert ["location /secure (sticky.ini:24)", "upstream app"] == lines[:2]
    assert "answer HTTP/1.1 200 OK" in lines


def test_unix_server() -> None:
    """A server behind a Unix socket is no exception."""
    settings = loads("[upstream app]\nserver = unix:/run/d\n[server www]\n[location www /]\nproxy_pass = http://app\n")
    assert "server unix:/run/d" in told(settings, "http://www/")


def test_only_listener_answers_for_every_port() -> None:
    """Behind a balancer a site is known by another port than the one that it listens on."""
    settings = loads("[server www]\nlisten = 8080\nreturn = 410\n")
    assert "answer HTTP/1.1 410 Gone" in told(settings, "https://www.example/")


def test_port_that_nobody_listens_on(settings: Settings) -> None:
    """With several listeners the URL has to name the port of one."""
    expected = r"nobody listens on port 80; expected a URL with the port of 0\.0\.0\.0:8080 or 0\.0\.0\.0:8443"
    with pytest.raises(ValueError, match=expected):
        told(settings, "http://www.example/")


@pytest.mark.parametrize(
    ("url", "line", "expected"),
    [
        ("ftp://www/", "X: y", '"ftp://www/" is no URL'),
        ("http:///x", "X: y", '"http:///x" is no URL'),
        ("http://www/\r\n", "X: y", "is no URL"),
        ("http://www/ü", "X: y", "is no URL"),
        ("http://www/", "X", '"X" is no header field; expected NAME: VALUE'),
        ("http://www/", "X: y\r\nZ: z", "is no header field"),
        ("http://www/", "X y: z", '"X y" is no token'),
        ("http://www:8080/", "Content-Length: 5", "the fields tell of a body; expected a request without one"),
        ("http://www:8080/", "Transfer-Encoding: chunked", "the fields tell of a body"),
    ],
)
def test_faulty_question(settings: Settings, url: str, line: str, expected: str) -> None:
    """What could not be asked of a proxy is not asked here."""
    with pytest.raises(ValueError, match=expected.replace(".", r"\.")):
        told(settings, url, line)


def test_faulty_client(settings: Settings) -> None:
    """A client comes from an IP address."""
    with pytest.raises(ValueError, match="'nobody' does not appear to be"):
        told(settings, "http://www.example:8080/", client="nobody")


def test_every_reason_is_explained() -> None:
    """There is a sentence for each word that `$sticky_reason` may be."""
    assert set(Reason) == set(_WHY)


def test_example_of_the_documentation() -> None:
    """What the documentation shows is what is told of the example that comes with the proxy."""
    checkout = Path(__file__).parent.parent.parent
    page = (checkout / "docs" / "operating.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ stickyproxy explain (\S+) --url (\S+) --cookie '(.*)'\n((?:    .*\n)+)", page)
    assert shown is not None
    file, url, cookie, lines = shown.groups()
    settings = load(str(checkout / file))
    told = explain(settings, Question(url, "GET", [f"Cookie: {cookie}"], "127.0.0.1"), lambda host, port: [], NOW)
    assert [line.removeprefix("    ").replace(file, str(checkout / file)) for line in lines.splitlines()] == list(told)
