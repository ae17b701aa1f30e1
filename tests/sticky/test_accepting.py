import pytest

from stickyproxy.config.dialects import SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.accepting import Accepting, Dialect
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.insert import Insert
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.stamps import DecimalStamps
from stickyproxy.sticky.words import Affinity, Memory
from tests.sticky.asking import ASKER

NOW = 1_000_000.0
NEW = SessionSticky(cookie=b"new", indirect=True, refusal=503)
OLD = SessionSticky(cookie=b"old", indirect=True)
CLEARED = b"old=; Path=/; Max-Age=0"


@pytest.fixture
def policy(sids: Sids) -> Accepting:
    """Written is `new`; `old` is accepted, and then a prefix in front of S and a dated cookie."""
    prefix = Prefix(SessionSticky(cookie=b"S", mode="prefix"), sids)
    dated = DatedInsert(SessionSticky(cookie=b"dated", maxidle=60.0), sids, DecimalStamps())
    old = Dialect(Insert(OLD, sids), (CLEARED,))
    return Accepting(Insert(NEW, sids), [old, Dialect(prefix), Dialect(dated)])


@pytest.mark.parametrize(
    ("cookies", "affinity", "server", "renew", "onward"),
    [
        ([], Affinity.NONE, None, False, []),
        ([b"x=1"], Affinity.NONE, None, False, [b"x=1"]),
        ([b"new=a; x=1"], Affinity.VALID, "a", False, [b"x=1"]),
        ([b"x=1; old=a"], Affinity.VALID, "a", True, [b"x=1"]),
        ([b"new=a; old=b; x=1"], Affinity.VALID, "a", False, [b"x=1"]),
        ([b"new=gone; old=b"], Affinity.VALID, "b", True, []),
        ([b"S=b~1; old=a"], Affinity.VALID, "a", True, [b"S=1"]),
        ([b"new=a; S=b~1"], Affinity.VALID, "a", False, [b"S=1"]),
        ([b"old=gone; S=b~1"], Affinity.VALID, "b", True, [b"S=1"]),
        ([b"old=gone; x=1"], Affinity.INVALID, None, True, [b"x=1"]),
        ([b"new=gone; dated=a|1|1"], Affinity.EXPIRED, None, True, [b"dated=a|1|1"]),
    ],
)
def test_first_known_server_decides(
    policy: Accepting,
    servers: tuple[Server, ...],
    cookies: list[bytes],
    affinity: Affinity,
    server: str | None,
    renew: bool,
    onward: list[bytes],
) -> None:
    """The dialects are asked in order; what each keeps from the servers is kept from them whoever decides."""
    claim = policy.recall(cookies, ASKER, NOW)
    assert (affinity, server) == (claim.affinity, claim.server.id if claim.server else None)
    assert (renew, onward) == (claim.renew, [*claim.cookies])


def test_dates_move_too(policy: Accepting) -> None:
    """When the session began is known from whichever dialect told it."""
    assert 990_000 == policy.recall([b"dated=a|999999|990000"], ASKER, NOW).first_seen


@pytest.mark.parametrize(
    ("cookies", "status", "expected"),
    [
        ([], 200, [b"new=a; Path=/"]),
        ([b"new=a"], 200, []),
        ([b"old=a"], 200, [b"new=a; Path=/", CLEARED]),
        ([b"old=b"], 200, [b"new=a; Path=/", CLEARED]),
        ([b"old=gone"], 200, [b"new=a; Path=/", CLEARED]),
        ([b"new=a; old=a"], 200, []),
        ([b"S=a~1"], 200, [b"new=a; Path=/"]),
        ([b"old=a"], 404, []),
    ],
)
def test_answer_speaks_the_written_dialect(
    policy: Accepting, a: Server, cookies: list[bytes], status: int, expected: list[bytes]
) -> None:
    """Whoever came with an old cookie gets the new one, and only with that the old one is cleared."""
    claim = policy.recall(cookies, ASKER, NOW)
    assert expected == [*policy.remember((), claim, a, status, NOW, ASKER).set_cookies]


@pytest.mark.parametrize("ended", [b"new=; Max-Age=0", b"new=mine"])
@pytest.mark.parametrize("cookies", [b"old=a", b"new=a; old=a"])
@pytest.mark.parametrize("dates", [{}, {"maxidle": 60.0}])
def test_preserve_ends_old_sessions_too(
    sids: Sids, a: Server, dates: dict[str, float], cookies: bytes, ended: bytes
) -> None:
    """When the application ends the stickiness, an old cookie does not bring it back."""
    settings = SessionSticky(cookie=b"new", indirect=True, preserve=True, **dates)
    written = DatedInsert(settings, sids, DecimalStamps()) if dates else Insert(settings, sids)
    policy = Accepting(written, [Dialect(Insert(OLD, sids), (CLEARED,))])
    claim = policy.recall([cookies], ASKER, NOW)
    for status in (200, 401):
        assert [ended, CLEARED] == [*policy.remember([ended], claim, a, status, NOW, ASKER).set_cookies]


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        ([b"new=gone"], [b"new=; Path=/; Max-Age=0"]),
        ([b"old=gone"], [CLEARED]),
        ([b"old=gone; S=gone~1"], [CLEARED, b"S=; Path=/; Max-Age=0"]),
        ([b"old=a"], []),
        ([b"old=a; new=gone"], []),
        ([b"dated=a|1|1; new=gone"], []),
    ],
)
def test_refusal_clears_every_unknown_name(policy: Accepting, cookies: list[bytes], expected: list[bytes]) -> None:
    """A refusal clears the cookies of who names no server, so that none is refused for ever, and of nobody else."""
    assert expected == [*policy.forget(policy.recall(cookies, ASKER, NOW)).set_cookies]
    assert 503 == policy.refusal


def test_privacy(sids: Sids, a: Server) -> None:
    """With `nocache` an answer that changes the cookie is private, whether by an answer or by a refusal."""
    settings = SessionSticky(cookie=b"new", nocache=True)
    policy = Accepting(Insert(settings, sids), [Dialect(Insert(OLD, sids), (CLEARED,))])
    claim = policy.recall([b"old=a; new=gone"], ASKER, NOW)
    assert Memory((b"new=a; Path=/", CLEARED), True, True) == policy.remember((), claim, a, 200, NOW, ASKER)
    assert True is policy.forget(policy.recall([b"new=gone"], ASKER, NOW)).private
