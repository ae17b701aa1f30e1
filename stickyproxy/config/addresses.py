"""Where a server lives, and how nginx writes it: md5 sids are made from exactly that spelling."""

from ipaddress import IPv4Address, IPv6Address

from attrs import frozen


@frozen
class InetAddress:
    """An IP address and a port."""

    ip: IPv4Address | IPv6Address
    port: int

    @property
    def host(self) -> str:
        """The address without port and brackets, as the reactor's connectTCP takes it."""
        return str(self.ip)

    def __str__(self) -> str:
        """As nginx prints it (ngx_sock_ntop): `10.0.0.1:80`, `[::1]:80`."""
        if isinstance(self.ip, IPv4Address):
            return f"{self.ip}:{self.port}"
        return f"[{spell_ipv6(self.ip)}]:{self.port}"


@frozen
class UnixAddress:
    """A Unix domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@frozen
class HostAddress:
    """A host name that is resolved when the service starts: one server for each address it has."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@frozen
class DemoAddress:
    """A demonstration server that runs inside the process and gets a loopback port when the service starts."""

    name: str

    def __str__(self) -> str:
        return f"demo:{self.name}"


def spell_ipv6(ip: IPv6Address) -> str:
    """Spell an IPv6 address as nginx does (ngx_inet6_ntop).

    The first longest run of two or more zero groups is shortened; IPv4-mapped and IPv4-compatible addresses end in
    dotted decimals.
    """
    raw = ip.packed
    groups = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, 16, 2)]
    start, length = _longest_zero_run(groups)
    dotted = start == 0 and (
        (length == 5 and groups[5] == 0xFFFF) or length == 6 or (length == 7 and raw[14] != 0 and raw[15] != 1)
    )
    tail = [".".join(str(byte) for byte in raw[12:])] if dotted else []
    words = [f"{group:x}" for group in groups[: 6 if dotted else 8]]
    if not length:
        return ":".join(words + tail)
    end = min(start + length, len(words))
    return ":".join(words[:start]) + "::" + ":".join(words[end:] + tail)


def _longest_zero_run(groups: list[int]) -> tuple[int, int]:
    """Where the first longest run of at least two zeros starts, and how long it is; (0, 0) if there is none."""
    best = (0, 0)
    start = 0
    for index, group in enumerate([*groups, 1]):
        if group:
            if index - start > max(best[1], 1):
                best = (start, index - start)
            start = index + 1
    return best
