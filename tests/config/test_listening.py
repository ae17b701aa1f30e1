from collections.abc import Callable

import pytest

from stickyproxy.config.listening import ListenLine, parse_listen, parse_server_name
from stickyproxy.config.words import split

PLACES = "port, ip[:port], [ipv6][:port], unix:/path or a Twisted endpoint description"
NAMES = "such as example.org, *.example.org, .example.org, www.example.* or _"


@pytest.mark.parametrize(
    ("word", "endpoint", "shown"),
    [
        ("80", "tcp:80", "0.0.0.0:80"),
        ("*:8080", "tcp:8080", "0.0.0.0:8080"),
        ("*", "tcp:80", "0.0.0.0:80"),
        ("0.0.0.0:80", "tcp:80:interface=0.0.0.0", "0.0.0.0:80"),
        ("127.0.0.1", "tcp:80:interface=127.0.0.1", "127.0.0.1:80"),
        ("127.0.0.1:0", "tcp:0:interface=127.0.0.1", "127.0.0.1:0"),
        ("localhost:8080", "tcp:8080:interface=127.0.0.1", "127.0.0.1:8080"),
        ("[::1]:8080", r"tcp:8080:interface=\:\:1", "[::1]:8080"),
        ("[::]", r"tcp:80:interface=\:\:", "[::]:80"),
        ("unix:/run/a.sock", "unix:/run/a.sock", "unix:/run/a.sock"),
        ("unix:/run/a:b.sock", r"unix:/run/a\:b.sock", "unix:/run/a:b.sock"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
        ("tcp:8080", "tcp:8080", "tcp:8080"),
    ],
)
def test_listen(word: str, endpoint: str, shown: str) -> None:
    """A port, an address, a socket or an endpoint description becomes the endpoint that it stands for."""
    plain = ListenLine(endpoint, shown, default_server=False, ssl=False, backlog=None, proxy_protocol=False)
    assert plain == parse_listen([word])


def test_listen_parameters() -> None:
    """Behind the address stand `default_server`, `ssl`, `proxy_protocol` and `backlog`."""
    expected = ListenLine("tcp:80", "0.0.0.0:80", default_server=True, ssl=True, backlog=64, proxy_protocol=True)
    assert expected == parse_listen(["80", "default_server", "ssl", "proxy_protocol", "backlog=64"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", [f'"foo" is no address; expected {PLACES}']),
        ("example.org:80", [f'"example.org:80" is no address; expected {PLACES}']),
        ("127.0.0.1:80a", ['"80a" is no port; expected a number from 0 to 65535']),
        ("localhost:http", ['"http" is no port; expected a number from 0 to 65535']),
        ("65536", ['"65536" is no port; expected a number from 0 to 65535']),
        ("unix:a.sock", ['"unix:a.sock" is no socket; expected unix: and an absolute path']),
        (
            "80 quic http2",
            [
                'parameter "quic" is not supported; expected a listen without it',
                'parameter "http2" is not supported; expected a listen without it',
            ],
        ),
        (
            "80 default",
            [
                (
                    'unknown parameter "default"; expected backlog= default_server ssl proxy_protocol; '
                    'did you mean "default_server"?'
                )
            ],
        ),
        ("80 backlog=0", ['backlog: "0" is wrong; expected a whole number from 1 to 65535']),
    ],
)
def test_listen_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What cannot be listened to is refused, and what cannot be done there yet."""
    assert expected == complaints(parse_listen, split(text))


def test_listen_refuses_unknown_endpoints(complaints: Callable[..., list[str]]) -> None:
    """The kind of an endpoint description is one that Twisted knows, or one of its plugins."""
    (message,) = complaints(parse_listen, ["systm:domain=INET"])
    assert message.startswith('unknown endpoint "systm"; expected one of ')
    assert message.endswith('; did you mean "systemd"?')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.org", ("example.org",)),
        ("WWW.Example.ORG *.example.org", ("www.example.org", "*.example.org")),
        (".example.org", ("example.org", "*.example.org")),
        ("www.example.*", ("www.example.*",)),
        ('_ ""', ("_", "")),
        ("10.0.0.1 [::1]", ("10.0.0.1", "[::1]")),
    ],
)
def test_server_name(text: str, expected: tuple[str, ...]) -> None:
    """Names are exact or wildcards, in lower case; one that starts with a dot is two."""
    assert expected == parse_server_name(split(text))


@pytest.mark.parametrize(
    "word", ["~^www", "*", "*.*", "w*.example.org", "a.*.b", "a b", "a:80", "é.org", "a..b", "$host"]
)
def test_server_name_refuses(complaints: Callable[..., list[str]], word: str) -> None:
    """Regular expressions, variables and misplaced wildcards are refused."""
    assert [f'"{word}" is no server name; expected {NAMES}'] == complaints(parse_server_name, [word])
