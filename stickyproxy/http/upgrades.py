"""Which change of protocol a client asks for, and which a server grants (RFC 9110 section 7.8)."""

from collections.abc import Iterable

from stickyproxy.http.fields import Field

# No change to another HTTP: what a client then says reaches the server past everything that is decided here a request.
# The one that was made for it, h2c, is obsolete (RFC 9113 section 3.1).
_HTTP = (b"h2", b"http")


def asked(fields: Iterable[Field]) -> bytes:
    """Return the protocols that an Upgrade asks for and that may be asked for, as they go on; empty when none is left.

    Whether the request may ask for any, by its version, its `Connection` and its want of a body, is not seen here.
    """
    return b", ".join(protocol for protocol in _protocols(fields) if not protocol.lower().startswith(_HTTP))


def granted(fields: Iterable[Field], wanted: bytes) -> bytes:
    """Return the protocols that a 101 changes to; empty if it names none, or one that is not among the `wanted`."""
    protocols = _protocols(fields)
    known = wanted.lower().split(b", ")
    return b", ".join(protocols) if all(protocol.lower() in known for protocol in protocols) else b""


def _protocols(fields: Iterable[Field]) -> list[bytes]:
    words = [word.strip() for key, _, value in fields if key == b"upgrade" for word in value.split(b",")]
    return [word for word in words if word]
