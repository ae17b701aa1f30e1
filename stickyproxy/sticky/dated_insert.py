"""`mode=insert` with `maxidle` or `maxlife`: the proxy's cookie also says when it was last and first seen."""

from collections.abc import Sequence
from math import inf

from stickyproxy.config.dialects import CookieSettings
from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import is_plausible
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.stamps import Stamps
from stickyproxy.sticky.sticky_cookie import StickyCookie
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Asker, Claim, Memory

# How far ahead, in seconds, the clock of the proxy that wrote the dates may be.
_FURTHEST_AHEAD = 86_400


class DatedInsert:
    """The sid and two dates in a cookie, renewed as the session goes on; the browser is told no lifetime."""

    __slots__ = ("_binds_below", "_cookie", "_maxidle", "_maxlife", "_patience", "_sids", "_stamps", "refusal")

    def __init__(self, settings: CookieSettings, sids: Sids, stamps: Stamps) -> None:
        self.refusal = settings.refusal
        self._binds_below = settings.binds_below
        self._cookie = StickyCookie(settings)
        self._maxidle = inf if settings.maxidle is None else settings.maxidle
        self._maxlife = inf if settings.maxlife is None else settings.maxlife
        self._patience = stamps.patience if settings.refresh is None else settings.refresh * self._maxidle
        self._sids = sids
        self._stamps = stamps

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        found, onward = self._cookie.read(cookies)
        if not found:
            return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM
        claims = [self._judge(value, onward, int(now)) for value in found]
        for claim in claims:
            if claim.server is not None:
                return claim
        return next((claim for claim in claims if claim.affinity is not Affinity.NONE), claims[0])

    def _judge(self, value: bytes, onward: Sequence[bytes], now: int) -> Claim:
        stamp = self._stamps.read(value)
        if stamp is not None:
            last, first = stamp.last_seen, stamp.first_seen
            idle = 0 if last is None else now - last
            life = 0 if first is None else now - first
            if -_FURTHEST_AHEAD <= idle <= self._maxidle and -_FURTHEST_AHEAD <= life <= self._maxlife:
                server = self._sids.find(stamp.sid)
                if server is None:
                    return Claim(Affinity.INVALID, onward, None, first)
                return Claim(Affinity.VALID, onward, server, first, last is None or idle >= self._patience)
        return Claim(Affinity.EXPIRED if is_plausible(value) else Affinity.NONE, onward)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        cookie = self._cookie
        passed = cookie.passed(set_cookies)
        if set_cookies and cookie.preserved(set_cookies):
            return Memory(passed, ours=True)
        if (claim.renew or claim.server is not server) and status < self._binds_below:
            first_seen = int(now) if claim.first_seen is None else claim.first_seen
            value = self._stamps.write(self._sids.sid_of[server], int(now), first_seen)
            return Memory((*passed, cookie.written(value)), cookie.private, ours=True)
        return Memory(passed) if passed else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)
