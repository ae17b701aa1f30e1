import pytest

from stickyproxy.config.dialects import (
    ApacheCookie,
    HaproxyCookie,
    HeaderSticky,
    JvmRoute,
    NginxCookie,
    NginxLearn,
    NginxRoute,
    RouteKey,
    SessionSticky,
    Stickiness,
)
from stickyproxy.config.settings import Server
from stickyproxy.config.templates import parse_template
from stickyproxy.sticky.accepting import Accepting
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.header_insert import HeaderInsert
from stickyproxy.sticky.insert import Insert, SparingInsert
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.learn import Learn, LearnAtEnd
from stickyproxy.sticky.policies import learned, policy_maker
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.routes import Routes
from stickyproxy.sticky.sids import keyed_sid, md5_sid, plain_sid
from stickyproxy.sticky.steady_insert import SteadyInsert
from stickyproxy.sticky.unsticky import Unsticky
from tests.sticky.asking import ASKER, Asking, compile_value

COOKIE = parse_template("$cookie_x")
KEYS = (b"k" * 32, b"o" * 32)


@pytest.mark.parametrize(
    ("stickiness", "expected"),
    [
        (None, Unsticky),
        (SessionSticky(), Insert),
        (SessionSticky(maxage=60), Insert),
        (SessionSticky(maxidle=60.0), DatedInsert),
        (SessionSticky(maxlife=60.0), DatedInsert),
        (SessionSticky(mode="prefix"), Prefix),
        (SessionSticky(mode="prefix", maxidle=60.0, maxlife=60.0), Prefix),
        (SessionSticky(mode="rewrite"), Rewrite),
        (SessionSticky(mode="rewrite", maxidle=60.0, maxlife=60.0), Rewrite),
        (JvmRoute(b"JSESSIONID", b"jsessionid"), JvmRoutes),
        (HeaderSticky(b"X"), HeaderInsert),
        (NginxCookie(b"x"), SteadyInsert),
        (NginxRoute((RouteKey(COOKIE),)), Routes),
        (NginxLearn((COOKIE,), (COOKIE,), 1 << 20), LearnAtEnd),
        (NginxLearn((COOKIE,), (COOKIE,), 1 << 20, header=True), Learn),
        (HaproxyCookie(b"x"), Insert),
        (HaproxyCookie(b"x", maxidle=1.0), DatedInsert),
        (HaproxyCookie(b"x", mode="prefix"), Prefix),
        (HaproxyCookie(b"x", mode="rewrite"), Rewrite),
        (ApacheCookie(b"x"), Insert),
        (ApacheCookie(b"x", refusal=503), SparingInsert),
        (SessionSticky(keys=KEYS[:1]), Insert),
        (SessionSticky(keys=KEYS), Accepting),
    ],
)
def test_each_directive_has_its_policy(
    servers: tuple[Server, ...], stickiness: Stickiness | None, expected: type
) -> None:
    """The directive chooses the class; maxidle and maxlife matter to insert alone."""
    assert expected is type(policy_maker(stickiness, (), compile_value)(servers))


@pytest.mark.parametrize(("hash", "sid"), [("md5", md5_sid), ("plain", plain_sid)])
@pytest.mark.parametrize("mode", ["insert", "rewrite"])
def test_hash(servers: tuple[Server, ...], b: Server, mode: str, hash: str, sid: object) -> None:
    """`hash` chooses how servers are named in the cookie."""
    assert callable(sid)
    policy = policy_maker(SessionSticky(mode=mode, hash=hash), (), compile_value)(servers)
    assert b is policy.recall([b"route=" + sid(b)], ASKER, 0.0).server


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("mode", ["insert", "rewrite"])
def test_every_key_is_believed(servers: tuple[Server, ...], b: Server, mode: str, key: bytes) -> None:
    """With several keys each names the servers, and one more dialect is nobody's business but the table's."""
    policy = policy_maker(SessionSticky(mode=mode, keys=KEYS), (), compile_value)(servers)
    claim = policy.recall([b"route=" + keyed_sid(key)(b)], ASKER, 0.0)
    assert (b, key != KEYS[0]) == (claim.server, claim.renew)


def test_header_is_read_by_its_variable(servers: tuple[Server, ...], b: Server) -> None:
    """The field is read as the variable of its name is."""
    policy = policy_maker(HeaderSticky(b"X-My-Session", "plain"), (), compile_value)(servers)
    assert b is policy.recall((), Asking(values={"http_x_my_session": b"b"}), 0.0).server


@pytest.mark.parametrize("accepted", [(), (SessionSticky(),)])
def test_what_was_learned_is_shared(accepted: tuple[SessionSticky, ...], a: Server, b: Server) -> None:
    """A policy that is made later, for other servers, knows the sessions of those before it."""
    make = policy_maker(NginxLearn((COOKIE,), (COOKIE,), 1 << 15, header=True), accepted, compile_value)
    asker = Asking(values={"cookie_x": b"1"})
    before, after = make([a]), make([b, a])
    before.remember((), before.recall((), asker, 0.0), a, 200, 0.0, asker)
    assert a is after.recall((), asker, 0.0).server


@pytest.mark.parametrize(("size", "expected"), [(1 << 20, 3004), (1 << 15, 93)])
def test_zone_holds_so_many(servers: tuple[Server, ...], a: Server, size: int, expected: int) -> None:
    """A zone of a megabyte holds 3,000 sessions, and no more than fit."""
    policy = policy_maker(NginxLearn((COOKIE,), (COOKIE,), size, header=True), (), compile_value)(servers)
    found = []
    for number in range(2 * expected):
        asker = Asking(values={"cookie_x": b"%d" % number})
        policy.remember((), policy.recall((), asker, 0.0), a, 200, 0.0, asker)
    for number in range(2 * expected):
        asker = Asking(values={"cookie_x": b"%d" % number})
        found.append(policy.recall((), asker, 0.0).server)
    assert expected == found.count(a)


def test_tables_are_found(servers: tuple[Server, ...]) -> None:
    """What a policy has learned is found, also where it is read beside another one; it is the same for all servers."""
    learn = NginxLearn((COOKIE,), (COOKIE,), 1 << 15)
    assert [] == learned(policy_maker(SessionSticky(), (), compile_value)(servers))
    for make in (policy_maker(learn, (), compile_value), policy_maker(SessionSticky(), (learn,), compile_value)):
        (table,) = learned(make(servers))
        assert [table] == learned(make(servers[:1]))
