import tracemalloc

import pytest

from stickyproxy.config.settings import Server
from stickyproxy.sticky.learn import SESSION_SIZE, Learn, LearnAtEnd, Sessions
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Memory
from tests.sticky.asking import Asking

COOKIES = [b"x=1"]


def policy(sessions: Sessions) -> Learn:
    """Build a policy that learns from the variables `new` and `other`, and looks up `old`."""
    return Learn(
        [lambda asker: asker.values.get("new", b""), lambda asker: asker.values.get("other", b"")],
        [lambda asker: asker.values.get("old", b"")],
        sessions,
    )


# -- the table -------------------------------------------------------------------------------------------------------


def test_found(a: Server, b: Server) -> None:
    """A session is on the server that it was last put on, and others are not known."""
    sessions = Sessions(2, 10.0)
    sessions.put(b"1", a, 0.0)
    assert (a, None) == (sessions.find(b"1", 0.0), sessions.find(b"2", 0.0))
    sessions.put(b"1", b, 0.0)
    assert (b, 1) == (sessions.find(b"1", 0.0), len(sessions))


def test_timeout(a: Server) -> None:
    """A session ends when it has not been used for the timeout; each use begins that anew."""
    sessions = Sessions(2, 10.0)
    sessions.put(b"1", a, 0.0)
    assert a is sessions.find(b"1", 10.0)
    assert a is sessions.find(b"1", 20.0)
    assert (None, 0) == (sessions.find(b"1", 30.5), len(sessions))


def test_the_oldest_makes_room(a: Server) -> None:
    """A full table forgets the session that was used longest ago, looked up or put."""
    sessions = Sessions(3, 10.0)
    for number in b"123":
        sessions.put(b"%d" % number, a, 0.0)
    sessions.find(b"%d" % ord("1"), 1.0)
    sessions.put(b"%d" % ord("2"), a, 1.0)
    sessions.put(b"4", a, 1.0)
    assert [a, a, None, a] == [sessions.find(session, 1.0) for session in (b"49", b"50", b"51", b"4")]
    assert 3 == len(sessions)


@pytest.mark.parametrize("most", [93, 3004, 10_923, 20_000, 21_846])
def test_size_is_held(a: Server, most: int) -> None:
    """A full table needs no more memory than its sessions are said to, however long their ids and whatever its size."""
    tracemalloc.start()
    sessions = Sessions(most, 10.0)
    for number in range(2 * most):
        sessions.put(b"%0500d" % number, a, number / 3)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most == len(sessions)
    assert size <= most * SESSION_SIZE


# -- the policy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "affinity"),
    [(b"s", Affinity.VALID), (b"unknown", Affinity.INVALID), (b"", Affinity.NONE), (b"s" * 4097, Affinity.NONE)],
)
def test_recall(a: Server, old: bytes, affinity: Affinity) -> None:
    """What is looked up names its server while the session lasts; what is too long for an id says nothing."""
    sessions = Sessions(10, 10.0)
    sessions.put(b"s", a, 0.0)
    claim = policy(sessions).recall(COOKIES, Asking(values={"old": old}), 1.0)
    assert (affinity, a if affinity is Affinity.VALID else None) == (claim.affinity, claim.server)
    assert COOKIES is claim.cookies


def test_learns_at_the_end(b: Server) -> None:
    """Who learns at the end knows nothing of a session until then, and nothing of one whose answer broke off."""
    sessions = Sessions(10, 10.0)
    learn = LearnAtEnd([lambda asker: asker.values.get("new", b"")], [], sessions)
    claim = learn.recall((), Asking(), 0.0)
    memory = learn.remember(COOKIES, claim, b, 200, 0.0, Asking(values={"new": b"s"}))
    assert (COOKIES, None) == (memory.set_cookies, sessions.find(b"s", 1.0))
    assert memory.at_end is not None
    memory.at_end(1.0)
    assert (b, None) == (sessions.find(b"s", 11.0), sessions.find(b"s", 21.5)), "it was used at the end of its answer"
    assert NO_MEMORY == learn.remember((), claim, b, 200, 0.0, Asking())
    assert Memory(COOKIES) == learn.remember(COOKIES, claim, b, 200, 0.0, Asking())


def test_quotes(b: Server) -> None:
    """An id is the same with quotes around it and without: a request's cookies are read without them."""
    learn = policy(Sessions(10, 10.0))
    learn.remember((), NO_CLAIM, b, 200, 0.0, Asking(values={"new": b'"s"'}))
    for looked_up in (b"s", b'"s"'):
        assert b is learn.recall((), Asking(values={"old": looked_up}), 0.0).server


@pytest.mark.parametrize(
    ("values", "learnt"),
    [({"new": b"s"}, True), ({"other": b"s"}, True), ({"new": b"t", "other": b"s"}, False), ({}, False)],
)
def test_learns_from_answers(b: Server, values: dict[str, bytes], learnt: bool) -> None:
    """The first value that an answer has is the session's, on the server that gave it; nothing is written."""
    sessions = Sessions(10, 10.0)
    learn = policy(sessions)
    asker = Asking(values=values)
    claim = learn.recall((), asker, 0.0)
    assert NO_MEMORY == learn.remember((), claim, b, 200, 0.0, asker)
    assert learnt is (sessions.find(b"s", 0.0) is b)
    assert Memory(COOKIES) == learn.remember(COOKIES, claim, b, 200, 0.0, asker)
    assert NO_MEMORY == learn.forget(claim)
