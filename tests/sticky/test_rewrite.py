import pytest

from stickyproxy.config.dialects import SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import Affinity, Claim
from tests.sticky.asking import ASKER

SETTINGS = SessionSticky(mode="rewrite")
INDIRECT = SessionSticky(mode="rewrite", indirect=True)
NEW = Claim(Affinity.NONE, ())


@pytest.mark.parametrize(
    ("cookies", "affinity", "name"),
    [
        ((), Affinity.NONE, None),
        ((b"x=1",), Affinity.NONE, None),
        ((b"route=a",), Affinity.VALID, "a"),
        ((b"route=junk; route=b",), Affinity.VALID, "b"),
        ((b"route=junk",), Affinity.INVALID, None),
    ],
)
def test_claims(sids: Sids, cookies: tuple[bytes, ...], affinity: Affinity, name: str | None) -> None:
    """The cookie's value is a sid, known or not."""
    claim = Rewrite(SETTINGS, sids).recall(cookies, ASKER, 0.0)
    assert (affinity, name) == (claim.affinity, claim.server and claim.server.id)


@pytest.mark.parametrize(("settings", "expected"), [(SETTINGS, [b"x=1; route=a"]), (INDIRECT, [b"x=1"])])
def test_options(sids: Sids, settings: SessionSticky, expected: list[bytes]) -> None:
    """The server receives the cookie with option=direct and not with option=indirect."""
    assert expected == Rewrite(settings, sids).recall([b"x=1; route=a"], ASKER, 0.0).cookies


@pytest.mark.parametrize("settings", [SETTINGS, INDIRECT])
@pytest.mark.parametrize("status", [200, 302, 401, 500])
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ((), []),
        ((b"x=1; Path=/route", b"userroute=42"), [b"x=1; Path=/route", b"userroute=42"]),
        ((b"route=anything",), [b"route=a"]),
        ((b'route="any; Path=/x; Secure',), [b"route=a; Path=/x; Secure"]),
        ((b"route=1", b"x=1", b"route=2; Path=/app"), [b"route=a", b"x=1", b"route=a; Path=/app"]),
    ],
)
def test_set_cookies(
    sids: Sids, a: Server, settings: SessionSticky, status: int, own: tuple[bytes, ...], expected: list[bytes]
) -> None:
    """Every cookie of that name gets the sid for its value, on errors too; without one the client gets none."""
    assert expected == list(Rewrite(settings, sids).remember(own, NEW, a, status, 0.0, ASKER).set_cookies)


@pytest.mark.parametrize(("own", "private"), [((), False), ((b"x=1",), False), ((b"route=V",), True)])
def test_nocache(sids: Sids, a: Server, own: tuple[bytes, ...], private: bool) -> None:
    """With nocache an answer that carries the cookie is marked private."""
    policy = Rewrite(SessionSticky(mode="rewrite", nocache=True), sids)
    assert private is policy.remember(own, NEW, a, 200, 0.0, ASKER).private


@pytest.mark.parametrize(("cookie", "expected"), [(b"route=junk", [b"route=; Path=/; Max-Age=0"]), (b"route=a", [])])
def test_refused_unknown_sid_is_cleared(sids: Sids, cookie: bytes, expected: list[bytes]) -> None:
    """The refusal of an unknown sid clears the cookie; a session whose server is merely down keeps it."""
    policy = Rewrite(SETTINGS, sids)
    assert expected == list(policy.forget(policy.recall([cookie], ASKER, 0.0)).set_cookies)
