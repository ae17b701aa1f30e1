"""The arguments of `ssl_protocols` and `proxy_ssl_name`."""

import re
from collections.abc import Sequence

from stickyproxy.config import values
from stickyproxy.config.addresses import parse_ip

_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def parse_protocols(words: Sequence[str]) -> frozenset[str]:
    """Read versions of TLS."""
    return frozenset(map(values.choice("TLSv1.2", "TLSv1.3"), words))


def parse_ssl_name(word: str) -> str:
    """Read the host name or the IP address, IPv6 in brackets or without, that a certificate must be for."""
    if ip := parse_ip(word) or parse_ip(f"[{word}]"):
        return str(ip)
    if _NAME.fullmatch(word) is None:
        raise ValueError(f"{values.shown(word)} is in no certificate; expected a host name or an IP address")
    return word
