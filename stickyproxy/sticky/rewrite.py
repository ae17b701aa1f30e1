"""`mode=rewrite`: the server's own cookie of that name gets the sid for its value."""

from collections.abc import Sequence

from stickyproxy.config.dialects import CookieSettings
from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import replace_value, sets
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie, claim_by_sid
from stickyproxy.sticky.words import NO_MEMORY, Asker, Claim, Memory


class Rewrite:
    """The server decides which clients stick, by a cookie whose value does not matter to it."""

    __slots__ = ("_cookie", "_sids", "refusal")

    def __init__(self, settings: CookieSettings, sids: Sids) -> None:
        self.refusal = settings.refusal
        self._cookie = StickyCookie(settings)
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        return claim_by_sid(self._cookie, self._sids, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        name = self._cookie.name
        if not any(sets(line, name) for line in set_cookies):
            return Memory(set_cookies) if set_cookies else NO_MEMORY
        sid = self._sids.sid_of[server]
        return Memory(
            tuple(replace_value(line, sid) if sets(line, name) else line for line in set_cookies),
            self._cookie.private,
            ours=True,
        )

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)
