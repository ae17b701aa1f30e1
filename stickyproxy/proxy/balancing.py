"""What a request is balanced by, where that is a key of it."""

from stickyproxy.config.addresses import read_host
from stickyproxy.config.settings import Balance
from stickyproxy.proxy.variables import Facts, Getter, compile_template

# What stands for the network of a client on a Unix socket (ngx_http_upstream_ip_hash_module.c).
_NO_NETWORK = bytes(3)


def key_reader(balance: Balance) -> Getter:
    """Return what reads the key of a request: as `hash` says, else the client's network for `ip_hash`."""
    return client_network if balance.key is None else compile_template(balance.key)


def client_network(facts: Facts) -> bytes:
    """Return the first three bytes of the client's IPv4 address, or all of its IPv6 address."""
    ip = read_host(facts.ends.peer_host)
    if ip is None:
        return _NO_NETWORK
    return ip.packed[:3] if ip.version == 4 else ip.packed
