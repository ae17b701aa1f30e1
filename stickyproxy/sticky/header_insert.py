"""`session_sticky = header=NAME`: the sid in a header field both ways, for clients that keep no cookies."""

from collections.abc import Sequence

from stickyproxy.config.dialects import HeaderSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import is_plausible
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Getter, Memory


class HeaderInsert:
    """`NAME: SID`, sent when the client named no known server or its server changed; the client sends it back."""

    __slots__ = ("_name", "_private", "_sids", "_value", "refusal")

    def __init__(self, settings: HeaderSticky, sids: Sids, value: Getter) -> None:
        self.refusal = settings.refusal
        self._name = settings.header
        self._private = settings.nocache
        self._sids = sids
        self._value = value

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        value = self._value(asker)
        server = self._sids.named(value)
        if server is not None:
            return Claim(Affinity.VALID, cookies, server)
        return Claim(Affinity.INVALID if is_plausible(value) else Affinity.NONE, cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        if status < 400 and (claim.server is not server or claim.renew):
            field = (self._name, self._sids.sid_of[server])
            return Memory(set_cookies, self._private, ours=True, fields=(field,))
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY
