from collections.abc import Callable

import pytest

from stickyproxy.balance.methods import METHODS as BUILT
from stickyproxy.config.balancing import GRADUAL, METHODS, parse_balance
from stickyproxy.config.settings import Balance, Settings
from stickyproxy.config.templates import parse_template
from stickyproxy.config.words import split

KEY = parse_template("$arg_user")
KNOWN = "round_robin, least_conn, least_time, fair, random, ip_hash, url_hash or hash"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("round_robin", Balance("round_robin")),
        ("least_conn", Balance("least_conn")),
        ("least_time", Balance("least_time")),
        ("least_time header", Balance("least_time")),
        ("fair", Balance("fair")),
        ("random", Balance("random")),
        ("random two", Balance("random two")),
        ("random two least_conn", Balance("random two")),
        ("ip_hash", Balance("ip_hash")),
        ("url_hash", Balance("hash", parse_template("$request_uri"))),
        ("hash $arg_user", Balance("hash", KEY)),
        ("hash $arg_user consistent", Balance("hash consistent", KEY)),
        ('hash "$host $uri"', Balance("hash", parse_template("$host $uri"))),
    ],
)
def test_balance(text: str, expected: Balance) -> None:
    """A method stands in nginx's words, and is one that can be built."""
    balance = parse_balance(split(text))
    assert expected == balance
    assert balance.method in BUILT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("roundrobin", [f'"roundrobin" is no method; expected {KNOWN}; did you mean "round_robin"?']),
        ("sticky", [f'"sticky" is no method; expected {KNOWN}']),
        ("ip_hash consistent", ['"ip_hash consistent" is wrong; expected ip_hash']),
        ("least_time last_byte", ['"least_time last_byte" is wrong; expected least_time [header]']),
        ("random three", ['"random three" is wrong; expected random [two [least_conn]]']),
        ("hash", ['"hash" is wrong; expected hash KEY [consistent]']),
        ("hash $uri consistnet", ['"hash $uri consistnet" is wrong; expected hash KEY [consistent]']),
        ("hash consistent", ['"consistent" is the same for all; expected a KEY with a variable, such as $request_uri']),
        ("hash $requst_uri", ['unknown variable "$requst_uri"; did you mean "$request_uri"?']),
    ],
)
def test_faults(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What is no method, or none of its arguments, is refused with what was expected."""
    assert expected == complaints(parse_balance, split(text))


def test_every_method_is_written_as_it_is_called() -> None:
    """The methods for which shares may grow are methods, and each is written with its own name first."""
    assert set(GRADUAL) <= set(METHODS)
    assert all(written.split()[0] == method for method, written in METHODS.items())


def test_upstream(settings_with: Callable[..., Settings]) -> None:
    """An upstream balances as it says, else by turns; shares that grow go with a method that weighs anew."""
    text = "[upstream u]\nserver = 10.0.0.1 slow_start=30s\n"
    assert Balance("round_robin") == settings_with(text).upstreams["u"].balance
    assert Balance("fair") == settings_with(f"{text}balance = fair\n").upstreams["u"].balance
