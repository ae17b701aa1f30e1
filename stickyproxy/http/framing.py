"""How messages say where their bodies end (RFC 9112 section 6), as it is written."""

from collections.abc import Iterable

LAST_CHUNK = b"0\r\n\r\n"


def chunked(parts: Iterable[bytes]) -> list[bytes]:
    """Return each part as a chunk; empty ones are left out, since an empty chunk would end the body."""
    out: list[bytes] = []
    for part in parts:
        if part:
            out += (b"%x\r\n" % len(part), part, b"\r\n")
    return out


def body_framing(length: int | None, no_body: bool, status: int, http11: bool) -> tuple[bytes, bool, bool]:
    """Return how an answer with `status` says how long its body is, `length` bytes or nobody knows (RFC 9112 6.3).

    That is its field line, which may be empty; whether the body is chunked; and whether only the connection ends it.
    `no_body` says that none follows, `http11` that the client knows chunks.
    """
    if length is not None:
        return b"" if status == 204 else b"Content-Length: %d\r\n" % length, False, False
    if no_body:
        return b"", False, False
    return (b"Transfer-Encoding: chunked\r\n", True, False) if http11 else (b"", False, True)
