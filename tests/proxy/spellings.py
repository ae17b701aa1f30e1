"""Paths in every spelling, and where a server arrives that reads them."""

from urllib.parse import unquote_to_bytes

from hypothesis import strategies as st

# Paths as an attacker writes them: few names, and every spelling of what lies between them.
_NAMES = [b"app", b"admin", b"%61pp", b"x", b"", b".", b"..", b"%2e", b".%2E", b"...", b"a%20b", b"%25", b"%252e%252e"]
_ENDS = [b"", b"", b"", b";", b";v=1", b"%3B", b"%3bv%2f", b";%2f..", b";x%2fadmin"]
_SEGMENTS = st.tuples(st.sampled_from(_NAMES), st.sampled_from(_ENDS)).map(b"".join)
_JOINTS = st.sampled_from([b"/", b"/", b"//", b"%2f"])
PATHS = st.lists(st.tuples(_JOINTS, _SEGMENTS).map(b"".join), max_size=8).map(lambda parts: b"/" + b"".join(parts))
BELOW = st.tuples(st.sampled_from([b"/app", b"/%61pp", b"/x/../app", b"/app/%2e%2e/app", b"/app;v"]), PATHS).map(
    b"".join
)


def served(path: bytes) -> list[bytes] | None:
    """Walk to where a server leads that knows path parameters (Servlet 6.0, section 3.5); None: above its root."""
    bare = b"/".join(segment.partition(b";")[0] for segment in path.split(b"/"))
    at: list[bytes] = []
    for segment in unquote_to_bytes(bare).split(b"/"):
        name = segment.partition(b";")[0]
        if name == b"..":
            if not at:
                return None
            at.pop()
        elif name not in (b"", b"."):
            at.append(name)
    return at
