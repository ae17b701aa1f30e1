"""A site moves from any way to stick to any other, and no session is lost on the way."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from attrs import evolve

from stickyproxy.config.dialects import Stickiness
from stickyproxy.config.settings import Server
from stickyproxy.config.stickiness import parse_accept
from stickyproxy.config.words import split
from stickyproxy.sticky.policies import policy_maker
from stickyproxy.sticky.sids import md5_sid
from stickyproxy.sticky.words import Affinity, StickyPolicy
from tests.sticky.asking import Asking, compile_value

NOW = 1_000_000.0
KEYS = {"KEYS": "k" * 32, "OTHER": "o" * 32, "BOTH": "o" * 32 + "\n" + "k" * 32}

# Each way to stick, and the cookie that the application itself sets for it, if any: {} is its server's name.
WAYS = {
    "insert": ("session_sticky option=indirect", ""),
    "insert plain": ("session_sticky hash=plain", ""),
    "insert hmac": ("session_sticky hash=hmac secret=KEYS", ""),
    "insert hmac, key changed": ("session_sticky hash=hmac secret=BOTH", ""),
    "insert elsewhere": ("session_sticky cookie=elsewhere option=indirect maxage=60", ""),
    "dated": ("session_sticky option=indirect maxidle=30m maxlife=8h", ""),
    "dated plain": ("session_sticky hash=plain maxlife=8h", ""),
    "dated hmac": ("session_sticky hash=hmac secret=KEYS maxidle=30m refresh=50%", ""),
    "prefix": ("session_sticky cookie=S mode=prefix", "S=app"),
    "prefix plain": ("session_sticky cookie=S mode=prefix hash=plain", "S=app"),
    "prefix hmac": ("session_sticky cookie=S mode=prefix hash=hmac secret=KEYS", "S=app"),
    "rewrite": ("session_sticky cookie=S mode=rewrite", "S=app"),
    "rewrite hmac": ("session_sticky cookie=S mode=rewrite hash=hmac secret=KEYS", "S=app"),
    "header": ("session_sticky header=X-Session", ""),
    "header hmac": ("session_sticky header=X-Session hash=hmac secret=KEYS", ""),
    "nginx cookie": ("sticky cookie srv path=/", ""),
    "nginx route": ("sticky route $cookie_R", "R=r{}"),
    "haproxy insert": ("cookie SRV insert indirect", ""),
    "haproxy idle": ("cookie SRV insert maxidle 30m", ""),
    "haproxy dated": ("cookie SRV insert indirect maxidle 30m maxlife 8h", ""),
    "haproxy prefix": ("cookie S prefix", "S=app"),
    "haproxy rewrite": ("cookie S rewrite", "S=app"),
    "apache": ("stickysession ROUTEID", ""),
    "jvm_route": ("jvm_route $cookie_J", "J=1.{}"),
}
# Its sessions are in the memory of a process, so nobody can move from it.
LEARN = ("sticky learn create=$upstream_cookie_L lookup=$cookie_L zone=z:32k header", "L=id")
OURS = ("insert", "insert elsewhere", "nginx cookie", "haproxy dated", "apache")


class Browser:
    """A client, and what it keeps: cookies, and the field that it sends back."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.field = b""

    def visit(self, policy: StickyPolicy, chosen: Server, application: str = "") -> Server:
        """Make a request, which goes to `chosen` if it names no server; return whose it was.

        The server answers with the cookie of the application, if that sets one.
        """
        lines = ["; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()] if self.cookies else []
        values = {f"cookie_{name}": value.encode() for name, value in self.cookies.items()}
        values["http_x_session"] = self.field
        asker = Asking(values=values)
        claim = policy.recall(lines, asker, NOW)
        server = claim.server or chosen
        own = application.format(server.id)
        if own:
            name, _, value = own.partition("=")
            values[f"upstream_cookie_{name}"] = value.encode()
        memory = policy.remember([own.encode()] if own else [], claim, server, 200, NOW, asker)
        for set_cookie in memory.set_cookies:
            self._keep(set_cookie.decode())
        if memory.fields:
            ((_, self.field),) = memory.fields
        return server

    def _keep(self, set_cookie: str) -> None:
        pair, *attributes = set_cookie.split("; ")
        name, _, value = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


@pytest.fixture
def named(servers: tuple[Server, ...]) -> tuple[Server, ...]:
    """The servers, with a name of its own for each dialect."""
    return tuple(evolve(each, route=f"r{each.id}", cookie=f"c{each.id}") for each in servers)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with files of keys."""
    for name, text in KEYS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def directive(text: str, keys: Path) -> Stickiness:
    """Read a directive."""
    return parse_accept(split(text.replace("secret=", f"secret={keys}/")))


def policy_of(named: Sequence[Server], keys: Path, text: str, *accepted: str) -> StickyPolicy:
    """Build the policy of a directive, and of what it accepts besides."""
    return policy_maker(directive(text, keys), [directive(each, keys) for each in accepted], compile_value)(named)


@pytest.mark.parametrize(("old", "new"), [*permutations(WAYS, 2), *((way, "learn") for way in WAYS)])
def test_no_session_is_lost(named: tuple[Server, ...], keys: Path, old: str, new: str) -> None:
    """A session stays where it is: under the old way, on the way, and under the new one alone."""
    a, b, _ = named
    (before, old_application), (after, new_application) = WAYS[old], WAYS.get(new, LEARN)
    browser = Browser()
    assert b is browser.visit(policy_of(named, keys, before), b, old_application)
    moving = policy_of(named, keys, after, before)
    # The application sets its cookie at some time, not at once.
    assert b is browser.visit(moving, a)
    assert b is browser.visit(moving, a, new_application)
    assert b is browser.visit(moving, a)
    if new != "learn":
        assert b is browser.visit(policy_of(named, keys, after), a)


@pytest.mark.parametrize(("old", "new"), [*permutations(OURS, 2)])
def test_the_old_cookie_goes(named: tuple[Server, ...], keys: Path, old: str, new: str) -> None:
    """A cookie of the proxy's own with another name is cleared as soon as the new one is there."""
    browser = Browser()
    browser.visit(policy_of(named, keys, WAYS[old][0]), named[1])
    assert 1 == len(browser.cookies)
    browser.visit(policy_of(named, keys, WAYS[new][0], WAYS[old][0]), named[1])
    browser.visit(policy_of(named, keys, WAYS[new][0], WAYS[old][0]), named[1])
    assert 1 == len(browser.cookies)
    assert named[1] is browser.visit(policy_of(named, keys, WAYS[new][0]), named[0])


@pytest.mark.parametrize("old", ["prefix", "prefix hmac", "haproxy prefix"])
def test_the_applications_cookie_stays(named: tuple[Server, ...], keys: Path, old: str) -> None:
    """A cookie that has a sid before the application's value is not cleared, and the servers still see that value."""
    before, application = WAYS[old]
    browser = Browser()
    browser.visit(policy_of(named, keys, before), named[1], application)
    moving = policy_of(named, keys, WAYS["insert"][0], before)
    assert named[1] is browser.visit(moving, named[0])
    assert {"route", "S"} == browser.cookies.keys()
    assert [b"S=app"] == [*moving.recall([b"S=" + browser.cookies["S"].encode()], Asking(), NOW).cookies]


def test_session_is_lost_without(named: tuple[Server, ...], keys: Path) -> None:
    """What is not accepted is not read."""
    browser = Browser()
    browser.visit(policy_of(named, keys, WAYS["apache"][0]), named[1])
    assert named[0] is browser.visit(policy_of(named, keys, WAYS["insert"][0]), named[0])


def test_change_of_keys(named: tuple[Server, ...], keys: Path) -> None:
    """A cookie that an older key has signed is believed and signed anew, so that the older key can go."""
    browser = Browser()
    browser.visit(policy_of(named, keys, "session_sticky hash=hmac secret=KEYS maxidle=30m"), named[1])
    browser.visit(policy_of(named, keys, "session_sticky hash=hmac secret=BOTH maxidle=30m"), named[0])
    last = policy_of(named, keys, "session_sticky hash=hmac secret=OTHER maxidle=30m")
    assert named[1] is browser.visit(last, named[0])


@pytest.mark.parametrize("old", ["hash=hmac secret=KEYS", "hash=plain"])
def test_server_that_is_gone(named: tuple[Server, ...], keys: Path, old: str) -> None:
    """A dated cookie whose server is gone is known for that where an older key, or another hash, has made it."""
    browser = Browser()
    browser.visit(policy_of(named, keys, f"session_sticky {old} maxidle=30m"), named[1])
    left = (named[0], named[2])
    moving = policy_of(
        left, keys, "session_sticky hash=hmac secret=BOTH maxidle=30m", "session_sticky hash=plain maxidle=30m"
    )
    cookie = b"route=" + browser.cookies["route"].encode()
    claim = moving.recall([cookie], Asking(), NOW)
    assert (Affinity.INVALID, int(NOW)) == (claim.affinity, claim.first_seen)
    assert Affinity.EXPIRED is moving.recall([cookie], Asking(), NOW + 1801).affinity


@pytest.mark.parametrize(
    ("old", "cookies", "expected"),
    [
        ("jvm_route", b"J=1.gone", [Affinity.NONE]),
        ("nginx route", b"R=gone", [Affinity.NONE]),
        ("header", b"", [Affinity.NONE]),
        ("insert elsewhere", b"elsewhere=gone", [Affinity.INVALID, Affinity.NONE]),
        ("haproxy prefix", b"S=gone~1", [Affinity.INVALID, Affinity.NONE]),
    ],
)
def test_nobody_is_refused_for_ever(
    named: tuple[Server, ...], keys: Path, old: str, cookies: bytes, expected: list[Affinity]
) -> None:
    """Whose server is gone is refused once, by an old cookie that is cleared; what cannot be cleared refuses nobody."""
    asker = Asking(values={"cookie_R": cookies[2:], "http_x_session": b"gone"})
    moving = policy_of(named, keys, "session_sticky cookie=new strict=503", WAYS[old][0])
    lines, told = [cookies], []
    for _ in expected:
        claim = moving.recall(lines, asker, NOW)
        told.append(claim.affinity)
        if moving.forget(claim).set_cookies:
            lines = []
    assert expected == told
    assert claim.server is None
    # Without strict= the log still says that names differ.
    gentle = policy_of(named, keys, "session_sticky cookie=new", WAYS[old][0])
    assert Affinity.INVALID is gentle.recall([cookies], asker, NOW).affinity


@pytest.mark.parametrize("dates", ["", " maxidle=30m"])
def test_nothing_is_told_and_nothing_forged(named: tuple[Server, ...], keys: Path, dates: str) -> None:
    """Without the key a cookie neither tells a server nor names one."""
    ours, theirs = (f"session_sticky hash=hmac secret={name}{dates}" for name in ("KEYS", "OTHER"))
    browser = Browser()
    browser.visit(policy_of(named, keys, theirs), named[1])
    (value,) = browser.cookies.values()
    assert "10.0.0" not in value
    assert md5_sid(named[1]).decode() not in value
    assert named[0] is browser.visit(policy_of(named, keys, ours), named[0])
