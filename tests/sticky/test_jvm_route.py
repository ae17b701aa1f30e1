from ipaddress import ip_address

import pytest

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.dialects import JvmRoute
from stickyproxy.config.settings import Server
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.words import Affinity, Claim
from tests.calls import count_calls
from tests.sticky.asking import ASKER, Asking

REVERSE = JvmRoute(b"JSESSIONID", b"jsessionid")
FORWARD = JvmRoute(b"JSESSIONID", b"jsessionid", forward=True)


def server(number: int, srun_id: str | None = None, id: str | None = None) -> Server:
    """Make a server with these names."""
    return Server("", InetAddress(ip_address(number), 80), srun_id=srun_id, id=id)


SERVERS = (
    server(1, srun_id="jvm1"),
    server(2, srun_id="jvm2", id="other"),
    server(3, id="plain"),
    server(4, srun_id="zone.jvm4"),
    server(5),
)
NUMBERS = {"jvm1": 0, "jvm2": 1, "plain": 2, "zone.jvm4": 3}


def recall(*cookies: bytes, target: bytes = b"/", settings: JvmRoute = REVERSE) -> Claim:
    """Recall what these Cookie lines and this target claim."""
    return JvmRoutes(settings, SERVERS).recall(cookies, Asking(target), 0.0)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"S.jvm1", "jvm1"),
        (b'"S.jvm1"', "jvm1"),
        (b"S.plain", "plain"),
        (b"S.zone.jvm4", "zone.jvm4"),
        (b"S.x.jvm2", "jvm2"),
        (b"S.jvm1.jvm2", "jvm2"),
        (b"S.jvm1.x.jvm2", "jvm2"),
        (b"S.x.jvm1.y", "jvm1"),
        (b"S.jvm2.jvm1.y", "jvm2"),
        (b".jvm1", "jvm1"),
    ],
)
def test_route_after_a_dot(value: bytes, name: str) -> None:
    """The route is what follows the first dot, else what follows the last, else the first known part."""
    claim = recall(b"JSESSIONID=" + value)
    assert (Affinity.VALID, SERVERS[NUMBERS[name]]) == (claim.affinity, claim.server)


@pytest.mark.parametrize(
    ("value", "affinity"),
    [
        (b"S", Affinity.NONE),
        (b"", Affinity.NONE),
        (b"jvm1", Affinity.NONE),
        (b"Sjvm1", Affinity.NONE),
        (b"S.jvm9", Affinity.INVALID),
        (b"S.JVM1", Affinity.INVALID),
        (b"S.xjvm1", Affinity.INVALID),
        (b"S.other", Affinity.INVALID),
        (b"jvm1.S", Affinity.INVALID),
        (b"S.", Affinity.NONE),
        (b"S.jvm9.", Affinity.INVALID),
        (b"S.\xff", Affinity.NONE),
        (b"S" + b".x" * 2048, Affinity.NONE),
    ],
)
def test_no_known_route(value: bytes, affinity: Affinity) -> None:
    """An id without a dot, or that is none, has no route; one that no server has, to the letter, is invalid."""
    claim = recall(b"JSESSIONID=" + value)
    assert (affinity, None) == (claim.affinity, claim.server)


@pytest.mark.parametrize(
    ("value", "affinity", "name"),
    [
        (b"jvm1.S", Affinity.VALID, "jvm1"),
        (b"jvm1.S.T", Affinity.VALID, "jvm1"),
        (b"zone.jvm4.S", Affinity.VALID, "zone.jvm4"),
        (b"jvm1", Affinity.NONE, None),
        (b"jvm1S", Affinity.NONE, None),
        (b"S.jvm1", Affinity.INVALID, None),
    ],
)
def test_forward(value: bytes, affinity: Affinity, name: str | None) -> None:
    """With `forward` the route stands in front of the id, and a dot after it."""
    claim = recall(b"JSESSIONID=" + value, settings=FORWARD)
    assert (affinity, None if name is None else SERVERS[NUMBERS[name]]) == (claim.affinity, claim.server)


