from collections.abc import Callable
from ipaddress import ip_network

import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.real_ip import RealIp, parse_real_ip_header, parse_trusted


@pytest.mark.parametrize(
    ("word", "expected"),
    [("10.0.0.0/8", ip_network("10.0.0.0/8")), ("::1", ip_network("::1/128")), ("unix:", None)],
)
def test_trusted(word: str, expected: object) -> None:
    """Whom to trust is an address, a network, or whoever comes by a Unix socket."""
    assert expected == parse_trusted([word])


def test_refused(complaints: Callable[..., list[str]]) -> None:
    """What is no network, and no name of a field, is refused."""
    expected = "expected an address or CIDR, such as 10.0.0.0/8 or ::1"
    assert [f'"balancer" is no network; {expected}'] == complaints(parse_trusted, ["balancer"])
    assert 1 == len(complaints(parse_real_ip_header, ["X Real"]))


def test_header() -> None:
    """A field is known by its name in lower case, the PROXY protocol by none."""
    assert (b"x-forwarded-for", None) == (
        parse_real_ip_header(["X-Forwarded-For"]),
        parse_real_ip_header(["proxy_protocol"]),
    )


def test_nobody_is_believed_by_default() -> None:
    """Without `set_real_ip_from` the other directives do nothing."""
    (server,) = loads("[server www]\nreal_ip_header = X-Forwarded-For\n").servers
    assert None is server.fallback.real_ip


def test_all_that_is_said() -> None:
    """Each directive is inherited on its own."""
    settings = loads(
        "[http]\nset_real_ip_from =\n  10.0.0.0/8\n  unix:\n[server www]\nreal_ip_header = CF-Connecting-IP\n"
        "[location www /]\nreturn = 200\nreal_ip_recursive = on\n"
        "[location www /inside]\nreturn = 200\nset_real_ip_from = ::1\nreal_ip_header = proxy_protocol\n"
    )
    (server,) = settings.servers
    ten = (ip_network("10.0.0.0/8"),)
    assert [
        RealIp(ten, True, b"cf-connecting-ip", False),
        RealIp(ten, True, b"cf-connecting-ip", True),
        RealIp((ip_network("::1"),), False, None, False),
    ] == [location.real_ip for location in (server.fallback, *server.locations)]
    assert (
        RealIp(ten, True, b"x-real-ip", False)
        == loads("[server www]\nset_real_ip_from =\n  10.0.0.0/8\n  unix:\n").servers[0].fallback.real_ip
    )
