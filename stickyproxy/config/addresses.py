"""Where a server lives, and how nginx writes it: md5 sids are made from exactly that spelling."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from attrs import frozen

# A name whose last label is a number is an IP address gone wrong.
_HOST = re.compile(r"(?!(?:.*\.)?[0-9]+\.?$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_DEMO = re.compile(r"[A-Za-z0-9_-]+")
_PORT = re.compile(r"[0-9]{1,5}")


@frozen(cache_hash=True)
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
        host = spell_ip(self.ip)
        return f"{host}:{self.port}" if self.ip.version == 4 else f"[{host}]:{self.port}"


@frozen(cache_hash=True)
class UnixAddress:
    """A Unix domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@frozen
class HostAddress:
    """A host name that is resolved when the service starts, or ever again: one server for each address it has."""

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


Address = InetAddress | UnixAddress | HostAddress | DemoAddress


def parse_address(word: str, default_port: int = 80) -> Address:
    """Read `IP[:PORT]`, `[IPv6][:PORT]`, `HOST[:PORT]`, `unix:/PATH` or `demo:NAME`.

    Raises ValueError with what is wrong and what was expected.
    """
    scheme, _, rest = word.partition(":")
    if scheme == "unix":
        return UnixAddress(parse_path(rest))
    if scheme == "demo":
        if _DEMO.fullmatch(rest) is None:
            raise ValueError(f'"{word}" names no demo server; expected demo: and a name of letters, digits, _ and -')
        return DemoAddress(rest)
    host, port = split_port(word, default_port)
    if ip := parse_ip(host):
        return InetAddress(ip, port)
    if _HOST.fullmatch(host) is None:
        raise ValueError(f'"{word}" is no address; expected ip[:port], [ipv6][:port], host[:port] or unix:/path')
    return HostAddress(host, port)


def parse_path(path: str) -> str:
    """The path of a Unix domain socket: absolute. Raises ValueError."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f'"unix:{path}" is no socket; expected unix: and an absolute path')
    return path


def split_port(word: str, default_port: int, lowest: int = 1) -> tuple[str, int]:
    """Part `HOST:PORT`; the brackets of an IPv6 address stay. Raises ValueError for a port out of range."""
    host, colon, port = word.rpartition(":")
    if not colon or word.endswith("]"):
        return word, default_port
    if ":" in host and not host.startswith("["):
        raise ValueError(f'"{word}" is no address; expected an IPv6 address in brackets, such as [::1]:80')
    if _PORT.fullmatch(port) is None or not lowest <= int(port) <= 65535:
        raise ValueError(f'"{port}" is no port; expected a number from {lowest} to 65535')
    return host, int(port)


def parse_ip(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that `host` is, IPv6 in brackets; None for anything else."""
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        ip = ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        return None
    return ip if bracketed == (ip.version == 6) and "%" not in host else None


def read_host(host: bytes) -> IPv4Address | IPv6Address | None:
    """The IP address of one end of a connection, unmapped; None for a Unix socket, and for whatever else is none."""
    try:
        return unmapped(ip_address(host.decode("ascii")))
    except ValueError:
        return None


def unmapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv4-mapped one stands for: a dual-stack listener shows `::ffff:a.b.c.d`."""
    return getattr(ip, "ipv4_mapped", None) or ip


def spell_ip(ip: IPv4Address | IPv6Address) -> str:
    """Spell an IP address as nginx does."""
    return str(ip) if isinstance(ip, IPv4Address) else spell_ipv6(ip)


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
