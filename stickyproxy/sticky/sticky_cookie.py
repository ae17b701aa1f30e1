"""The cookie that `session_sticky` lives in, as configured: what of it passes to the server, and how it is written."""

from collections.abc import Sequence

from stickyproxy.config.settings import SessionSticky
from stickyproxy.sticky.cookies import hide, is_plausible, sets, values
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Claim, Memory


class StickyCookie:
    """One configured cookie; everything about it that does not change is worked out here, once."""

    __slots__ = ("_attributes", "_cleared", "_indirect", "_scope", "name", "private", "token")

    def __init__(self, settings: SessionSticky) -> None:
        self.name = settings.cookie
        self.token = settings.cookie + b"="
        self.private = settings.nocache
        self._indirect = settings.indirect
        domain = b"" if settings.domain is None else b"; Domain=" + settings.domain
        path = b"" if settings.path is None else b"; Path=" + settings.path
        self._scope = domain + path
        self._attributes = b"".join(b"; " + attribute for attribute in settings.attributes)
        self._cleared = Memory((self.written(b"", b"; Max-Age=0"),), self.private)

    def written(self, value: bytes, lifetime: bytes = b"") -> bytes:
        """The Set-Cookie value; `lifetime` is its attributes of time, each with `; ` in front."""
        return self.token + value + self._scope + lifetime + self._attributes

    def onward(self, cookies: Sequence[bytes]) -> Sequence[bytes]:
        """The Cookie lines for the server: without this cookie where it is `indirect`."""
        return hide(cookies, self.token) if self._indirect else cookies

    def passed(self, set_cookies: Sequence[bytes]) -> Sequence[bytes]:
        """The server's Set-Cookie values for the client: an `indirect` cookie is not the server's to set."""
        if not self._indirect or not set_cookies:
            return set_cookies
        return [line for line in set_cookies if not sets(line, self.name)]

    def forget(self, claim: Claim) -> Memory:
        """Clear the cookie of a claim that no server knows; one that a server may know again is kept."""
        return self._cleared if claim.affinity is Affinity.INVALID else NO_MEMORY


def claim_by_sid(cookie: StickyCookie, sids: Sids, cookies: Sequence[bytes]) -> Claim:
    """What a cookie claims whose whole value is a sid: the first copy that names a server wins."""
    found = values(cookies, cookie.token)
    if not found:
        return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM
    for value in found:
        server = sids.server_of.get(value)
        if server is not None:
            return Claim(Affinity.VALID, cookie.onward(cookies), server)
    affinity = Affinity.INVALID if any(map(is_plausible, found)) else Affinity.NONE
    return Claim(affinity, cookie.onward(cookies))
