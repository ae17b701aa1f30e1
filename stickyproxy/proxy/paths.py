"""What a path means: which location it matches, and what becomes of it when a location replaces its prefix.

A path is matched as the server behind will understand it, so that `/static/../admin`, `/%61dmin` and `/admin;x=1` are
all caught by the location of `/admin`. A path that servers understand differently is refused.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from stickyproxy.errors import ClientFault

_PARAMETERS = re.compile(rb";[^/]*")
# What a path has that is not matched as it stands.
_UNTIDY = re.compile(rb"[%;]|//|/\.")
_SLASHES = re.compile(rb"/{2,}")
_CLIMB = re.compile(rb"/\.\.(?:[/;]|$)")
# What may stand unescaped in a path (RFC 3986 section 3.3), and `/`.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


def host_without_port(host: bytes) -> bytes:
    """Return the name in a Host field, in lower case and without the dot that ends a fully qualified one."""
    if host.startswith(b"["):
        return host.partition(b"]")[0].lower() + b"]"
    return host.partition(b":")[0].lower().removesuffix(b".")


def path_of(target: bytes) -> bytes:
    """Return the path of a request target in origin form, as it was written."""
    return target.partition(b"?")[0]


def query_of(target: bytes) -> bytes:
    """Return the query of a request target in origin form, without the `?`."""
    return target.partition(b"?")[2]


def normalize(path: bytes) -> bytes:
    """Return the path decoded, with slashes merged and dot segments resolved, as nginx's `$uri`.

    Raises ClientFault (400) for a path that leads above the root or hides a NUL.
    """
    return _tidied(_decoded(path))


def matched(path: bytes) -> bytes:
    """Return the path that locations are matched against: normalized, and without path parameters (`;...`).

    Raises ClientFault (400) as `normalize` does, and for a path with both parameters and `..`: `/a/..;/b` and
    `/a/;/../b` lead one server here and another there.
    """
    if not _UNTIDY.search(path):
        return path
    decoded = _decoded(path)
    if b";" in decoded:
        if _CLIMB.search(decoded):
            raise ClientFault(400, "the path has both parameters and ..")
        # Parameters are cut off before the rest is decoded, and those written %3B behind that.
        decoded = _PARAMETERS.sub(b"", _decoded(_PARAMETERS.sub(b"", path)))
    return _tidied(decoded)


def replace_prefix(path: bytes, prefix: bytes, uri: bytes) -> bytes:
    """Return `path`, which `prefix` matches, with that prefix replaced by `uri`, one slash at the joint.

    `prefix` ends in a slash only if it is the whole path. What follows it stays as it was written if the prefix itself
    stands there literally and no `..` could lead out of `uri`; otherwise it is normalized and escaped anew.
    """
    rest = None if _CLIMB.search(_decoded(path)) else _after(path, prefix)
    if rest is None:
        normal, bare = normalize(path), matched(path)
        rest = _after(normal, prefix)
        if rest is None or _PARAMETERS.sub(b"", normal) != bare:
            # Parameters stand in the prefix, or decoded they would be more than parameters.
            rest = _after(bare, prefix) or b""
        rest = escape(rest)
    if rest.startswith(b"/"):
        return uri.removesuffix(b"/") + b"/" + rest.lstrip(b"/")
    return uri + rest


def escape(path: bytes) -> bytes:
    """Percent-encode what may not stand in a path."""
    return quote_from_bytes(path, _PATH_SAFE).encode("ascii")


def _after(path: bytes, prefix: bytes) -> bytes | None:
    """What follows a prefix of whole segments; None if the path does not literally start with it."""
    rest = path[len(prefix) :]
    return rest if path.startswith(prefix) and rest[:1] in (b"", b"/", b";") else None


def _decoded(path: bytes) -> bytes:
    if b"%" not in path:
        return path
    path = unquote_to_bytes(path)
    if b"\0" in path:
        raise ClientFault(400, "NUL in the path")
    return path


def _tidied(path: bytes) -> bytes:
    """Merge slashes, then remove dot segments."""
    if b"//" in path:
        path = _SLASHES.sub(b"/", path)
    return _resolve_dots(path) if b"/." in path else path


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
