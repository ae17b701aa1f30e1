"""`mode=insert` with `maxidle` or `maxlife`: the proxy's cookie also says when it was last and first seen."""

from collections.abc import Sequence
from math import inf

from stickyproxy.config.settings import Server, SessionSticky
from stickyproxy.sticky.cookies import is_plausible, values
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Claim, Memory

# How far ahead, in seconds, the clock of the proxy that wrote the dates may be.
_FURTHEST_AHEAD = 86_400
# More digits than any date has that is not too far ahead.
_LONGEST_DATE = 12


class DatedInsert:
    """`NAME=SID|LASTSEEN|FIRSTSEEN`, in epoch seconds, sent with every answer; the browser is told no lifetime."""

    __slots__ = ("_cookie", "_maxidle", "_maxlife", "_sids", "fallback")

    def __init__(self, settings: SessionSticky, sids: Sids) -> None:
        self.fallback = settings.fallback
        self._cookie = StickyCookie(settings)
        self._maxidle = inf if settings.maxidle is None else settings.maxidle
        self._maxlife = inf if settings.maxlife is None else settings.maxlife
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], target: bytes, now: float) -> Claim:
        found = values(cookies, self._cookie.token)
        if not found:
            return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM
        onward = self._cookie.onward(cookies)
        claims = [self._judge(value, onward, int(now)) for value in found]
        for claim in claims:
            if claim.server is not None:
                return claim
        return next((claim for claim in claims if claim.affinity is not Affinity.NONE), claims[0])

    def _judge(self, value: bytes, onward: Sequence[bytes], now: int) -> Claim:
        parts = value.split(b"|")
        first_seen = self._first_seen(parts[1], parts[2], now) if len(parts) == 3 else None
        if first_seen is None:
            return Claim(Affinity.EXPIRED if is_plausible(value) else Affinity.NONE, onward)
        server = self._sids.server_of.get(parts[0])
        return Claim(Affinity.INVALID if server is None else Affinity.VALID, onward, server, first_seen)

    def _first_seen(self, last: bytes, first: bytes, now: int) -> int | None:
        """When the session started; None if the dates are over, or are no dates."""
        if not (last.isdigit() and first.isdigit() and len(last) <= _LONGEST_DATE and len(first) <= _LONGEST_DATE):
            return None
        idle = now - int(last)
        life = now - int(first)
        if -_FURTHEST_AHEAD <= idle <= self._maxidle and -_FURTHEST_AHEAD <= life <= self._maxlife:
            return int(first)
        return None

    def remember(self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float) -> Memory:
        passed = self._cookie.passed(set_cookies)
        if status < 400:
            first_seen = int(now) if claim.first_seen is None else claim.first_seen
            value = b"%s|%d|%d" % (self._sids.sid_of[server], now, first_seen)
            return Memory((*passed, self._cookie.written(value)), self._cookie.private)
        return Memory(passed) if passed else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)
