from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.addresses import (
    Address,
    DemoAddress,
    HostAddress,
    InetAddress,
    UnixAddress,
    parse_address,
    parse_ip,
    spell_ipv6,
    split_port,
)


def inet(ip: str, port: int = 80) -> InetAddress:
    """Make an address of an IP address and a port."""
    return InetAddress(ip_address(ip), port)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("::", "::"),
        ("::1", "::1"),
        ("::2", "::2"),
        ("1::", "1::"),
        ("1::1", "1::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("1:0:0:2:3:4:0:0", "1::2:3:4:0:0"),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
        ("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"),
        ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
        ("fe80::a:b:c:d", "fe80::a:b:c:d"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("::ffff:0.0.0.0", "::ffff:0.0.0.0"),
        ("::10.0.0.1", "::10.0.0.1"),
        ("::0.1.0.0", "::0.1.0.0"),
        ("::0:102", "::0.0.1.2"),
        ("::0:101", "::101"),
        ("::0:100", "::0.0.1.0"),
        ("::fffe:10.0.0.1", "::fffe:a00:1"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
    ],
)
def test_spell_ipv6(ip: str, expected: str) -> None:
    """IPv6 addresses are spelled as nginx spells them, since md5 sids depend on each character."""
    assert expected == spell_ipv6(IPv6Address(ip))


@given(
    st.ip_addresses(v=6)
    | st.lists(st.sampled_from([0, 0, 1, 0x101, 0xFFFF]), min_size=8, max_size=8).map(
        lambda groups: IPv6Address(":".join(f"{group:x}" for group in groups))
    )
)
def test_spelling_comes_back(ip: IPv6Address) -> None:
    """Whatever is spelled is the same address when read again, and in lower case."""
    spelled = spell_ipv6(ip)
    assert ip == IPv6Address(spelled)
    assert spelled.lower() == spelled


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("10.0.0.1", inet("10.0.0.1")),
        ("10.0.0.1:8080", inet("10.0.0.1", 8080)),
        ("[::1]", inet("::1")),
        ("[::1]:8080", inet("::1", 8080)),
        ("localhost", HostAddress("localhost", 80)),
        ("app.example.org:65535", HostAddress("app.example.org", 65535)),
        ("app_1", HostAddress("app_1", 80)),
        ("app.example.org.", HostAddress("app.example.org.", 80)),
        ("unix:/run/app.sock", UnixAddress("/run/app.sock")),
        ("demo:a-1", DemoAddress("a-1")),
    ],
)
def test_parse(word: str, expected: Address) -> None:
    """An address is an IP address, a host name, a socket or a demo server; the port is 80 when none is written."""
    assert expected == parse_address(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("10.0.0.1:0", '"0" is no port; expected a number from 1 to 65535'),
        ("10.0.0.1:65536", '"65536" is no port; expected a number from 1 to 65535'),
        ("10.0.0.1:", '"" is no port; expected a number from 1 to 65535'),
        ("app:http", '"http" is no port; expected a number from 1 to 65535'),
        ("::1", '"::1" is no address; expected an IPv6 address in brackets, such as [::1]:80'),
        ("", '"" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path'),
        ("10.0.0.256", '"10.0.0.256" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path'),
        ("[10.0.0.1]", '"[10.0.0.1]" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path'),
        (
            "[fe80::1%eth0]",
            '"[fe80::1%eth0]" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path',
        ),
        ("a b", '"a b" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path'),
        ("a/b", '"a/b" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path'),
        ("unix:app.sock", '"unix:app.sock" is no socket; expected unix: and an absolute path'),
        ("demo:", '"demo:" names no demo server; expected demo: and a name of letters, digits, _ and -'),
        ("demo:a:80", '"demo:a:80" names no demo server; expected demo: and a name of letters, digits, _ and -'),
    ],
)
def test_parse_refuses(complaints: Callable[..., list[str]], word: str, expected: str) -> None:
    """What is no address is refused with what was expected."""
    assert [expected] == complaints(parse_address, word)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_addresses_come_back(ip: object, port: int) -> None:
    """An address as nginx prints it is read as the same address."""
    address = inet(str(ip), port)
    assert address == parse_address(str(address))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (inet("10.0.0.1"), "10.0.0.1:80"),
        (inet("::1", 8080), "[::1]:8080"),
        (inet("::ffff:10.0.0.1"), "[::ffff:10.0.0.1]:80"),
        (UnixAddress("/run/app.sock"), "unix:/run/app.sock"),
        (HostAddress("app", 80), "app:80"),
        (DemoAddress("a"), "demo:a"),
    ],
)
def test_shown(address: Address, expected: str) -> None:
    """An address is shown as nginx prints it, the port always there."""
    assert expected == str(address)


def test_host_for_connecting() -> None:
    """The host of an IPv6 address goes to the reactor without brackets."""
    assert "::1" == inet("::1").host


def test_lowest_port() -> None:
    """Port 0 is any free one, where that is allowed."""
    assert ("127.0.0.1", 0) == split_port("127.0.0.1:0", 80, lowest=0)


@pytest.mark.parametrize(
    ("host", "expected"), [("10.0.0.1", True), ("[::1]", True), ("::1", False), ("localhost", False)]
)
def test_parse_ip(host: str, expected: bool) -> None:
    """An IPv6 address is one in brackets only."""
    assert expected == (parse_ip(host) is not None)
