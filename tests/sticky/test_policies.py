import pytest

from stickyproxy.config.dialects import JvmRoute, SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.insert import Insert
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.policies import build_policy
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.sids import md5_sid, plain_sid
from stickyproxy.sticky.unsticky import Unsticky
from tests.sticky.asking import ASKER, compile_value


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
    ],
)
def test_each_directive_has_its_policy(
    servers: tuple[Server, ...], stickiness: SessionSticky | JvmRoute | None, expected: type
) -> None:
    """The directive chooses the class; maxidle and maxlife matter to insert alone."""
    assert expected is type(build_policy(stickiness, (), servers, compile_value))


@pytest.mark.parametrize(("hash", "sid"), [("md5", md5_sid), ("plain", plain_sid)])
@pytest.mark.parametrize("mode", ["insert", "rewrite"])
def test_hash(servers: tuple[Server, ...], b: Server, mode: str, hash: str, sid: object) -> None:
    """`hash` chooses how servers are named in the cookie."""
    assert callable(sid)
    policy = build_policy(SessionSticky(mode=mode, hash=hash), (), servers, compile_value)
    assert b is policy.recall([b"route=" + sid(b)], ASKER, 0.0).server
