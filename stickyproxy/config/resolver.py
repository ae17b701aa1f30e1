"""Who is asked for the names of servers while the proxy runs: the values of `resolver`, and its arguments."""

from collections.abc import Sequence

from attrs import frozen

from stickyproxy.config import values
from stickyproxy.config.addresses import InetAddress, parse_ip, split_port
from stickyproxy.config.parameters import parse_parameters

_PORT = 53


@frozen
class Resolver:
    """`resolver` and `resolver_timeout`: who is asked for the names of servers with `resolve`, and how.

    Without `addresses` the system's name servers are. `valid` stands for the TTL of every answer. `ipv4` and `ipv6`
    say which addresses are asked for.
    """

    addresses: tuple[InetAddress, ...] = ()
    valid: float | None = None
    ipv4: bool = True
    ipv6: bool = True
    timeout: float = 30.0


def parse_resolver(words: Sequence[str]) -> Resolver:
    """Read `ADDRESS[:PORT]... [valid=TIME] [ipv4=on|off] [ipv6=on|off]`; each argument of ValueError is one fault."""
    addresses = []
    faults: list[str] = []
    for word in words:
        if "=" not in word:
            try:
                addresses.append(_name_server(word))
            except ValueError as error:
                faults.extend(error.args)
    try:
        found = parse_parameters(
            [word for word in words if "=" in word],
            {"valid": parse_positive_time, "ipv4": values.on_off, "ipv6": values.on_off},
        )
    except ValueError as error:
        faults.extend(error.args)
        found = {}
    if not addresses and not faults:
        faults.append("no name server; expected the address of one at least, such as 127.0.0.1")
    if not found.get("ipv4", True) and not found.get("ipv6", True):
        faults.append("ipv4=off ipv6=off leaves no addresses to ask for; expected one of them on")
    if faults:
        raise ValueError(*faults)
    return Resolver(tuple(addresses), **found)


def _name_server(word: str) -> InetAddress:
    host, port = split_port(word, _PORT)
    ip = parse_ip(host)
    if ip is None:
        raise ValueError(f'"{word}" is no name server; expected ip[:port] or [ipv6][:port]')
    return InetAddress(ip, port)


def parse_positive_time(word: str) -> float:
    """Seconds, as in `values.time`, and more than none."""
    seconds = values.time(word)
    if not seconds:
        raise ValueError(f'"{word}" is no time at all; expected such as 10s')
    return seconds
