import pytest

from stickyproxy.config.dialects import SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.sticky_cookie import StickyCookie, claim_by_sid
from stickyproxy.sticky.words import Affinity, Claim


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SessionSticky(), b"route=V; Path=/; Max-Age=1"),
        (SessionSticky(path=None), b"route=V; Max-Age=1"),
        (
            SessionSticky(cookie=b"SRV", domain=b"d", path=b"/p", attributes=(b"Secure", b"Priority=High")),
            b"SRV=V; Domain=d; Path=/p; Max-Age=1; Secure; Priority=High",
        ),
    ],
)
def test_written(settings: SessionSticky, expected: bytes) -> None:
    """Scope comes first, then the lifetime, then the further attributes as they are configured."""
    assert expected == StickyCookie(settings).written(b"V", b"; Max-Age=1")


@pytest.mark.parametrize("indirect", [False, True])
def test_read(indirect: bool) -> None:
    """Every value is read; an indirect cookie then stays here, and a direct one goes on to the server."""
    cookies = [b"x=1; route=V", b"route=W"]
    expected = [b"V", b"W"], [b"x=1"] if indirect else cookies
    assert expected == StickyCookie(SessionSticky(indirect=indirect)).read(cookies)


@pytest.mark.parametrize("indirect", [False, True])
def test_passed(indirect: bool) -> None:
    """The server may set a direct cookie itself, and not an indirect one."""
    own = [b"x=1; Path=/route=", b"route=V; Path=/"]
    assert (own[:1] if indirect else own) == StickyCookie(SessionSticky(indirect=indirect)).passed(own)


@pytest.mark.parametrize("affinity", Affinity)
def test_forget(affinity: Affinity) -> None:
    """Only a cookie that names no server is cleared."""
    expected = (b"route=; Path=/; Max-Age=0",) if affinity is Affinity.INVALID else ()
    assert expected == StickyCookie(SessionSticky()).forget(Claim(affinity, ())).set_cookies


def test_forgetting_is_not_cached() -> None:
    """With nocache the answer that clears the cookie is marked private too."""
    memory = StickyCookie(SessionSticky(nocache=True)).forget(Claim(Affinity.INVALID, ()))
    assert True is memory.private


@pytest.mark.parametrize(
    ("cookies", "affinity", "name"),
    [
        ([], Affinity.NONE, None),
        ([b"x=a"], Affinity.NONE, None),
        ([b"route="], Affinity.NONE, None),
        ([b"route=; route=junk"], Affinity.INVALID, None),
        ([b"route=junk", b"route=b; route=a"], Affinity.VALID, "b"),
    ],
)
def test_claim_by_sid(sids: Sids, cookies: list[bytes], affinity: Affinity, name: str | None) -> None:
    """The first copy that names a server claims it; one that names none is invalid if anybody can have set it."""
    claim = claim_by_sid(StickyCookie(SessionSticky()), sids, cookies)
    assert (affinity, name) == (claim.affinity, claim.server and claim.server.id)


def test_claim_of_the_first_server(sids: Sids, a: Server) -> None:
    """The claimed server is the very one that the sids were made from."""
    assert a is claim_by_sid(StickyCookie(SessionSticky()), sids, [b"route=a"]).server
