import pytest

from stickyproxy.config.dialects import HaproxyCookie, SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.stamps import DecimalStamps, HaproxyStamps
from stickyproxy.sticky.words import Affinity, Claim
from tests.sticky.asking import ASKER

NOW = 1_000_000.9
BOTH = SessionSticky(maxidle=1800.0, maxlife=28800.0)
INDIRECT = SessionSticky(indirect=True, maxidle=1800.0, maxlife=28800.0)
IDLE = SessionSticky(maxidle=1800.0)
LIFE = SessionSticky(maxlife=28800.0)
NEW = Claim(Affinity.NONE, ())


def recall(settings: SessionSticky, sids: Sids, *cookies: bytes) -> Claim:
    """Recall what these Cookie lines claim."""
    return DatedInsert(settings, sids, DecimalStamps()).recall(cookies, ASKER, NOW)


def remember(
    settings: SessionSticky,
    sids: Sids,
    server: Server,
    claim: Claim = NEW,
    status: int = 200,
    own: tuple[bytes, ...] = (),
) -> list[bytes]:
    """Remember an answer of `server`; give the Set-Cookie values for the client."""
    return list(
        DatedInsert(settings, sids, DecimalStamps()).remember(own, claim, server, status, NOW, ASKER).set_cookies
    )


# -- recall ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "last_seen", "first_seen", "affinity"),
    [
        (BOTH, 1_000_000, 1_000_000, Affinity.VALID),
        (BOTH, 998_200, 971_200, Affinity.VALID),
        (BOTH, 998_199, 999_000, Affinity.EXPIRED),
        (BOTH, 1_000_000, 971_199, Affinity.EXPIRED),
        (BOTH, 1_086_400, 1_086_400, Affinity.VALID),
        (BOTH, 1_086_401, 1_000_000, Affinity.EXPIRED),
        (BOTH, 1_000_000, 1_086_401, Affinity.EXPIRED),
        (IDLE, 998_200, 1, Affinity.VALID),
        (IDLE, 998_199, 998_199, Affinity.EXPIRED),
        (IDLE, 1_000_000, 1_086_401, Affinity.EXPIRED),
        (LIFE, 1, 971_200, Affinity.VALID),
        (LIFE, 1_000_000, 971_199, Affinity.EXPIRED),
        (LIFE, 1_086_401, 1_000_000, Affinity.EXPIRED),
    ],
)
def test_dates_are_judged(
    sids: Sids, settings: SessionSticky, last_seen: int, first_seen: int, affinity: Affinity
) -> None:
    """A session is good up to the very second of maxidle and maxlife, each alone too, and never far ahead of now."""
    assert affinity is recall(settings, sids, b"route=a|%d|%d" % (last_seen, first_seen)).affinity


@pytest.mark.parametrize(
    "value",
    [
        b"a",
        b"a|1000000",
        b"a|1000000|",
        b"a||1000000",
        b"a|x|1000000",
        b"a|1000000|-5",
        b"a|+1000000|1000000",
        b"a|1000000.5|1000000",
        b"a|1000000|1000000|1000000",
        b"a|1000000|" + b"1" * 13,
        b"junk",
    ],
)
def test_malformed_starts_anew(sids: Sids, a: Server, value: bytes) -> None:
    """A value without two well-formed dates is an expired session, even where it names a server: a new one starts."""
    claim = recall(BOTH, sids, b"route=" + value)
    assert (Affinity.EXPIRED, None, None) == (claim.affinity, claim.server, claim.first_seen)
    assert [b"route=a|1000000|1000000; Path=/"] == remember(BOTH, sids, a, claim)


@pytest.mark.parametrize("value", [b"", b"\x80|1|1", b"1" * 5000])
def test_what_is_no_cookie_of_ours(sids: Sids, value: bytes) -> None:
    """What nobody can have set on purpose is as if nothing had been sent."""
    assert Affinity.NONE is recall(BOTH, sids, b"route=" + value).affinity


def test_no_cookie(sids: Sids) -> None:
    """A client without the cookie claims nothing."""
    assert Claim(Affinity.NONE, (b"x=1",)) == recall(BOTH, sids, b"x=1")
    assert Claim(Affinity.NONE, ()) == recall(BOTH, sids)


