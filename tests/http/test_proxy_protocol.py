from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import pack

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stickyproxy.config.addresses import spell_ip
from stickyproxy.http.proxy_protocol import (
    BLOCK_LIMIT,
    LINE_LIMIT,
    ProxyHeader,
    Received,
    read_header,
    write_header,
)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = ProxyHeader(b"192.0.2.7", 51000, b"192.0.2.80", 443)
SIX = ProxyHeader(b"2001:db8::7", 51000, b"2001:db8::80", 443)
REST = b"GET / HTTP/1.1\r\n"


def block(command: int, family: int, body: bytes) -> bytes:
    """Write a block of version 2."""
    return SIGNATURE + bytes((command, family)) + len(body).to_bytes(2, "big") + body


def addresses(header: ProxyHeader) -> bytes:
    """Write the addresses of a block."""
    hosts = [ip_address(host.decode()).packed for host in (header.source_host, header.destination_host)]
    return b"".join(hosts) + pack("!HH", header.source_port, header.destination_port)


SOUND = {
    "four": (b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443\r\n", FOUR),
    "six": (b"PROXY TCP6 2001:DB8::7 2001:db8:0:0:0:0:0:80 51000 443\r\n", SIX),
    "mapped": (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", ProxyHeader(b"::ffff:192.0.2.7", 1, b"::1", 2)),
    "ports": (b"PROXY TCP4 192.0.2.7 192.0.2.80 0 65535\r\n", ProxyHeader(b"192.0.2.7", 0, b"192.0.2.80", 65535)),
    "unknown": (b"PROXY UNKNOWN\r\n", ProxyHeader()),
    "unknown with addresses": (b"PROXY UNKNOWN 2001:db8::7 x\r\n", ProxyHeader()),
    "longest": (b"PROXY UNKNOWN " + b"x" * (LINE_LIMIT - 16) + b"\r\n", ProxyHeader()),
    "block of four": (block(0x21, 0x11, addresses(FOUR)), FOUR),
    "block of six": (block(0x21, 0x21, addresses(SIX)), SIX),
    "extensions": (block(0x21, 0x11, addresses(FOUR) + b"\x04\0\x01x" * 9), FOUR),
    "longest block": (block(0x21, 0x21, addresses(SIX).ljust(BLOCK_LIMIT, b"\0")), SIX),
    "unspecified": (block(0x21, 0x00, b""), ProxyHeader()),
    "udp": (block(0x21, 0x12, addresses(FOUR)), ProxyHeader()),
    "udp of six": (block(0x21, 0x22, addresses(SIX)), ProxyHeader()),
    "unix": (block(0x21, 0x31, b"/run/a".ljust(216, b"\0")), ProxyHeader()),
    "unix datagrams": (block(0x21, 0x32, bytes(216)), ProxyHeader()),
    "local": (block(0x20, 0x00, b""), None),
    "local with addresses": (block(0x20, 0x11, addresses(FOUR)), None),
    "local of any family": (block(0x20, 0xFF, b"x"), None),
}


@pytest.mark.parametrize(("data", "expected"), SOUND.values(), ids=SOUND)
def test_sound(data: bytes, expected: ProxyHeader | None) -> None:
    """A header is read wherever it is split, not before it is whole, and what follows it is left."""
    assert [None] * len(data) == [read_header(data[:end]) for end in range(len(data))]
    assert Received(expected, b"") == read_header(data)
    assert Received(expected, REST) == read_header(data + REST)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"G", "no PROXY header"),
        (REST, "no PROXY header"),
        (b"PROXX", "no PROXY header"),
        (b"proxy ", "no PROXY header"),
        (b"\n", "no PROXY header"),
        (b"\r\n\r\n\0\r\nQUIX", "no PROXY header"),
        (b"\x16\x03\x01", "no PROXY header"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443\n", "a malformed PROXY line"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 51000\r\n", "a malformed PROXY line"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443 \r\n", "a malformed PROXY line"),
        (b"PROXY  TCP4 192.0.2.7 192.0.2.80 51000 443\r\n", "a malformed PROXY line"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 051000 443\r\n", "a malformed PROXY line"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 -1 443\r\n", "a malformed PROXY line"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 65536 443\r\n", "a PROXY line with a port out of range"),
        (b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 99999\r\n", "a PROXY line with a port out of range"),
        (b"PROXY TCP5 192.0.2.7 192.0.2.80 51000 443\r\n", "a malformed PROXY line"),
        (b"PROXY UDP4 192.0.2.7 192.0.2.80 51000 443\r\n", "a malformed PROXY line"),
        (b"PROXY UNKNOWNX\r\n", "a malformed PROXY line"),
        (b"PROXY \r\n", "a malformed PROXY line"),
        (b"PROXY TCP6 fe80::1%eth0 ::1 51000 443\r\n", "a malformed PROXY line"),
        (b"PROXY UNKNOWN ".ljust(LINE_LIMIT, b"x"), "a PROXY line of more than 107 bytes"),
        (b"PROXY UNKNOWN ".ljust(LINE_LIMIT - 1, b"x") + b"\r\n", "a PROXY line of more than 107 bytes"),
        (block(0x11, 0x11, addresses(FOUR)), "a PROXY block of an unknown version or command"),
        (block(0x31, 0x11, addresses(FOUR)), "a PROXY block of an unknown version or command"),
        (block(0x22, 0x11, addresses(FOUR)), "a PROXY block of an unknown version or command"),
        (block(0x21, 0x10, addresses(FOUR)), "a PROXY block of an unknown family or transport"),
        (block(0x21, 0x41, addresses(FOUR)), "a PROXY block of an unknown family or transport"),
        (block(0x21, 0x13, addresses(FOUR)), "a PROXY block of an unknown family or transport"),
        (block(0x21, 0x11, addresses(FOUR)[:-1]), "a PROXY block too short for its addresses"),
        (block(0x21, 0x21, addresses(FOUR)), "a PROXY block too short for its addresses"),
        (block(0x21, 0x11, bytes(BLOCK_LIMIT + 1))[:16], "a PROXY block of more than 4096 bytes"),
        (block(0x20, 0x00, bytes(0xFFFF))[:16], "a PROXY block of more than 4096 bytes"),
    ],
)
def test_refused(data: bytes, expected: str) -> None:
    """Whatever is no header is refused, what is too long as soon as that can be told."""
    with pytest.raises(ValueError, match=f"^{expected}$"):
        read_header(data)


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 2001:db8::7 192.0.2.80 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.07 192.0.2.80 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.80 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 ::1 1 2\r\n",
        b"PROXY TCP6 ::1::2 ::1 1 2\r\n",
    ],
)
def test_addresses_of_another_family(line: bytes) -> None:
    """An address that is none, or none of the family that is named, is refused."""
    with pytest.raises(ValueError, match=r"Expected 4 octets|Octet|Leading zeros|At least 3 parts|At most one"):
        read_header(line)


