from stickyproxy.config.settings import Server
from stickyproxy.sticky.unsticky import Unsticky
from stickyproxy.sticky.words import Affinity, Claim, Memory
from tests.sticky.asking import ASKER


def test_nothing_is_claimed() -> None:
    """Whatever cookies come, they pass and claim nothing."""
    cookies = [b"route=a"]
    claim = Unsticky().recall(cookies, ASKER, 0.0)
    assert Affinity.NONE is claim.affinity
    assert cookies is claim.cookies
    assert Claim(Affinity.NONE, ()) == Unsticky().recall((), ASKER, 0.0)


def test_nothing_is_remembered(a: Server) -> None:
    """The server's cookies pass, and there is none of our own."""
    claim = Claim(Affinity.NONE, ())
    own = [b"route=theirs"]
    assert Memory(own) == Unsticky().remember(own, claim, a, 200, 0.0, ASKER)
    assert Memory(()) == Unsticky().remember((), claim, a, 200, 0.0, ASKER)
    assert Memory(()) == Unsticky().forget(claim)


def test_sessions_may_move() -> None:
    """Nothing is ever refused for a session's sake."""
    assert None is Unsticky().refusal
