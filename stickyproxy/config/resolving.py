"""What a `server` must be whose name is asked for while the proxy runs."""

import re

from stickyproxy.config import values
from stickyproxy.config.addresses import HostAddress
from stickyproxy.config.settings import Server

_SERVICE = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
# How long a label, and a name, may be in DNS (RFC 1035 section 2.3.4).
_LONGEST_LABEL = 63
_LONGEST_NAME = 253


def parse_service(word: str) -> str:
    """Read the name of a service: `http` for `_http._tcp`, or the labels themselves."""
    if _SERVICE.fullmatch(word) is None:
        raise ValueError(f"{values.shown(word)} is no service; expected such as http or _http._tcp")
    return word


def check_renewal(server: Server) -> None:
    """Check that the name of a server can be asked for, if it is to be. Raises ValueError."""
    if server.service and not server.resolve:
        raise ValueError(f"service={server.service} is known to DNS alone; expected resolve beside it")
    if not server.resolve:
        return
    host = server.address.host if isinstance(server.address, HostAddress) else None
    if host is None:
        raise ValueError(f'resolve, but "{server.name}" is no name; expected host[:port] with it')
    if server.service and server.name != host:
        raise ValueError(f"service={server.service} has its port in DNS; expected {host} without one")
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_NAME or not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise ValueError(f'resolve, but "{server.name}" is no name that DNS could know; expected labels up to 63 long')
