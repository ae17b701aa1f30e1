"""`mode=prefix`: no cookie of our own; the sid stands in front of the value of the server's cookie, `SID~VALUE`."""

from collections.abc import Sequence

from stickyproxy.config.dialects import CookieSettings
from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import cut, find, is_plausible, prefix_value, sets, value_at
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Asker, Claim, Memory


class Prefix:
    """The server decides which clients stick, by the cookie that it sets; it never sees a sid."""

    __slots__ = ("_cookie", "_sids", "refusal")

    def __init__(self, settings: CookieSettings, sids: Sids) -> None:
        self.refusal = settings.refusal
        self._cookie = StickyCookie(settings)
        self._sids = sids

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        affinity = Affinity.NONE
        server = None
        onward = []
        token = self._cookie.token
        for cookie_line in cookies:
            line = cookie_line
            start = find(line, token)
            while start >= 0:
                sid, tilde, _ = value_at(line, start).partition(b"~")
                known = self._sids.find(sid) if tilde else None
                if known is not None:
                    server = server or known
                    line = cut(line, start, sid + tilde)
                elif tilde and is_plausible(sid):
                    affinity = Affinity.INVALID
                start = find(line, token, start)
            onward.append(line)
        if server is not None:
            return Claim(Affinity.VALID, onward, server)
        return Claim(affinity, cookies) if cookies else NO_CLAIM

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        name = self._cookie.name
        if not any(sets(line, name) for line in set_cookies):
            return Memory(set_cookies) if set_cookies else NO_MEMORY
        prefix = self._sids.sid_of[server] + b"~"
        return Memory(
            tuple(prefix_value(line, prefix) if sets(line, name) else line for line in set_cookies),
            self._cookie.private,
            ours=True,
        )

    def forget(self, claim: Claim) -> Memory:
        return self._cookie.forget(claim)
