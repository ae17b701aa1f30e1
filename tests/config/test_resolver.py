"""`resolver`: who is asked for names, and for what."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.load import loads
from stickyproxy.config.resolver import Resolver, parse_resolver

WWW = "[server www]\nlisten = 8080\nreturn = 204\n"
LOCAL = InetAddress(ip_address("127.0.0.1"), 53)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", Resolver((LOCAL,))),
        ("127.0.0.1 [::1]:5353", Resolver((LOCAL, InetAddress(ip_address("::1"), 5353)))),
        ("127.0.0.1 valid=10s ipv6=off", Resolver((LOCAL,), valid=10.0, ipv6=False)),
        ("ipv4=off 127.0.0.1", Resolver((LOCAL,), ipv4=False)),
    ],
)
def test_resolver(text: str, expected: Resolver) -> None:
    """Name servers are addresses; a time may stand for every TTL, and one kind of address may be left out."""
    assert expected == parse_resolver(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ns.example", ['"ns.example" is no name server; expected ip[:port] or [ipv6][:port]']),
        ("127.0.0.1:0", ['"0" is no port; expected a number from 1 to 65535']),
        ("valid=10s", ["no name server; expected the address of one at least, such as 127.0.0.1"]),
        ("127.0.0.1 valid=0", ['valid: "0" is no time at all; expected such as 10s']),
        (
            "127.0.0.1 ipv4=off ipv6=off",
            ["ipv4=off ipv6=off leaves no addresses to ask for; expected one of them on"],
        ),
        (
            "::1 status_zone=x",
            [
                '"::1" is no address; expected an IPv6 address in brackets, such as [::1]:80',
                'unknown parameter "status_zone=x"; expected valid= ipv4= ipv6=',
            ],
        ),
    ],
)
def test_resolver_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """Every fault is told at once."""
    assert expected == complaints(parse_resolver, text.split())


def test_resolver_of_a_configuration() -> None:
    """Without `resolver` the system's name servers are asked; a question may take 30 seconds, or what is said."""
    assert Resolver(timeout=30.0) == loads(WWW).resolver
    assert Resolver(timeout=5.0) == loads(f"[http]\nresolver_timeout = 5s\n{WWW}").resolver
    assert (
        Resolver((LOCAL,), timeout=5.0) == loads(f"[http]\nresolver = 127.0.0.1\nresolver_timeout = 5s\n{WWW}").resolver
    )