@pytest.mark.parametrize(
    ("target", "number"),
    [
        (b"/app/page;jsessionid=S.jvm1?x=1", 0),
        (b"/app/page;jsessionid=S.jvm1", 0),
        (b"/app/page;jsessionid=S.jvm1;v=2", 0),
        (b"/app/page;v=2;jsessionid=S.jvm1&y", 0),
        (b"/app;jsessionid=S.jvm1/page", 0),
        (b"/app;jsessionid=S.jvm1#top", 0),
        (b"/app?jsessionid=S.jvm1", 0),
        (b"/app?x=1&jsessionid=S.jvm1&y=2", 0),
        (b"/app?x=1;jsessionid=S.jvm1/z", 0),
        (b"/app?jsessionid=S.jvm1?z", 0),
        (b"/app;jsessionid=S.jvm2?jsessionid=S.jvm1", 1),
        (b"/app;jsessionid=S.jvm9?jsessionid=S.jvm1", 0),
        (b"/app;jsessionid=S.jvm9;jsessionid=S.jvm1", 0),
    ],
)
def test_route_in_url(target: bytes, number: int) -> None:
    """A path parameter, then a query argument, names the server; its value ends at any delimiter."""
    assert SERVERS[number] is recall(target=target).server


@pytest.mark.parametrize(
    "target",
    [
        b"/app;xjsessionid=S.jvm1",
        b"/app;JSESSIONID=S.jvm1",
        b"/app?xjsessionid=S.jvm1",
        b"/app?x=jsessionid=S.jvm1",
        b"/jsessionid=S.jvm1",
        b"/app#;jsessionid=S.jvm1",
        b"/app;jsessionid=S",
    ],
)
def test_names_in_url_are_whole(target: bytes) -> None:
    """What only contains the name, or differs in case, or stands elsewhere, is not looked at."""
    assert Affinity.NONE is recall(target=target).affinity


@pytest.mark.parametrize(
    ("cookies", "number"),
    [
        ((b"JSESSIONID=S.jvm2",), 1),
        ((b"x=1; JSESSIONID=S.jvm9; JSESSIONID=S.jvm2",), 1),
        ((b"JSESSIONID=S", b"JSESSIONID=S.jvm2"), 1),
        ((b"JSESSIONID=S.jvm9",), 0),
        ((b"JSESSIONID=S",), 0),
        ((b"JSESSIONID=",), 0),
        ((b"xJSESSIONID=S.jvm2; jsessionid=S.jvm2",), 0),
    ],
)
def test_cookies_come_first(cookies: tuple[bytes, ...], number: int) -> None:
    """Every cookie of the name is tried in order, and the URL only when none of them names a known server."""
    assert SERVERS[number] is recall(*cookies, target=b"/;jsessionid=S.jvm1").server


def test_nothing_is_written() -> None:
    """Cookies pass untouched both ways, and nothing is cleared: they belong to the application server."""
    policy = JvmRoutes(REVERSE, SERVERS)
    cookies = [b"JSESSIONID=S.jvm1; x=1"]
    claim = policy.recall(cookies, ASKER, 0.0)
    assert cookies is claim.cookies
    assert () == policy.remember((), claim, SERVERS[1], 200, 0.0, ASKER).set_cookies
    own = (b"JSESSIONID=T.jvm2; Path=/",)
    assert own is policy.remember(own, claim, SERVERS[1], 200, 0.0, ASKER).set_cookies
    unknown = policy.recall([b"JSESSIONID=S.jvm9"], ASKER, 0.0)
    assert () == policy.forget(unknown).set_cookies


def test_no_cookie() -> None:
    """A client without cookies and without a route in the URL claims nothing."""
    assert Claim(Affinity.NONE, ()) == recall()
    assert Claim(Affinity.NONE, (b"x=1",)) == recall(b"x=1")


def test_addresses_of_one_host() -> None:
    """Of several servers with one route, as the addresses of one host name have, the first is named."""
    first, second = server(1, srun_id="jvm1"), server(2, srun_id="jvm1")
    assert first is JvmRoutes(REVERSE, (first, second)).recall([b"JSESSIONID=S.jvm1"], ASKER, 0.0).server


@pytest.mark.parametrize("refusal", [None, 502])
def test_refusal_is_told(refusal: int | None) -> None:
    """The policy says whether a session may move."""
    assert refusal == JvmRoutes(JvmRoute(b"J", b"j", refusal=refusal), SERVERS).refusal


def test_cost_of_junk() -> None:
    """A value is looked through once, however many routes it may have: junk costs no more than its length."""
    junk = b"JSESSIONID=" + b"\\" + b".a" * 1000
    calls = count_calls(lambda: recall(junk, junk))
    assert 2 == calls["sticky/cookies:is_plausible"]
