"""`mode=insert`: the proxy sets a cookie of its own that names the server."""

from collections.abc import Sequence

from attrs import evolve

from stickyproxy.config.dialects import CookieSettings
from stickyproxy.config.settings import Server
from stickyproxy.dates import imf_fixdate
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie, claim_by_sid
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Memory


class Insert:
    """`NAME=SID`, sent when the client has no usable cookie or its server changed, and not again while it holds."""

    __slots__ = ("_binds_below", "_cookie", "_maxage", "_sids", "refusal")

    def __init__(self, settings: CookieSettings, sids: Sids) -> None:
        self.refusal = settings.refusal
        self._binds_below = settings.binds_below
        self._cookie = StickyCookie(settings)
        self._maxage = settings.maxage
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        return claim_by_sid(self._cookie, self._sids, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        cookie = self._cookie
        passed: Sequence[bytes] = ()
        if set_cookies:
            passed = cookie.passed(set_cookies)
            if cookie.preserved(set_cookies):
                return Memory(passed, ours=True)
        if (claim.server is not server or claim.renew) and status < self._binds_below:
            value = cookie.written(self._sids.sid_of[server], self._lifetime(int(now)))
            return Memory((*passed, value), cookie.private, ours=True)
        return Memory(passed) if passed else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)

    def _lifetime(self, now: int) -> bytes:
        if self._maxage is None:
            return b""
        return b"; Max-Age=%d; Expires=%s" % (self._maxage, imf_fixdate(now + self._maxage))


class SparingInsert(Insert):
    """The same, where a name that no server has is no session that could be refused (Apache's `nofailover=On`)."""

    __slots__ = ()

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        claim = super().recall(cookies, asker, now)
        return evolve(claim, affinity=Affinity.NONE) if claim.affinity is Affinity.INVALID else claim
