"""How the tests of this room make servers and peers."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server


def make_server(name: str = "a", **parameters: Any) -> Server:
    """Make a server of a one-letter name, with the parameters of a `server` line."""
    return Server(name, InetAddress(ip_address(ord(name)), 80), id=name, **parameters)


@pytest.fixture
def server() -> Callable[..., Server]:
    return make_server


@pytest.fixture
def peers() -> Callable[..., list[Peer]]:
    """Make peers a, b, c... of these weights."""
    return lambda *weights: [
        Peer(make_server(name, weight=weight)) for name, weight in zip("abcdefg", weights, strict=False)
    ]
