import pytest

from stickyproxy.config.dialects import ApacheCookie, CookieSettings, HaproxyCookie, SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.insert import Insert, SparingInsert
from stickyproxy.sticky.sids import Sids, md5_sid
from stickyproxy.sticky.words import Affinity, Claim, Memory
from tests.sticky.asking import ASKER

NOW = 784111777.9  # Sun, 06 Nov 1994 08:49:37 GMT
DIRECT = SessionSticky()
INDIRECT = SessionSticky(indirect=True)
NEW = Claim(Affinity.NONE, ())


def recall(settings: SessionSticky, sids: Sids, *cookies: bytes) -> Claim:
    """Recall what these Cookie lines claim."""
    return Insert(settings, sids).recall(cookies, ASKER, NOW)


def remember(
    settings: SessionSticky,
    sids: Sids,
    server: Server,
    claim: Claim = NEW,
    status: int = 200,
    own: tuple[bytes, ...] = (),
) -> list[bytes]:
    """Remember an answer of `server`; give the Set-Cookie values for the client."""
    return list(Insert(settings, sids).remember(own, claim, server, status, NOW, ASKER).set_cookies)


# -- recall ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cookies", "affinity", "name"),
    [
        ((), Affinity.NONE, None),
        ((b"x=1",), Affinity.NONE, None),
        ((b"route=a",), Affinity.VALID, "a"),
        ((b'x=1; route="b"; y=2',), Affinity.VALID, "b"),
        ((b"route=junk",), Affinity.INVALID, None),
        ((b"route=A",), Affinity.INVALID, None),
        ((b"route=",), Affinity.NONE, None),
        ((b"route=\x80\x81",), Affinity.NONE, None),
        ((b"route=" + b"a" * 5000,), Affinity.NONE, None),
    ],
)
def test_claims(sids: Sids, cookies: tuple[bytes, ...], affinity: Affinity, name: str | None) -> None:
    """A sid of a server claims it; an unknown one is invalid; what nobody can have set on purpose claims nothing."""
    claim = recall(DIRECT, sids, *cookies)
    assert (affinity, name) == (claim.affinity, claim.server and claim.server.id)


@pytest.mark.parametrize(
    "cookies",
    [
        (b"xroute=a; route=b",),
        (b"route_meta=a; route=b",),
        (b"x=route=a; route=b",),
        (b"ROUTE=a; route=b",),
    ],
)
def test_names_are_whole(sids: Sids, b: Server, cookies: tuple[bytes, ...]) -> None:
    """A cookie whose name only contains ours, or differs in case, is another cookie."""
    assert b is recall(DIRECT, sids, *cookies).server


@pytest.mark.parametrize(
    "cookies",
    [
        (b"route=b; route=a",),
        (b"route=junk; route=b",),
        (b"route=junk", b"x=1; route=b; route=a"),
    ],
)
def test_first_known_copy_wins(sids: Sids, b: Server, cookies: tuple[bytes, ...]) -> None:
    """Of several copies, in one Cookie line or in many, the first that names a known server is believed."""
    assert b is recall(DIRECT, sids, *cookies).server


def test_direct_leaves_the_cookie_in(sids: Sids) -> None:
    """With option=direct the server receives the very lines that the client sent."""
    cookies = [b"x=1; route=a"]
    assert cookies is Insert(DIRECT, sids).recall(cookies, ASKER, NOW).cookies


def test_indirect_touches_nothing_else(sids: Sids) -> None:
    """With option=indirect and no sticky cookie the lines are the very ones that the client sent."""
    cookies = [b"x=1; xroute=a"]
    assert cookies is Insert(INDIRECT, sids).recall(cookies, ASKER, NOW).cookies


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        ((b"route=a",), []),
        ((b"x=1; route=a",), [b"x=1"]),
        ((b"route=a; x=1; route=b", b"route=junk", b"y=2"), [b"x=1", b"y=2"]),
        ((b"route=junk; x=1",), [b"x=1"]),
        ((b"route=\x80; x=1",), [b"x=1"]),
    ],
)
def test_indirect_hides_every_copy(sids: Sids, cookies: tuple[bytes, ...], expected: list[bytes]) -> None:
    """With option=indirect no copy reaches the server, known or not, and the Cookie lines stay well-formed."""
    assert expected == recall(INDIRECT, sids, *cookies).cookies


# -- remember --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SessionSticky(), b"route=a; Path=/"),
        (SessionSticky(cookie=b"SRV", path=None), b"SRV=a"),
        (SessionSticky(domain=b".example.org", path=b"/app"), b"route=a; Domain=.example.org; Path=/app"),
        (SessionSticky(maxage=60), b"route=a; Path=/; Max-Age=60; Expires=Sun, 06 Nov 1994 08:50:37 GMT"),
        (
            SessionSticky(domain=b"d", maxage=3600, attributes=(b"Secure", b"SameSite=Lax")),
            b"route=a; Domain=d; Path=/; Max-Age=3600; Expires=Sun, 06 Nov 1994 09:49:37 GMT; Secure; SameSite=Lax",
        ),
    ],
)
def test_new_session_gets_a_cookie(sids: Sids, a: Server, settings: SessionSticky, expected: bytes) -> None:
    """A first answer names the server, with the attributes that are configured, in their fixed order."""
    assert [expected] == remember(settings, sids, a)


def test_md5_on_the_wire(servers: tuple[Server, ...], a: Server) -> None:
    """By default the cookie holds the md5 of the server's address with its port."""
    expected = [b"route=05ef642f508b1e5b76612ddbd5f89a4c; Path=/"]
    assert expected == remember(DIRECT, Sids(servers, md5_sid), a)