def test_unknown_sid_keeps_its_dates(sids: Sids) -> None:
    """A good cookie with an unknown sid is invalid, and still tells when the session started."""
    claim = recall(BOTH, sids, b"route=gone|999000|990000")
    assert (Affinity.INVALID, 990_000) == (claim.affinity, claim.first_seen)


def test_quoted_value(sids: Sids, a: Server) -> None:
    """Quotes around the value are stripped for reading."""
    assert a is recall(BOTH, sids, b'route="a|1000000|1000000"').server


@pytest.mark.parametrize(
    ("cookies", "affinity"),
    [
        ((b"route=a|1|1; route=b|1000000|1000000",), Affinity.VALID),
        ((b"route=gone|1000000|1000000", b"route=b|1000000|1000000"), Affinity.VALID),
        ((b"route=; route=a|1|1; route=gone|1000000|1000000",), Affinity.EXPIRED),
        ((b"route=gone|1000000|1000000; route=a|1|1",), Affinity.INVALID),
    ],
)
def test_first_good_copy_wins(sids: Sids, cookies: tuple[bytes, ...], affinity: Affinity) -> None:
    """Of several copies the first good one of a known server is believed; else the first that says anything."""
    assert affinity is recall(BOTH, sids, *cookies).affinity


@pytest.mark.parametrize("dates", [b"1000000|1000000", b"1|1"])
def test_indirect_alone_is_judged_and_hidden(sids: Sids, dates: bytes) -> None:
    """With option=indirect and no other cookie the dates count all the same, and nothing is left for the server."""
    claim = recall(INDIRECT, sids, b"route=a|" + dates)
    expected = Affinity.EXPIRED if dates == b"1|1" else Affinity.VALID
    assert (expected, []) == (claim.affinity, claim.cookies)


# -- remember --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [BOTH, IDLE, LIFE, SessionSticky(maxidle=1800.0, maxage=60)])
def test_new_session_is_stamped(sids: Sids, a: Server, settings: SessionSticky) -> None:
    """One of maxidle and maxlife is enough for both dates; Max-Age and Expires are not sent."""
    assert [b"route=a|1000000|1000000; Path=/"] == remember(settings, sids, a)


@pytest.mark.parametrize("settings", [BOTH, INDIRECT])
def test_every_answer_renews(sids: Sids, a: Server, settings: SessionSticky) -> None:
    """An answer to a session that holds renews when it was last seen and keeps when it was first seen."""
    claim = recall(settings, sids, b"route=a|999000|990000")
    assert [b"route=a|1000000|990000; Path=/"] == remember(settings, sids, a, claim)


@pytest.mark.parametrize("sid", [b"a", b"gone"])
def test_first_seen_outlives_failover(sids: Sids, b: Server, sid: bytes) -> None:
    """A session that moves, from a server that is down or unknown, keeps its first date."""
    claim = recall(BOTH, sids, b"route=%s|999000|990000" % sid)
    assert [b"route=b|1000000|990000; Path=/"] == remember(BOTH, sids, b, claim)


def test_stale_session_starts_anew(sids: Sids, a: Server) -> None:
    """After an expired session both dates are now."""
    claim = recall(BOTH, sids, b"route=a|1|1")
    assert [b"route=a|1000000|1000000; Path=/"] == remember(BOTH, sids, a, claim)


@pytest.mark.parametrize("cookies", [(), (b"route=a|999000|990000",)])
def test_errors_renew_nothing(sids: Sids, a: Server, cookies: tuple[bytes, ...]) -> None:
    """An answer of 400 and above neither starts nor renews a session."""
    assert [b"x=1"] == remember(BOTH, sids, a, recall(BOTH, sids, *cookies), status=400, own=(b"x=1",))
    assert [] == remember(BOTH, sids, a, recall(BOTH, sids, *cookies), status=500)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (BOTH, [b"route=theirs", b"x=1", b"route=a|1000000|1000000; Path=/"]),
        (INDIRECT, [b"x=1", b"route=a|1000000|1000000; Path=/"]),
    ],
)
def test_servers_own_cookie(sids: Sids, a: Server, settings: SessionSticky, expected: list[bytes]) -> None:
    """The server's own cookie of that name goes out before ours with option=direct, and not with option=indirect."""
    assert expected == remember(settings, sids, a, own=(b"route=theirs", b"x=1"))


