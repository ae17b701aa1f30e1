import pytest
from twisted.internet.protocol import Protocol

from stickyproxy.http.turns import LARGE, Stepwise, Turns, at_once
from tests.wire import Transport


class Walker(Stepwise):
    """Writes down its steps in the diary of all, and posts a third one; `stumbles` says at which it fails."""

    def __init__(self, name: str, diary: list[str], turns: Turns, stumbles: str = "") -> None:
        self.name = name
        self.diary = diary
        self.turns = turns
        self.stumbles = stumbles
        self.makeConnection(Transport())

    def step(self, what: str) -> None:
        self.diary.append(f"{self.name} {what}")
        if what == self.stumbles:
            raise SystemExit

    def take(self, data: bytes) -> None:
        self.step(f"takes {data.decode()}")

    def go_on(self) -> None:
        self.step("goes on")
        self.turns.post(lambda: self.step("ends"))


@pytest.fixture
def diary() -> list[str]:
    return []


def test_side_by_side(diary: list[str]) -> None:
    """Each step is taken with all connections before the next one is with any."""
    turns = Turns()
    a, b = Walker("a", diary, turns), Walker("b", diary, turns)
    turns.go([(a, b"1"), (b, b"2")])
    assert ["a takes 1", "b takes 2", "a goes on", "b goes on", "a ends", "b ends"] == diary


def test_steps_posted_by_steps(diary: list[str]) -> None:
    """What a posted step posts comes behind all that was posted before it."""
    turns = Turns()
    walker = Walker("a", diary, turns)
    walker.go_on = lambda: (turns.post(lambda: turns.post(lambda: walker.step("is last"))), walker.step("posts"))
    turns.go([(walker, b"1"), (Walker("b", diary, turns), b"2")])
    assert ["a takes 1", "b takes 2", "a posts", "b goes on", "b ends", "a is last"] == diary


def test_alone(diary: list[str]) -> None:
    """Outside of a turn there is nobody to go with: what is read, and what is posted, is done at once."""
    Walker("a", diary, Turns()).dataReceived(b"1")
    assert ["a takes 1", "a goes on", "a ends"] == diary
    at_once(lambda: diary.append("done"))
    assert "done" == diary[-1]


def test_a_large_one_is_the_last(diary: list[str]) -> None:
    """Those behind one for which much was read go by themselves: so much is not held for many at a time."""
    turns = Turns()
    a, b = Walker("a", diary, turns), Walker("b", diary, turns)
    turns.go([(a, b"x" * (LARGE + 1)), (b, b"2")])
    assert ["a goes on", "a ends", "b takes 2", "b goes on", "b ends"] == diary[1:]


class Layer(Protocol):
    """A protocol that knows no steps, and hands on to one that posts them."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker

    def dataReceived(self, data: bytes) -> None:
        self.walker.take(data)
        self.walker.turns.post(self.walker.go_on)


def test_below_a_layer(diary: list[str]) -> None:
    """What is behind another protocol goes along with the others from when it posts its steps."""
    turns = Turns()
    a, b = Walker("a", diary, turns), Walker("b", diary, turns)
    turns.go([(Layer(a), b"1"), (b, b"2")])
    assert ["a takes 1", "b takes 2", "b goes on", "a goes on", "b ends", "a ends"] == diary


@pytest.mark.parametrize(
    ("stumbles", "expected"),
    [
        ("takes 1", ["a takes 1", "b takes 2", "b goes on", "b ends"]),
        ("goes on", ["a takes 1", "b takes 2", "a goes on", "b goes on", "b ends"]),
        ("ends", ["a takes 1", "b takes 2", "a goes on", "b goes on", "a ends", "b ends"]),
    ],
)
def test_a_fault(diary: list[str], stumbles: str, expected: list[str]) -> None:
    """What goes wrong with one does not keep the others; where it is clear whose fault it is, that connection ends."""
    turns = Turns()
    a, b = Walker("a", diary, turns, stumbles), Walker("b", diary, turns)
    turns.go([(a, b"1"), (b, b"2")])
    assert expected == diary
    assert (stumbles != "ends", False) == (a.transport.disconnected, b.transport.disconnected)
    turns.post(lambda: diary.append("at once"))
    assert "at once" == diary[-1]


def test_a_fault_in_a_step_of_its_own(diary: list[str]) -> None:
    """A connection that is read by way of a layer below ends as well when a step of it fails."""
    turns = Turns()
    a, b = Walker("a", diary, turns, "goes on"), Walker("b", diary, turns)
    turns.go([(Layer(a), b"1"), (b, b"2")])
    assert ["a takes 1", "b takes 2", "b goes on", "a goes on", "b ends"] == diary
    assert (True, False) == (a.transport.disconnected, b.transport.disconnected)
