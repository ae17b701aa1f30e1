"""`mode=insert`: the proxy sets a cookie of its own that names the server."""

from collections.abc import Sequence

from stickyproxy.config.settings import Server, SessionSticky
from stickyproxy.dates import imf_fixdate
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie, claim_by_sid
from stickyproxy.sticky.words import NO_MEMORY, Claim, Memory


class Insert:
    """`NAME=SID`, sent when the client has no usable cookie or its server changed, and not again while it holds."""

    __slots__ = ("_cookie", "_maxage", "_sids", "fallback")

    def __init__(self, settings: SessionSticky, sids: Sids) -> None:
        self.fallback = settings.fallback
        self._cookie = StickyCookie(settings)
        self._maxage = settings.maxage
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], target: bytes, now: float) -> Claim:
        return claim_by_sid(self._cookie, self._sids, cookies)

    def remember(self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float) -> Memory:
        passed = self._cookie.passed(set_cookies)
        if claim.server is not server and status < 400:
            value = self._cookie.written(self._sids.sid_of[server], self._lifetime(int(now)))
            return Memory((*passed, value), self._cookie.private)
        return Memory(passed) if passed else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)

    def _lifetime(self, now: int) -> bytes:
        if self._maxage is None:
            return b""
        return b"; Max-Age=%d; Expires=%s" % (self._maxage, imf_fixdate(now + self._maxage))
