"""The arguments of the directives that say who is believed about the client: `set_real_ip_from`, `real_ip_header`."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from stickyproxy.config import values


def parse_trusted(words: Sequence[str]) -> IPv4Network | IPv6Network | None:
    """Read an address, a CIDR, or `unix:`, which is None."""
    return None if words[0] == "unix:" else values.network(words[0])


def parse_real_ip_header(words: Sequence[str]) -> bytes | None:
    """Read the name of a field, in lower case then, or `proxy_protocol`, which is None."""
    return None if words[0] == "proxy_protocol" else values.token(words[0]).lower()
