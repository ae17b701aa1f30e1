from collections.abc import Callable
from hashlib import md5
from ipaddress import ip_address

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.addresses import InetAddress, UnixAddress
from stickyproxy.config.settings import Server
from stickyproxy.sticky.sids import (
    Sids,
    apache_sid,
    before_the_bar,
    blinding,
    from_the_dot,
    haproxy_sid,
    keyed_sid,
    md5_sid,
    nginx_sid,
    plain_sid,
)


def inet(ip: str, port: int = 8080, id: str | None = None) -> Server:
    """Make a server with an IP address."""
    return Server("as written", InetAddress(ip_address(ip), port), id=id)


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (inet("10.0.0.1"), b"10.0.0.1:8080"),
        (inet("10.0.0.1", 80), b"10.0.0.1:80"),
        (inet("10.0.0.1", id="a"), b"10.0.0.1:8080"),
        (inet("2001:db8::1"), b"[2001:db8::1]:8080"),
        (inet("::ffff:10.0.0.1"), b"[::ffff:10.0.0.1]:8080"),
        (Server("as written", UnixAddress("/run/app.sock")), b"unix:/run/app.sock"),
    ],
)
def test_md5(server: Server, address: bytes) -> None:
    """An md5 sid is made from the address in nginx's spelling, whatever was written and whatever the id is."""
    assert md5(address).hexdigest().encode() == md5_sid(server)


def test_md5_is_lower_case_hex() -> None:
    """An md5 sid is written in lower-case hex."""
    assert b"422db4e6da7b4bba46bd476612df0469" == md5_sid(inet("127.0.0.1", 9001))


@pytest.mark.parametrize(
    ("server", "expected"),
    [(inet("10.0.0.1", id="a"), b"a"), (inet("10.0.0.1"), b"10.0.0.1:8080"), (inet("::1", id="ä"), "ä".encode())],
)
def test_plain(server: Server, expected: bytes) -> None:
    """A plain sid is the id, or the address where there is none."""
    assert expected == plain_sid(server)


def test_first_of_one_sid_wins() -> None:
    """Of two servers with one sid the first is named by it; both have it."""
    first, second = inet("10.0.0.1", id="a"), inet("10.0.0.1", id="b")
    sids = Sids((first, second), md5_sid)
    assert first is sids.find(md5_sid(second))
    assert sids.sid_of[first] == sids.sid_of[second]


def test_case_counts(servers: tuple[Server, ...]) -> None:
    """Sids are compared case-sensitively."""
    assert None is Sids(servers, plain_sid).find(b"A")


@given(numbers=st.sets(st.integers(min_value=0, max_value=2**32 - 1), min_size=1, max_size=20))
def test_round_trip(numbers: set[int]) -> None:
    """From a server to its sid and back is the same server."""
    servers = [Server("", InetAddress(ip_address(number), 80)) for number in numbers]
    sids = Sids(servers, md5_sid)
    assert servers == [sids.find(sids.sid_of[server]) for server in servers]


# -- other dialects --------------------------------------------------------------------------------------------------

KEYED = b"104b780eeaa1c1fb394e9d40633e5510"
BARE, NAMED = inet("10.0.0.1"), inet("10.0.0.1", id="a")


@pytest.mark.parametrize(
    ("sid", "server", "expected"),
    [
        (nginx_sid, evolve(NAMED, route="r"), b"r"),
        (nginx_sid, NAMED, md5_sid(BARE)),
        (haproxy_sid, evolve(NAMED, cookie="c"), b"c"),
        (haproxy_sid, NAMED, b"a"),
        (haproxy_sid, BARE, b"10.0.0.1:8080"),
        (apache_sid, evolve(NAMED, route="r"), b".r"),
        (apache_sid, NAMED, b".a"),
        (apache_sid, BARE, b".10.0.0.1:8080"),
    ],
)
def test_names_of_other_dialects(sid: Callable[[Server], bytes], server: Server, expected: bytes) -> None:
    """Each dialect has a parameter of its own, and something to go by without it."""
    assert expected == sid(server)


def test_keyed() -> None:
    """A keyed sid is half an HMAC-SHA256 of the server's name: another with another key, or for another server."""
    assert KEYED == keyed_sid(b"k" * 32)(NAMED)
    assert KEYED not in (keyed_sid(b"o" * 32)(NAMED), keyed_sid(b"k" * 32)(BARE))


def test_keyed_sids_are_looked_up_blindly() -> None:
    """What a client sends is compared as what only the key makes of it; what is too long or short is no sid at all."""
    key = b"k" * 32
    blind = blinding(key)
    asked: list[bytes] = []

    def noted(sid: bytes) -> bytes:
        asked.append(blind(sid))
        return asked[-1]

    sids = Sids([NAMED, inet("10.0.0.2", id="b")], keyed_sid(key), blind=noted)
    asked.clear()
    assert (NAMED, NAMED) == (sids.find(KEYED), sids.named(KEYED))
    for guess in (KEYED[:-1] + b"1", KEYED[:-1], KEYED + b"0", b"", KEYED.upper(), b"x" * 70_000):
        assert None is sids.find(guess)
    one, same, near, short, long, empty, upper, huge = asked
    assert one == same
    assert {32} == {len(each) for each in (one, near, upper)}
    assert 4 == len({KEYED, one, near, upper})
    assert [b"", b"", b"", b""] == [short, long, empty, huge]
    assert one != blinding(b"o" * 32)(KEYED)


@pytest.mark.parametrize(
    ("sid", "within", "value", "found"),
    [
        (haproxy_sid, before_the_bar, b"a", True),
        (haproxy_sid, before_the_bar, b"a|awIod|awIod", True),
        (haproxy_sid, before_the_bar, b"|a", False),
        (apache_sid, from_the_dot, b".a", True),
        (apache_sid, from_the_dot, b"session.a", True),
        (apache_sid, from_the_dot, b"session.x.a", False),
        (apache_sid, from_the_dot, b"a", False),
        (apache_sid, from_the_dot, b"", False),
        (haproxy_sid, before_the_bar, b"a|" + b"x" * 4095, False),
        (haproxy_sid, before_the_bar, b"a|\x80", False),
        (apache_sid, from_the_dot, b"x" * 4095 + b".a", False),
        (plain_sid, None, b"a", True),
        (plain_sid, None, b".a", False),
    ],
)
def test_sid_within_a_value(
    sid: Callable[[Server], bytes], within: Callable[[bytes], bytes] | None, value: bytes, found: bool
) -> None:
    """HAProxy takes what stands before a bar, Apache what stands behind the first dot, others take it all."""
    assert (NAMED if found else None) == Sids([NAMED], sid, within).named(value)
