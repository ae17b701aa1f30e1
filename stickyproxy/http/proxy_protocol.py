"""The PROXY protocol: what a balancer says, before anything else, of whose connection it passes on.

Version 1 (a line) and version 2 (a block) are read, version 1 is written (HAProxy's `doc/proxy-protocol.txt`).
"""

import re
from ipaddress import IPv4Address, IPv6Address
from struct import Struct

from attrs import frozen

from stickyproxy.config.addresses import read_host, spell_ip

_PREFIX = b"PROXY "
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

# The longest line, its CRLF included (section 2.1), and how long a block may be behind its 16 fixed bytes: its
# addresses take 216 bytes at the most, the rest are extensions (TLVs), which are skipped.
LINE_LIMIT = 107
BLOCK_LIMIT = 4096

_PORT = rb"(0|[1-9][0-9]{0,4})"
_LINE = re.compile(rb"PROXY (TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) " + _PORT + b" " + _PORT + rb"\r\n")
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")
_KINDS: dict[bytes, type[IPv4Address] | type[IPv6Address]] = {b"TCP4": IPv4Address, b"TCP6": IPv6Address}

# A block: signature, version with command, family with transport, how many bytes follow (section 2.2).
_BLOCK = Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_TCP: dict[int, tuple[type[IPv4Address] | type[IPv6Address], Struct]] = {
    0x11: (IPv4Address, Struct("!4s4sHH")),
    0x21: (IPv6Address, Struct("!16s16sHH")),
}
# Unspecified, UDP and Unix sockets: valid, but no addresses that a client of ours could have.
_WITHOUT_ADDRESSES = frozenset({0x00, 0x12, 0x22, 0x31, 0x32})


@frozen
class ProxyHeader:
    """The connection that a balancer passes on. Without hosts it does not say whose: it may be anybody's."""

    source_host: bytes = b""
    source_port: int = 0
    destination_host: bytes = b""
    destination_port: int = 0


@frozen
class Received:
    """What was read: the header, None where the balancer speaks for itself (LOCAL), and the bytes behind it."""

    header: ProxyHeader | None
    rest: bytes


def read_header(data: bytes) -> Received | None:
    """Read the header that a connection begins with; None while more bytes are needed to tell.

    Raises ValueError for anything else, as soon as that can be told.
    """
    if data.startswith(_PREFIX):
        return _read_line(data)
    if data.startswith(_SIGNATURE):
        return _read_block(data)
    if _PREFIX.startswith(data) or _SIGNATURE.startswith(data):
        return None
    raise ValueError("no PROXY header")


def _read_line(data: bytes) -> Received | None:
    end = data.find(b"\n", 0, LINE_LIMIT) + 1
    if not end:
        if len(data) >= LINE_LIMIT:
            raise ValueError(f"a PROXY line of more than {LINE_LIMIT} bytes")
        return None
    line, rest = data[:end], data[end:]
    if _UNKNOWN.fullmatch(line):
        return Received(ProxyHeader(), rest)
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("a malformed PROXY line")
    kind = _KINDS[match[1]]
    source, destination = kind(match[2].decode("ascii")), kind(match[3].decode("ascii"))
    source_port, destination_port = int(match[4]), int(match[5])
    if source_port > 0xFFFF or destination_port > 0xFFFF:
        raise ValueError("a PROXY line with a port out of range")
    return Received(_header(source, source_port, destination, destination_port), rest)


def _read_block(data: bytes) -> Received | None:
    if len(data) < _BLOCK.size:
        return None
    _, command, family, length = _BLOCK.unpack_from(data)
    if command not in (_LOCAL, _PROXY):
        raise ValueError("a PROXY block of an unknown version or command")
    if length > BLOCK_LIMIT:
        raise ValueError(f"a PROXY block of more than {BLOCK_LIMIT} bytes")
    end = _BLOCK.size + length
    if len(data) < end:
        return None
    rest = data[end:]
    if command == _LOCAL:
        # Its family, and all behind it, is to be ignored.
        return Received(None, rest)
    if family in _WITHOUT_ADDRESSES:
        return Received(ProxyHeader(), rest)
    if family not in _TCP:
        raise ValueError("a PROXY block of an unknown family or transport")
    kind, addresses = _TCP[family]
    if length < addresses.size:
        raise ValueError("a PROXY block too short for its addresses")
    source, destination, source_port, destination_port = addresses.unpack_from(data, _BLOCK.size)
    return Received(_header(kind(source), source_port, kind(destination), destination_port), rest)


def _header(
    source: IPv4Address | IPv6Address,
    source_port: int,
    destination: IPv4Address | IPv6Address,
    destination_port: int,
) -> ProxyHeader:
    return ProxyHeader(
        spell_ip(source).encode("ascii"), source_port, spell_ip(destination).encode("ascii"), destination_port
    )


def write_header(header: ProxyHeader) -> bytes:
    """Write a line of version 1. Where the ends are of different families the IPv4 one is mapped to IPv6."""
    source, destination = read_host(header.source_host), read_host(header.destination_host)
    if source is None or destination is None:
        return b"PROXY UNKNOWN\r\n"
    family = 4 if source.version == destination.version == 4 else 6
    hosts = [f"::ffff:{ip}" if ip.version < family else spell_ip(ip) for ip in (source, destination)]
    return b"PROXY TCP%d %b %b %d %d\r\n" % (
        family,
        hosts[0].encode("ascii"),
        hosts[1].encode("ascii"),
        header.source_port,
        header.destination_port,
    )
