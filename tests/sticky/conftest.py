"""Three servers, named a, b and c, and their sids under `hash=plain`."""

from ipaddress import ip_address

import pytest

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server
from stickyproxy.sticky.sids import Sids, plain_sid


@pytest.fixture
def servers() -> tuple[Server, ...]:
    """Three servers with an id each."""
    return tuple(
        Server(f"10.0.0.{number}:8080", InetAddress(ip_address(f"10.0.0.{number}"), 8080), id=name)
        for number, name in enumerate("abc", start=1)
    )


@pytest.fixture
def a(servers: tuple[Server, ...]) -> Server:
    """The first server."""
    return servers[0]


@pytest.fixture
def b(servers: tuple[Server, ...]) -> Server:
    """The second server."""
    return servers[1]


@pytest.fixture
def sids(servers: tuple[Server, ...]) -> Sids:
    """Their sids under `hash=plain`: a, b and c."""
    return Sids(servers, plain_sid)
