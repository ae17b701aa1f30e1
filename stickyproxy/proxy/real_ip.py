"""Who the client is where others stand before the proxy: decided from what those who are trusted say of it.

nginx's ngx_http_realip_module, but that nobody is believed for standing behind somebody who is.
"""

from collections.abc import Sequence
from functools import lru_cache

from attrs import evolve

from stickyproxy.config.addresses import parse_ip, read_host, spell_ip, split_port, unmapped
from stickyproxy.config.real_ip import RealIp as RealIpSettings
from stickyproxy.http.fields import Field
from stickyproxy.http.words import Ends

# How many addresses it is remembered of whether they are trusted.
_REMEMBERED = 1024


class RealIp:
    """`set_real_ip_from` with `real_ip_header` and `real_ip_recursive`, compiled."""

    def __init__(self, settings: RealIpSettings) -> None:
        self._settings = settings
        self.trusts = lru_cache(_REMEMBERED)(self._trusts)

    def _trusts(self, host: bytes) -> bool:
        """Whether what comes from `host`, as in Ends, is believed."""
        ip = read_host(host)
        if ip is None:
            return self._settings.unix and host == b"unix:"
        return any(ip in network for network in self._settings.networks)

    def ends(self, ends: Ends, fields: Sequence[Field]) -> Ends:
        """Return the ends of a request with these fields, of which `ends` are the connection's own.

        Behind a PROXY header it is not the balancer that speaks in the fields, but whom it passes on.
        """
        if not self.trusts(ends.peer_host):
            return ends
        header = ends.proxied
        believed = header is None or self.trusts(header.source_host)
        client: tuple[bytes, int] | None = None
        if self._settings.field is not None:
            client = self._claimed(self._settings.field, fields) if believed else None
        elif header is not None and header.source_host:
            client = header.source_host, header.source_port
        host, port = client or (ends.peer_host, ends.peer_port)
        return evolve(ends, peer_host=host, peer_port=port, socket=ends, believed=believed)

    def _claimed(self, field: bytes, fields: Sequence[Field]) -> tuple[bytes, int] | None:
        """Walk the field's addresses from the right, each told by the one before: to the first, or past all trusted."""
        words = b" ".join([value for key, _, value in fields if key == field]).replace(b",", b" ").split()
        found = None
        for word in reversed(words):
            end = _read_end(word)
            if end is None:
                break
            found = end
            if not self._settings.recursive or not self.trusts(end[0]):
                break
        return found


def _read_end(word: bytes) -> tuple[bytes, int] | None:
    """Read an address, perhaps with a port (0: none); IPv6 in brackets then. None for anything else."""
    try:
        text = word.decode("ascii")
        bare_ipv6 = text.count(":") > 1 and not text.startswith("[")
        host, port = (f"[{text}]", 0) if bare_ipv6 else split_port(text, 0, lowest=0)
    except ValueError:
        return None
    ip = parse_ip(host)
    return None if ip is None else (spell_ip(unmapped(ip)).encode("ascii"), port)
