import pytest

from stickyproxy.config.dialects import HeaderSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.header_insert import HeaderInsert
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Memory
from tests.sticky.asking import Asking

SETTINGS = HeaderSticky(b"X-Session", nocache=True)
COOKIES = [b"route=b"]


def policy(sids: Sids) -> HeaderInsert:
    """Build a policy whose header is the variable `x`."""
    return HeaderInsert(SETTINGS, sids, lambda asker: asker.values["x"])


@pytest.mark.parametrize(
    ("value", "affinity"),
    [
        (b"a", Affinity.VALID),
        (b"", Affinity.NONE),
        (b"gone", Affinity.INVALID),
        (b"a, a", Affinity.NONE),
        (b"\x80", Affinity.NONE),
        (b"x" * 4097, Affinity.NONE),
    ],
)
def test_recall(sids: Sids, a: Server, value: bytes, affinity: Affinity) -> None:
    """The field's whole value is a sid, or says nothing that we have said; cookies are not touched."""
    claim = policy(sids).recall(COOKIES, Asking(values={"x": value}), 0.0)
    assert (affinity, a if value == b"a" else None) == (claim.affinity, claim.server)
    assert COOKIES is claim.cookies


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (b"a", 200, NO_MEMORY),
        (b"b", 200, Memory((), True, True, ((b"X-Session", b"a"),))),
        (b"", 399, Memory((), True, True, ((b"X-Session", b"a"),))),
        (b"", 400, NO_MEMORY),
    ],
)
def test_remember(sids: Sids, a: Server, value: bytes, status: int, expected: Memory) -> None:
    """The answer names the server in that field when the client does not know it, unless it is an error."""
    asker = Asking(values={"x": value})
    claim = policy(sids).recall((), asker, 0.0)
    assert expected == policy(sids).remember((), claim, a, status, 0.0, asker)


def test_set_cookies_pass(sids: Sids, a: Server) -> None:
    """What the server sets is passed on, and nothing is cleared by a refusal."""
    asker = Asking(values={"x": b"a"})
    claim = policy(sids).recall((), asker, 0.0)
    assert Memory(COOKIES) == policy(sids).remember(COOKIES, claim, a, 200, 0.0, asker)
    assert NO_MEMORY == policy(sids).forget(claim)
