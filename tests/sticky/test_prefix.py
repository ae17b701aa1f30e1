import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.addresses import UnixAddress
from stickyproxy.config.dialects import SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.sids import Sids, md5_sid
from stickyproxy.sticky.words import Affinity, Claim
from tests.sticky.asking import ASKER

SETTINGS = SessionSticky(cookie=b"JSESSIONID", mode="prefix")
NEW = Claim(Affinity.NONE, ())


def recall(sids: Sids, *cookies: bytes, settings: SessionSticky = SETTINGS) -> Claim:
    """Recall what these Cookie lines claim."""
    return Prefix(settings, sids).recall(cookies, ASKER, 0.0)


def remember(sids: Sids, server: Server, *own: bytes, status: int = 200, claim: Claim = NEW) -> list[bytes]:
    """Remember an answer of `server` with these Set-Cookie values; give those for the client."""
    return list(Prefix(SETTINGS, sids).remember(own, claim, server, status, 0.0, ASKER).set_cookies)


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        ((b"JSESSIONID=a~V",), [b"JSESSIONID=V"]),
        ((b"x=1; JSESSIONID=a~V; y=a~2",), [b"x=1; JSESSIONID=V; y=a~2"]),
        ((b"JSESSIONID=a~V~W",), [b"JSESSIONID=V~W"]),
        ((b"JSESSIONID=a~",), [b"JSESSIONID="]),
        ((b'JSESSIONID=a~"V W"',), [b'JSESSIONID="V W"']),
        ((b'JSESSIONID="a~V"',), [b'JSESSIONID="V"']),
        ((b"xJSESSIONID=b~U; JSESSIONID=a~V",), [b"xJSESSIONID=b~U; JSESSIONID=V"]),
        ((b"JSESSIONID=gone~U; JSESSIONID=a~V",), [b"JSESSIONID=gone~U; JSESSIONID=V"]),
        (
            (b"JSESSIONID=a~V; JSESSIONID=b~W", b"x=1", b"JSESSIONID=c~X"),
            [b"JSESSIONID=V; JSESSIONID=W", b"x=1", b"JSESSIONID=X"],
        ),
    ],
)
def test_server_never_sees_a_sid(sids: Sids, a: Server, cookies: tuple[bytes, ...], expected: list[bytes]) -> None:
    """Every copy loses its known sid, through the first tilde and in front only; the first one chooses the server."""
    claim = recall(sids, *cookies)
    assert (Affinity.VALID, a, expected) == (claim.affinity, claim.server, claim.cookies)


@pytest.mark.parametrize(
    ("cookie", "affinity"),
    [
        (b"JSESSIONID=V", Affinity.NONE),
        (b"JSESSIONID=a", Affinity.NONE),
        (b"JSESSIONID=~V", Affinity.NONE),
        (b"JSESSIONID=", Affinity.NONE),
        (b"JSESSIONID=\x80~V", Affinity.NONE),
        (b"JSESSIONID=gone~V", Affinity.INVALID),
        (b"JSESSIONID=A~V", Affinity.INVALID),
        (b"x=a~V", Affinity.NONE),
    ],
)
def test_value_without_a_known_sid_passes(sids: Sids, cookie: bytes, affinity: Affinity) -> None:
    """A value without a known sid in front passes as it is and chooses nothing; one with a tilde is told as invalid."""
    cookies = [cookie]
    claim = Prefix(SETTINGS, sids).recall(cookies, ASKER, 0.0)
    assert (affinity, None) == (claim.affinity, claim.server)
    assert cookies is claim.cookies


def test_no_cookie(sids: Sids) -> None:
    """A client without any cookie claims nothing."""
    assert NEW == recall(sids)


def test_indirect_changes_nothing(sids: Sids) -> None:
    """The server's cookie reaches it with option=indirect as well: only the sid is ours to hide."""
    settings = SessionSticky(cookie=b"JSESSIONID", mode="prefix", indirect=True)
    assert [b"JSESSIONID=V"] == recall(sids, b"JSESSIONID=a~V", settings=settings).cookies


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ((), []),
        ((b"x=1; Path=/JSESSIONID=1",), [b"x=1; Path=/JSESSIONID=1"]),
        ((b"JSESSIONID=V",), [b"JSESSIONID=a~V"]),
        ((b"JSESSIONID=V; Path=/; HttpOnly",), [b"JSESSIONID=a~V; Path=/; HttpOnly"]),
        ((b"JSESSIONID=; Max-Age=0",), [b"JSESSIONID=a~; Max-Age=0"]),
        (
            (b"JSESSIONID=V; Path=/a", b"xJSESSIONID=1", b"JSESSIONID=W; Path=/b"),
            [b"JSESSIONID=a~V; Path=/a", b"xJSESSIONID=1", b"JSESSIONID=a~W; Path=/b"],
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 302, 401, 500])
def test_set_cookies(sids: Sids, a: Server, own: tuple[bytes, ...], expected: list[bytes], status: int) -> None:
    """Every cookie of that name gets the sid in front, on errors too; without one the client gets none."""
    assert expected == remember(sids, a, *own, status=status)


def test_moved_session_without_a_new_cookie(sids: Sids, b: Server) -> None:
    """A session that moved is named anew only when its new server sets the cookie."""
    claim = recall(sids, b"JSESSIONID=a~V")
    assert [] == remember(sids, b, claim=claim)
    assert [b"JSESSIONID=b~W"] == remember(sids, b, b"JSESSIONID=W", claim=claim)


@given(value=st.binary().filter(lambda value: b";" not in value and value.strip(b" \t") == value))
def test_round_trip(value: bytes) -> None:
    """Whatever value the server sets comes back to it, byte for byte."""
    server = Server("", UnixAddress("/run/app"))
    sids = Sids([server], md5_sid)
    (sent,) = remember(sids, server, b"JSESSIONID=" + value)
    claim = recall(sids, sent)
    assert (server, [b"JSESSIONID=" + value]) == (claim.server, claim.cookies)


@pytest.mark.parametrize(("own", "private"), [((), False), ((b"x=1",), False), ((b"JSESSIONID=V",), True)])
def test_nocache(sids: Sids, a: Server, own: tuple[bytes, ...], private: bool) -> None:
    """With nocache an answer that carries the cookie is marked private."""
    policy = Prefix(SessionSticky(cookie=b"JSESSIONID", nocache=True), sids)
    assert private is policy.remember(own, NEW, a, 200, 0.0, ASKER).private


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (b"JSESSIONID=gone~V", [b"JSESSIONID=; Path=/; Max-Age=0"]),
        (b"JSESSIONID=a~V", []),
        (b"JSESSIONID=V", []),
    ],
)
def test_refused_unknown_sid_is_cleared(sids: Sids, cookie: bytes, expected: list[bytes]) -> None:
    """The refusal of an unknown sid clears the cookie; a session whose server is merely down keeps it."""
    assert expected == list(Prefix(SETTINGS, sids).forget(recall(sids, cookie)).set_cookies)
