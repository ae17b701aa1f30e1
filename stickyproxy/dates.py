"""Dates as HTTP writes them, in header fields and in cookies."""

from email.utils import formatdate
from functools import lru_cache


@lru_cache(maxsize=64)
def imf_fixdate(seconds: int) -> bytes:
    """Write epoch seconds as `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7)."""
    # A thousand answers are dated in the same second.
    return formatdate(seconds, usegmt=True).encode("ascii")
