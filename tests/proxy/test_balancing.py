import pytest

from stickyproxy.config.settings import Balance
from stickyproxy.config.templates import parse_template
from stickyproxy.http.words import Ends
from stickyproxy.proxy.balancing import client_network, key_reader
from tests.proxy.facts import facts, request


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"192.0.2.1", bytes([192, 0, 2])),
        (b"2001:db8::1", bytes.fromhex("20010db8000000000000000000000001")),
        (b"::ffff:192.0.2.1", bytes([192, 0, 2])),
        (b"unix:", bytes(3)),
    ],
)
def test_client_network(host: bytes, expected: bytes) -> None:
    """A client is known by its IPv4 network of 256, which it may change addresses in, or by its IPv6 address."""
    assert expected == client_network(facts(ends=Ends(1, host, 1, b"::1", 80)))


def test_key() -> None:
    """A hash goes by what its key comes to for the request; a method without a key by the client's network."""
    some = facts(request(b"/a?user=7"))
    assert b"7-/a?user=7" == key_reader(Balance("hash", parse_template("$arg_user-$request_uri")))(some)
    assert bytes([192, 0, 2]) == key_reader(Balance("ip_hash"))(some)
