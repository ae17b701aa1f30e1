"""Who is believed about the client: `set_real_ip_from`, `real_ip_header` and `real_ip_recursive`."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from attrs import frozen

from stickyproxy.config import values


@frozen
class RealIp:
    """Who is believed about whose requests they pass on (ngx_http_realip_module): peers in `networks`, on Unix sockets.

    `field` is the lower-case name of the field with the addresses, None for those of the PROXY protocol. A list in it
    is read from the right: its last address, or with `recursive` the last one that is not trusted.
    """

    networks: tuple[IPv4Network | IPv6Network, ...]
    unix: bool
    field: bytes | None
    recursive: bool


def parse_trusted(words: Sequence[str]) -> IPv4Network | IPv6Network | None:
    """Read an address, a CIDR, or `unix:`, which is None."""
    return None if words[0] == "unix:" else values.network(words[0])


def parse_real_ip_header(words: Sequence[str]) -> bytes | None:
    """Read the name of a field, in lower case then, or `proxy_protocol`, which is None."""
    return None if words[0] == "proxy_protocol" else values.token(words[0]).lower()