@pytest.mark.parametrize(("age", "renewed"), [(0, False), (899, False), (900, True), (1800, True), (-5, False)])
def test_refresh(sids: Sids, a: Server, age: int, renewed: bool) -> None:
    """With `refresh` the date is renewed when that share of maxidle has passed, and not before."""
    settings = SessionSticky(maxidle=1800.0, refresh=0.5)
    claim = recall(settings, sids, b"route=a|%d|990000" % (1_000_000 - age))
    assert ([b"route=a|1000000|990000; Path=/"] if renewed else []) == remember(settings, sids, a, claim)


def test_refresh_waits_for_nobody_who_moves(sids: Sids, b: Server) -> None:
    """A session that moves is told at once."""
    settings = SessionSticky(maxidle=1800.0, refresh=0.5)
    claim = recall(settings, sids, b"route=a|1000000|990000")
    assert [b"route=b|1000000|990000; Path=/"] == remember(settings, sids, b, claim)


@pytest.mark.parametrize("own", [b"route=mine", b"route=; Max-Age=0"])
def test_preserve(sids: Sids, a: Server, own: bytes) -> None:
    """With `preserve` what the server sets or clears itself stays, and ours stays away, indirect or not."""
    settings = SessionSticky(maxidle=1800.0, preserve=True, indirect=True)
    claim = recall(settings, sids, b"route=a|1000000|990000")
    assert [own] == remember(settings, sids, a, claim, own=(own,))
    assert [b"x=1", b"route=a|1000000|990000; Path=/"] == remember(settings, sids, a, claim, own=(b"x=1",))


HAPROXY = HaproxyCookie(b"SRV", maxidle=1800.0, maxlife=28800.0)
# What HAProxy writes at NOW, and four seconds before.
FRESH, STALE = b"AA9CQ", b"AA9CP"


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (b"", 500, [b"SRV=a|%b|%b; path=/" % (FRESH, FRESH)]),
        (b"a", 200, [b"SRV=a|%b|%b; path=/" % (FRESH, FRESH)]),
        (b"a|%b|%b" % (FRESH, STALE), 200, []),
        (b"a|%b|%b" % (STALE, STALE), 404, [b"SRV=a|%b|%b; path=/" % (FRESH, STALE)]),
        (b"a|%b" % FRESH, 200, []),
        (b"b|%b|%b" % (FRESH, STALE), 200, [b"SRV=a|%b|%b; path=/" % (FRESH, STALE)]),
        (b"a|AAAAB|AAAAB", 200, [b"SRV=a|%b|%b; path=/" % (FRESH, FRESH)]),
    ],
)
def test_as_haproxy_does_it(sids: Sids, a: Server, value: bytes, status: int, expected: list[bytes]) -> None:
    """HAProxy's cookie is dated when it has no date, renewed after four seconds, and sent with any status."""
    policy = DatedInsert(HAPROXY, sids, HaproxyStamps(maxlife=True))
    claim = policy.recall([b"SRV=" + value] if value else [], ASKER, NOW)
    assert expected == [*policy.remember((), claim, a, status, NOW, ASKER).set_cookies]


def test_attributes(sids: Sids, a: Server) -> None:
    """Scope and further attributes stand behind the dates."""
    settings = SessionSticky(maxidle=1.0, domain=b"d", path=b"/app", attributes=(b"Secure",), nocache=True)
    memory = DatedInsert(settings, sids, DecimalStamps()).remember((), NEW, a, 200, NOW, ASKER)
    assert (b"route=a|1000000|1000000; Domain=d; Path=/app; Secure",) == memory.set_cookies
    assert True is memory.private


# -- forget ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"gone|1000000|1000000", [b"route=; Path=/; Max-Age=0"]), (b"a|1000000|1000000", []), (b"a|1|1", [])],
)
def test_refused_unknown_sid_is_cleared(sids: Sids, value: bytes, expected: list[bytes]) -> None:
    """The refusal of an unknown sid clears the cookie; a known one is kept."""
    assert expected == list(
        DatedInsert(BOTH, sids, DecimalStamps()).forget(recall(BOTH, sids, b"route=" + value)).set_cookies
    )
