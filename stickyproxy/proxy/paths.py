"""What a path means: which location it matches, and what becomes of it when a location replaces its prefix.

A path is matched as the server behind will understand it, so that `/static/../admin`, `/%61dmin` and `/admin;x=1` are
all caught by the location of `/admin`.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from stickyproxy.errors import ClientFault

_PARAMETERS = re.compile(rb";[^/]*")
_SLASHES = re.compile(rb"/{2,}")
# What may stand unescaped in a path (RFC 3986 section 3.3), and `/`.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


def normalize(path: bytes) -> bytes:
    """Return the path decoded, with slashes merged and dot segments resolved, as nginx's `$uri`.

    Raises ClientFault (400) for a path that leads above the root or hides a NUL.
    """
    if b"%" in path:
        path = unquote_to_bytes(path)
        if b"\0" in path:
            raise ClientFault(400, "NUL in the path")
    if b"//" in path:
        path = _SLASHES.sub(b"/", path)
    if b"/." in path:
        path = _resolve_dots(path)
    return path


def matched(path: bytes) -> bytes:
    """Return the path that locations are matched against: normalized, and without path parameters (`;...`)."""
    if b";" in path:
        path = _PARAMETERS.sub(b"", path)
    path = normalize(path)
    if b";" in path:
        # Parameters that were written %3B; a server that decodes first sees them as such.
        path = normalize(_PARAMETERS.sub(b"", path))
    return path


def replace_prefix(path: bytes, prefix: bytes, uri: bytes) -> bytes:
    """Return `path`, which `prefix` matches, with that prefix replaced by `uri`, one slash at the joint.

    `prefix` has no trailing slash but for the root's. The path stays as it was written where its prefix stands there
    literally; otherwise it is normalized and escaped anew.
    """
    rest = _after(path, prefix)
    if rest is None:
        normal = normalize(path)
        decoded = _after(normal, prefix)
        if decoded is None:
            decoded = _after(matched(path), prefix) or b""
        rest = escape(decoded)
    if not rest:
        return uri
    if uri.endswith(b"/") and rest.startswith(b"/"):
        return uri + rest[1:]
    return uri + rest


def escape(path: bytes) -> bytes:
    """Percent-encode what may not stand in a path."""
    return quote_from_bytes(path, _PATH_SAFE).encode("ascii")


def _after(path: bytes, prefix: bytes) -> bytes | None:
    """What follows a whole-segment prefix; None if the path does not literally start with it, or could be misread."""
    if prefix == b"/":
        prefix = b""
    rest = path[len(prefix) :]
    if not path.startswith(prefix) or (rest and rest[:1] not in b"/;"):
        return None
    return None if b"/." in path and _resolve_dots(path) != path else rest


def _resolve_dots(path: bytes) -> bytes:
    """Remove dot segments (RFC 3986 section 5.2.4)."""
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            if not kept:
                raise ClientFault(400, "the path leads above the root")
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        kept.append(b"")
    return b"/" + b"/".join(kept)
