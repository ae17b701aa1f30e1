"""The cookie that `session_sticky` lives in, as configured: what of it passes to the server, and how it is written."""

from collections.abc import Sequence

from stickyproxy.config.dialects import CookieSettings
from stickyproxy.sticky.cookies import is_plausible, sets, taken_out, values
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Claim, Memory


class StickyCookie:
    """One configured cookie; everything about it that does not change is worked out here, once."""

    __slots__ = ("_after", "_before", "_indirect", "_preserve", "cleared", "name", "private", "token")

    def __init__(self, settings: CookieSettings) -> None:
        self.name = settings.cookie
        self.token = settings.cookie + b"="
        self.private = settings.nocache
        self._indirect = settings.indirect
        self._preserve = settings.preserve
        self._before, self._after = settings.spelling
        # What takes the cookie from a client.
        self.cleared = Memory((self.written(b"", b"; Max-Age=0"),), self.private)

    def written(self, value: bytes, lifetime: bytes = b"") -> bytes:
        """The Set-Cookie value; `lifetime` is its attributes of time, each with `; ` in front."""
        return self.token + value + self._before + lifetime + self._after

    def read(self, cookies: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """All values of this cookie, and the Cookie lines for the server: without it where it is `indirect`."""
        return taken_out(cookies, self.token) if self._indirect else (values(cookies, self.token), cookies)

    def passed(self, set_cookies: Sequence[bytes]) -> Sequence[bytes]:
        """The server's Set-Cookie values for the client: an `indirect` cookie is its to set only with `preserve`."""
        if not self._indirect or not set_cookies or self._preserve:
            return set_cookies
        return [line for line in set_cookies if not sets(line, self.name)]

    def preserved(self, set_cookies: Sequence[bytes]) -> bool:
        """Whether the server has set, or cleared, the cookie itself, and that is to stay (HAProxy's `preserve`)."""
        return self._preserve and any(sets(line, self.name) for line in set_cookies)

    def forget(self, claim: Claim) -> Memory:
        """Clear the cookie of a claim that no server knows; one that a server may know again is kept."""
        return self.cleared if claim.affinity is Affinity.INVALID else NO_MEMORY


def claim_by_sid(cookie: StickyCookie, sids: Sids, cookies: Sequence[bytes]) -> Claim:
    """What a cookie claims whose whole value is a sid: the first copy that names a server wins."""
    found, onward = cookie.read(cookies)
    if not found:
        return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM
    for value in found:
        server = sids.named(value)
        if server is not None:
            return Claim(Affinity.VALID, onward, server)
    affinity = Affinity.INVALID if any(map(is_plausible, found)) else Affinity.NONE
    return Claim(affinity, onward)
