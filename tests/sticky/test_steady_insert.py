import pytest

from stickyproxy.config.dialects import NginxCookie
from stickyproxy.config.settings import Server
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.steady_insert import SteadyInsert
from stickyproxy.sticky.words import Affinity, Claim
from tests.sticky.asking import ASKER

NOW = 1_000_000.9
BARE = NginxCookie(b"route", path=None)


def remember(settings: NginxCookie, sids: Sids, server: Server, claim: Claim, status: int = 200) -> list[bytes]:
    """Remember an answer of `server`; give the Set-Cookie values for the client."""
    return [*SteadyInsert(settings, sids).remember([b"route=theirs"], claim, server, status, NOW, ASKER).set_cookies]


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("cookies", [[], [b"route=a"], [b"route=b"], [b"route=gone"]])
def test_every_answer(sids: Sids, a: Server, cookies: list[bytes], status: int) -> None:
    """Every answer carries the cookie, whatever its status and whether the client has it already."""
    claim = SteadyInsert(BARE, sids).recall(cookies, ASKER, NOW)
    assert [b"route=theirs", b"route=a"] == remember(BARE, sids, a, claim, status)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (NginxCookie(b"route", path=b"/"), b"route=a; path=/"),
        (
            NginxCookie(b"route", maxage=60),
            b"route=a; expires=Mon, 12 Jan 1970 13:47:40 GMT; max-age=60; path=/",
        ),
        (
            NginxCookie(b"route", path=None, forever=True),
            b"route=a; expires=Thu, 31 Dec 2037 23:55:55 GMT; max-age=315360000",
        ),
        (
            NginxCookie(b"srv", domain=b".x.org", maxage=1, attributes=(b"httponly", b"samesite=lax")),
            b"srv=a; expires=Mon, 12 Jan 1970 13:46:41 GMT; max-age=1; domain=.x.org; httponly; samesite=lax; path=/",
        ),
    ],
)
def test_written(sids: Sids, a: Server, settings: NginxCookie, expected: bytes) -> None:
    """The attributes are spelled and ordered as nginx does it; dates have the form that HTTP demands."""
    assert expected == remember(settings, sids, a, Claim(Affinity.NONE, ()))[-1]


def test_recall(sids: Sids, a: Server) -> None:
    """The value is a sid, and goes on to the server."""
    claim = SteadyInsert(BARE, sids).recall([b"x=1; route=a"], ASKER, NOW)
    assert (Affinity.VALID, a, [b"x=1; route=a"]) == (claim.affinity, claim.server, claim.cookies)
