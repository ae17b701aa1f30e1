from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config import settings
from stickyproxy.http.proxy_protocol import ProxyHeader
from stickyproxy.http.words import Ends
from stickyproxy.proxy.real_ip import RealIp
from tests.proxy.facts import fields

BALANCER, OTHER_BALANCER, STRANGER = b"10.0.0.1", b"10.0.0.2", b"198.51.100.9"
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


def real_ip(field: bytes | None = b"x-forwarded-for", recursive: bool = False, unix: bool = False) -> RealIp:
    """Make what believes the balancers."""
    return RealIp(settings.RealIp(TRUSTED, unix, field, recursive))


def ends(peer_host: bytes = BALANCER, proxied: ProxyHeader | None = None) -> Ends:
    """Make the ends of a connection."""
    return Ends(1, peer_host, 40000, b"10.0.0.80", 80, proxied=proxied)


def client(decide: RealIp, connection: Ends, *lines: bytes) -> tuple[bytes, int, bool]:
    """Decide who the client is: its address and port, and whether the fields are believed."""
    decided = decide.ends(connection, fields(*lines))
    assert connection == (decided.socket or decided)
    assert (b"10.0.0.80", 80, connection.proxied) == (decided.local_host, decided.local_port, decided.proxied)
    return decided.peer_host, decided.peer_port, decided.believed


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"10.255.0.1", True),
        (b"11.0.0.1", False),
        (b"::ffff:10.0.0.1", True),
        (b"2001:db8::1", True),
        (b"2001:db9::1", False),
        (b"unix:", False),
        (b"", False),
    ],
)
def test_trusts(host: bytes, expected: bool) -> None:
    """Only those in a network are trusted; IPv4 at a dual-stack listener is IPv4."""
    assert expected == real_ip().trusts(host)


def test_trusts_unix_sockets() -> None:
    """Who comes by a Unix socket is trusted if that is said; who is not known never is."""
    assert (True, False) == (real_ip(unix=True).trusts(b"unix:"), real_ip(unix=True).trusts(b""))


# What the last proxy saw is at the right; `a` stands for the field.
WALKS = [
    # lines, plain, recursive
    ([], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: "], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: 192.0.2.7"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: 192.0.2.7:51000"], (b"192.0.2.7", 51000), (b"192.0.2.7", 51000)),
    ([b"a: 2001:DB9::7"], (b"2001:db9::7", 0), (b"2001:db9::7", 0)),
    ([b"a: [2001:db9::7]"], (b"2001:db9::7", 0), (b"2001:db9::7", 0)),
    ([b"a: [2001:db9::7]:51000"], (b"2001:db9::7", 51000), (b"2001:db9::7", 51000)),
    ([b"a: ::ffff:192.0.2.7"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: 203.0.113.5, 192.0.2.7"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: 203.0.113.5", b"a: 192.0.2.7"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: 192.0.2.7", b"b: 203.0.113.5"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: 203.0.113.5, 192.0.2.7, 10.0.0.2"], (OTHER_BALANCER, 0), (b"192.0.2.7", 0)),
    ([b"a: 192.0.2.7", b"a: 10.0.0.3,10.0.0.2"], (OTHER_BALANCER, 0), (b"192.0.2.7", 0)),
    ([b"a: 10.0.0.4, 10.0.0.3"], (b"10.0.0.3", 0), (b"10.0.0.4", 0)),
    ([b"a: ,, 192.0.2.7 , ,"], (b"192.0.2.7", 0), (b"192.0.2.7", 0)),
    ([b"a: unknown"], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: 192.0.2.7, unknown"], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: unknown, 10.0.0.2"], (OTHER_BALANCER, 0), (OTHER_BALANCER, 0)),
    ([b"a: 192.0.2.7, 10.0.0.2x"], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: 192.0.2.7:99999"], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: fe80::1%eth0"], (BALANCER, 40000), (BALANCER, 40000)),
    ([b"a: \xff"], (BALANCER, 40000), (BALANCER, 40000)),
]


@pytest.mark.parametrize(("lines", "plain", "recursive"), WALKS)
def test_walk(lines: list[bytes], plain: tuple[bytes, int], recursive: tuple[bytes, int]) -> None:
    """The field is read from the right: its last address, or the last one that is not trusted; no further than
    what is an address.
    """
    assert (*plain, True) == client(real_ip(b"a"), ends(), *lines)
    assert (*recursive, True) == client(real_ip(b"a", recursive=True), ends(), *lines)


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize("field", [b"x-forwarded-for", b"x-real-ip", None])
def test_a_strangers_word(field: bytes | None, recursive: bool) -> None:
    """A stranger is who he is, whatever he says."""
    lines = (b"X-Forwarded-For: 192.0.2.7", b"X-Real-IP: 192.0.2.7")
    assert (STRANGER, 40000, False) == client(real_ip(field, recursive), ends(STRANGER), *lines)


INTRODUCED = ProxyHeader(STRANGER, 51000, b"192.0.2.80", 443)
INTRODUCED_BALANCER = ProxyHeader(OTHER_BALANCER, 51000, b"192.0.2.80", 443)
FORWARDED = b"X-Forwarded-For: 192.0.2.7"


@pytest.mark.parametrize(
    ("field", "peer", "header", "expected"),
    [
        (None, BALANCER, INTRODUCED, (STRANGER, 51000, False)),
        (None, BALANCER, INTRODUCED_BALANCER, (OTHER_BALANCER, 51000, True)),
        (None, BALANCER, ProxyHeader(), (BALANCER, 40000, False)),
        (None, BALANCER, None, (BALANCER, 40000, True)),
        (None, STRANGER, INTRODUCED, (STRANGER, 40000, False)),
        (b"x-forwarded-for", BALANCER, INTRODUCED, (BALANCER, 40000, False)),
        (b"x-forwarded-for", BALANCER, INTRODUCED_BALANCER, (b"192.0.2.7", 0, True)),
        (b"x-forwarded-for", BALANCER, ProxyHeader(), (BALANCER, 40000, False)),
        (b"x-forwarded-for", BALANCER, None, (b"192.0.2.7", 0, True)),
    ],
)
def test_proxy_protocol(
    field: bytes | None, peer: bytes, header: ProxyHeader | None, expected: tuple[bytes, int, bool]
) -> None:
    """Behind a PROXY header the fields are the words of whom it introduces, a stranger's not believed."""
    assert expected == client(real_ip(field), ends(peer, header), FORWARDED)


HOSTS = st.sampled_from([b"10.0.0.3", b"2001:db8::5", b"192.0.2.7", b"2001:db9::7", b"198.51.100.1"])


@given(st.lists(HOSTS), st.lists(st.sampled_from([b"10.0.0.3", b"2001:db8::5"])), st.booleans())
def test_nobody_can_hide_behind_what_he_forges(forged: list[bytes], balancers: list[bytes], several: bool) -> None:
    """Whatever a client puts into the field, what balancers add behind it tells who he is."""
    added = [b"203.0.113.5", *balancers]
    lines = [b"X-Forwarded-For: " + host for host in forged + added]
    if not several:
        lines = [b"X-Forwarded-For: " + b", ".join(forged + added)]
    assert (b"203.0.113.5", 0, True) == client(real_ip(recursive=True), ends(), *lines)
