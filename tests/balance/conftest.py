"""How the tests of this room make servers."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.settings import Server


@pytest.fixture
def server() -> Callable[..., Server]:
    """Make a server of a one-letter name, with the parameters of a `server` line."""

    def make(name: str = "a", **parameters: Any) -> Server:
        return Server(name, InetAddress(ip_address(ord(name)), 80), id=name, **parameters)

    return make