@given(st.binary(max_size=200), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\0"]))
def test_garbage(garbage: bytes, start: bytes) -> None:
    """Whatever comes, it is refused, or waited for within the bounds, or taken apart without losing a byte."""
    data = start + garbage
    try:
        received = read_header(data)
    except ValueError:
        return
    if received is None:
        assert len(data) < 16 + BLOCK_LIMIT
    else:
        assert data.endswith(received.rest)


def header_of(
    source: IPv4Address | IPv6Address, source_port: int, destination: IPv4Address | IPv6Address, destination_port: int
) -> ProxyHeader:
    """Make a header."""
    return ProxyHeader(spell_ip(source).encode(), source_port, spell_ip(destination).encode(), destination_port)


@given(
    st.one_of(*(st.tuples(st.ip_addresses(v=version), st.ip_addresses(v=version)) for version in (4, 6))),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
    st.binary(max_size=20),
)
@example((IPv6Address("ffff:" * 7 + "ffff"), IPv6Address("ffff:" * 7 + "ffff")), 65535, 65535, b"")
def test_writing_comes_back(
    hosts: tuple[IPv4Address | IPv6Address, ...], source_port: int, destination_port: int, rest: bytes
) -> None:
    """What is written is read again, as a line and as a block, and never longer than a line may be."""
    if any(getattr(host, "ipv4_mapped", None) for host in hosts):
        return
    header = header_of(hosts[0], source_port, hosts[1], destination_port)
    line = write_header(header)
    assert len(line) <= LINE_LIMIT
    assert Received(header, rest) == read_header(line + rest)
    family = 0x11 if hosts[0].version == 4 else 0x21
    assert Received(header, rest) == read_header(block(0x21, family, addresses(header)) + rest)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (FOUR, b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443\r\n"),
        (SIX, b"PROXY TCP6 2001:db8::7 2001:db8::80 51000 443\r\n"),
        (ProxyHeader(b"::ffff:192.0.2.7", 1, b"::ffff:192.0.2.80", 2), b"PROXY TCP4 192.0.2.7 192.0.2.80 1 2\r\n"),
        (ProxyHeader(b"192.0.2.7", 1, b"::1", 2), b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"),
        (ProxyHeader(b"unix:", 0, b"192.0.2.80", 2), b"PROXY UNKNOWN\r\n"),
        (ProxyHeader(b"192.0.2.7", 1, b"unix:", 0), b"PROXY UNKNOWN\r\n"),
        (ProxyHeader(), b"PROXY UNKNOWN\r\n"),
    ],
)
def test_writing(header: ProxyHeader, expected: bytes) -> None:
    """A line names both ends in one family; a Unix socket has no address that could be told."""
    assert expected == write_header(header)
