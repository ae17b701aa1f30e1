"""nginx's `sticky cookie`: the proxy's cookie goes out with every answer, whatever its status."""

from collections.abc import Sequence

from stickyproxy.config.dialects import NginxCookie
from stickyproxy.config.settings import Server
from stickyproxy.dates import imf_fixdate
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie, claim_by_sid
from stickyproxy.sticky.words import Asker, Claim, Memory

# What nginx writes for `expires=max`, its year in full: the last that fits into 32 bits.
_FOREVER = b"; expires=Thu, 31 Dec 2037 23:55:55 GMT; max-age=315360000"


class SteadyInsert:
    """`NAME=SID`, whose lifetime in the browser begins anew with each answer."""

    __slots__ = ("_cookie", "_forever", "_maxage", "_sids", "refusal")

    def __init__(self, settings: NginxCookie, sids: Sids) -> None:
        self.refusal = settings.refusal
        self._cookie = StickyCookie(settings)
        self._forever = settings.forever
        self._maxage = settings.maxage
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        return claim_by_sid(self._cookie, self._sids, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        value = self._cookie.written(self._sids.sid_of[server], self._lifetime(int(now)))
        return Memory((*set_cookies, value), ours=True)

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)

    def _lifetime(self, now: int) -> bytes:
        if self._forever:
            return _FOREVER
        if self._maxage is None:
            return b""
        return b"; expires=%b; max-age=%d" % (imf_fixdate(now + self._maxage), self._maxage)
