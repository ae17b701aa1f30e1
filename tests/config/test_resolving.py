"""Servers whose names are asked for while the proxy runs, and those that cannot be."""

from collections.abc import Callable

import pytest

from stickyproxy.config.addresses import HostAddress
from stickyproxy.config.proxying import parse_server
from stickyproxy.config.settings import Server


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.example:8080 resolve", Server("app.example:8080", HostAddress("app.example", 8080), resolve=True)),
        (
            "app.example. resolve service=http",
            Server("app.example.", HostAddress("app.example.", 80), resolve=True, service="http"),
        ),
        (
            "app.example service=_web._tcp resolve",
            Server("app.example", HostAddress("app.example", 80), resolve=True, service="_web._tcp"),
        ),
    ],
)
def test_names_to_ask_for(text: str, expected: Server) -> None:
    """A name with `resolve` is asked for, and a service of it with `service=`."""
    assert expected == parse_server(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1 resolve", 'resolve, but "10.0.0.1" is no name; expected host[:port] with it'),
        ("[::1]:80 resolve", 'resolve, but "[::1]:80" is no name; expected host[:port] with it'),
        ("unix:/run/app resolve", 'resolve, but "unix:/run/app" is no name; expected host[:port] with it'),
        ("demo:a resolve", 'resolve, but "demo:a" is no name; expected host[:port] with it'),
        ("app service=http", "service=http is known to DNS alone; expected resolve beside it"),
        ("app:80 service=http resolve", "service=http has its port in DNS; expected app without one"),
        ("app service= resolve", 'service: "" is no service; expected such as http or _http._tcp'),
        ("app service=a..b resolve", 'service: "a..b" is no service; expected such as http or _http._tcp'),
        (
            f"{'x' * 64}.example resolve",
            f'resolve, but "{"x" * 64}.example" is no name that DNS could know; expected labels up to 63 long',
        ),
        ("a..b resolve", 'resolve, but "a..b" is no name that DNS could know; expected labels up to 63 long'),
    ],
)
def test_what_cannot_be_asked_for(complaints: Callable[..., list[str]], text: str, expected: str) -> None:
    """What has no name in DNS, or could have none, is told."""
    assert [expected] == complaints(parse_server, text.split())
