from stickyproxy.config.dialects import SessionSticky
from stickyproxy.config.settings import Server
from stickyproxy.sticky.bypass import Bypass
from stickyproxy.sticky.insert import Insert
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.sids import Sids
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Claim, Memory
from tests.sticky.asking import ASKER


def test_claims_nothing(sids: Sids) -> None:
    """A session is not followed, but its cookie is hidden from the server, or its prefix cut, as it is elsewhere."""
    indirect = Bypass(Insert(SessionSticky(indirect=True), sids))
    assert Claim(Affinity.NONE, [b"x=1"]) == indirect.recall([b"x=1; route=a"], ASKER, 0.0)
    prefix = Bypass(Prefix(SessionSticky(mode="prefix"), sids))
    assert Claim(Affinity.NONE, [b"route=1"]) == prefix.recall([b"route=a~1"], ASKER, 0.0)


def test_remembers_nothing(sids: Sids, a: Server) -> None:
    """No session is started, and none refused."""
    bypass = Bypass(Insert(SessionSticky(refusal=502), sids))
    claim = bypass.recall([b"route=gone"], ASKER, 0.0)
    assert NO_MEMORY == bypass.remember((), claim, a, 200, 0.0, ASKER)
    assert Memory([b"route=1"]) == bypass.remember([b"route=1"], claim, a, 200, 0.0, ASKER)
    assert (None, NO_MEMORY) == (bypass.refusal, bypass.forget(claim))
