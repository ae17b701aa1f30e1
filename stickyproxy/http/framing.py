"""The chunked transfer coding (RFC 9112 section 7.1), as it is written."""

from collections.abc import Iterable

LAST_CHUNK = b"0\r\n\r\n"


def chunked(parts: Iterable[bytes]) -> list[bytes]:
    """Return each part as a chunk; empty ones are left out, since an empty chunk would end the body."""
    out: list[bytes] = []
    for part in parts:
        if part:
            out += (b"%x\r\n" % len(part), part, b"\r\n")
    return out