@pytest.mark.parametrize("settings", [DIRECT, INDIRECT, SessionSticky(maxage=60)])
def test_nothing_is_sent_while_the_session_holds(sids: Sids, a: Server, settings: SessionSticky) -> None:
    """A client that stays on its server is sent nothing again, maxage or not."""
    assert [] == remember(settings, sids, a, recall(settings, sids, b"route=a"))


@pytest.mark.parametrize("cookie", [b"route=b", b"route=junk"])
def test_moved_session_is_named_anew(sids: Sids, a: Server, cookie: bytes) -> None:
    """A session whose server is down or unknown gets a cookie with its new server."""
    assert [b"route=a; Path=/"] == remember(DIRECT, sids, a, recall(DIRECT, sids, cookie))


@pytest.mark.parametrize(("status", "sent"), [(101, 1), (200, 1), (304, 1), (399, 1), (400, 0), (404, 0), (502, 0)])
def test_errors_carry_no_cookie(sids: Sids, a: Server, status: int, sent: int) -> None:
    """An answer of 400 and above does not start a session."""
    assert sent == len(remember(DIRECT, sids, a, status=status))


def test_direct_sends_both(sids: Sids, a: Server) -> None:
    """With option=direct the server's own cookie of that name goes out, and ours after it."""
    own = (b"x=1", b"route=theirs; Path=/app")
    assert [*own, b"route=a; Path=/"] == remember(DIRECT, sids, a, own=own)


def test_indirect_replaces_the_servers_cookies(sids: Sids, a: Server) -> None:
    """With option=indirect every cookie of that name from the server is replaced by ours."""
    own = (b"route=theirs", b"x=1; Path=/route", b"route=again; Path=/app", b"userRoute=42")
    expected = [b"x=1; Path=/route", b"userRoute=42", b"route=a; Path=/"]
    assert expected == remember(INDIRECT, sids, a, own=own)


def test_indirect_keeps_the_servers_cookie_from_a_held_session(sids: Sids, a: Server) -> None:
    """With option=indirect a server cannot overwrite the cookie of a session that holds."""
    claim = recall(INDIRECT, sids, b"route=a")
    assert [b"x=1"] == remember(INDIRECT, sids, a, claim, own=(b"route=theirs", b"x=1"))


@pytest.mark.parametrize(("cookies", "private"), [((), True), ((b"route=a",), False)])
def test_nocache(sids: Sids, a: Server, cookies: tuple[bytes, ...], private: bool) -> None:
    """With nocache an answer that carries our cookie is marked private, and no other."""
    settings = SessionSticky(nocache=True)
    assert private is Insert(settings, sids).remember((), recall(settings, sids, *cookies), a, 200, NOW, ASKER).private


# -- forget ----------------------------------------------------------------------------------------------------------


def test_refused_junk_is_cleared(sids: Sids) -> None:
    """With fallback=off the refusal of an unknown sid clears the cookie where it was set: it is refused once."""
    settings = SessionSticky(refusal=502, domain=b"d", path=b"/app", maxage=60, attributes=(b"Secure",))
    memory = Insert(settings, sids).forget(recall(settings, sids, b"route=junk"))
    assert Memory((b"route=; Domain=d; Path=/app; Max-Age=0; Secure",)) == memory


def test_refused_server_that_is_down_is_kept(sids: Sids) -> None:
    """With fallback=off a session whose server is merely down keeps its cookie."""
    assert () == Insert(DIRECT, sids).forget(recall(DIRECT, sids, b"route=a")).set_cookies


@pytest.mark.parametrize("refusal", [None, 502])
def test_refusal_is_told(sids: Sids, refusal: int | None) -> None:
    """The policy says whether a session may move."""
    assert refusal == Insert(SessionSticky(refusal=refusal), sids).refusal


@pytest.mark.parametrize("own", [b"route=mine", b"route=; Max-Age=0"])
@pytest.mark.parametrize("cookies", [[], [b"route=a"]])
def test_preserve(sids: Sids, a: Server, cookies: list[bytes], own: bytes) -> None:
    """With `preserve` what the server sets or clears itself stays, and ours stays away, indirect or not."""
    settings = SessionSticky(preserve=True, indirect=True)
    assert [own] == remember(settings, sids, a, recall(settings, sids, *cookies), own=(own,))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (HaproxyCookie(b"S", domain=b"d", attributes=(b"HttpOnly",)), [b"S=a; path=/; domain=d; HttpOnly"]),
        (ApacheCookie(b"S"), [b"S=a; path=/"]),
        (SessionSticky(cookie=b"S"), []),
    ],
)
def test_errors_in_other_dialects(sids: Sids, a: Server, settings: CookieSettings, expected: list[bytes]) -> None:
    """HAProxy and Apache send the cookie with errors, too."""
    policy = Insert(settings, sids)
    assert expected == [*policy.remember((), policy.recall((), ASKER, NOW), a, 500, NOW, ASKER).set_cookies]


def test_renewed(sids: Sids, a: Server) -> None:
    """A client that still speaks another dialect is told, though its server stays the same."""
    claim = Claim(Affinity.VALID, (), a, renew=True)
    assert [b"route=a; Path=/"] == remember(SessionSticky(), sids, a, claim)


@pytest.mark.parametrize(("name", "affinity"), [(b"a", Affinity.VALID), (b"gone", Affinity.NONE)])
def test_sparing(sids: Sids, name: bytes, affinity: Affinity) -> None:
    """A name that no server has is no session; what the server is shown of the cookie is the same."""
    claim = SparingInsert(INDIRECT, sids).recall([b"x=1; route=" + name], ASKER, NOW)
    assert (affinity, [b"x=1"]) == (claim.affinity, claim.cookies)
