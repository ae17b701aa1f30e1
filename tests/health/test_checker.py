from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.settings import Check
from stickyproxy.health.checker import Checker
from stickyproxy.health.conversations import conversation
from tests.health.wires import Wires, address
from tests.wire import End

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHECK = Check("http", interval=10.0, fall=2, rise=2, timeout=1.0)


class House:
    """One checker of a server; `told` is whether it was up, at each time that listeners were told."""

    def __init__(self, check: Check = CHECK, random: float = 0.5) -> None:
        self.wires = Wires()
        self.random = random
        self.checker = Checker(
            self.wires.reactor, lambda: self.random, check, conversation(check), self.wires.connect(address())
        )
        self.told: list[bool] = []
        self.checker.listeners.append(lambda: self.told.append(self.checker.standing.up))
        self.checker.start()

    @property
    def begun(self) -> int:
        """How many connections were asked for."""
        return len(self.wires.servers.asked)

    def passes(self) -> End:
        """Let the next connection's check pass."""
        end = self.wires.servers.accept()
        end.send(OK)
        return end

    def fails(self) -> None:
        """Let the next connection's check fail."""
        self.wires.servers.accept().close()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wires.wait(seconds)

    def next(self) -> None:
        """Let the next check begin."""
        begun = self.begun
        while begun == self.begun:
            self.wires.wait(0.1)


# -- the first round -------------------------------------------------------------------------------------------------


def test_first_round_brings_up() -> None:
    """Checks follow each other at once until the server is up; only then listeners are told."""
    house = House()
    assert (1, False) == (house.begun, house.checker.first.called)
    house.passes()
    house.wait(0)
    assert (2, [], False) == (house.begun, house.told, house.checker.first.called)
    house.passes()
    house.wait(0)
    assert (2, [True], True) == (house.begun, house.told, house.checker.first.called)


def test_first_round_ends_with_a_failure() -> None:
    """One failure ends the first round, with the server as down as it was."""
    house = House()
    house.passes()
    house.wait(0)
    house.fails()
    house.wait(0)
    assert (2, [False], True) == (house.begun, house.told, house.checker.first.called)


def test_first_round_of_one_that_is_up() -> None:
    """A server that begins as up has one check in the first round, and stays up until `fall` of them have failed."""
    house = House(evolve(CHECK, default_down=False))
    house.fails()
    assert ([True], True) == (house.told, house.checker.first.called)
    house.next()
    house.fails()
    assert [True, False] == house.told


def test_first_round_comes_once() -> None:
    """A server that comes back later has to pass in as many rounds as `rise` says."""
    house = House()
    house.fails()
    for begun in (2, 3):
        house.next()
        house.passes()
        house.wait(1)
        assert begun == house.begun
    assert [False, False, True] == house.told


# -- rounds ----------------------------------------------------------------------------------------------------------


def test_second_check() -> None:
    """After the first round the next check comes at a random moment within an interval."""
    for random in (0.0, 0.25, 1.0):
        house = House(random=random)
        house.fails()
        if random:
            house.wait(10 * random - 0.1)
            assert 1 == house.begun
        house.wait(0.1)
        assert 2 == house.begun


def test_later_checks() -> None:
    """Then checks begin an interval after each other, a tenth more or less."""
    for random, gap in ((0.0, 9.0), (0.5, 10.0), (1.0, 11.0)):
        house = House(random=0.5)
        house.fails()
        house.wait(5)
        house.random = random
        house.wait(0.5)
        house.fails()
        house.wait(gap - 0.6)
        assert 2 == house.begun
        house.wait(0.2)
        assert 3 == house.begun


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_rate(lots: list[float]) -> None:
    """However the lots fall, checks begin an interval after each other, a tenth more or less."""
    house = House()
    house.fails()
    times = []
    for lot in lots:
        house.random = lot
        house.next()
        times.append(house.wires.now)
        house.fails()
    assert all(8.9 <= later - earlier <= 11.2 for earlier, later in pairwise(times))


def test_no_overlap() -> None:
    """A check that takes longer than the interval delays the next one, which then begins at once."""
    house = House(evolve(CHECK, interval=1.0, timeout=5.0))
    house.fails()
    house.wait(0.5)
    assert 2 == house.begun
    house.wait(4.9)
    assert 2 == house.begun
    house.wait(0.2)
    assert 3 == house.begun


def test_down_and_up() -> None:
    """`fall` failures take it down, `rise` passes bring it up, and listeners are told each time."""
    house = House(evolve(CHECK, rise=1))
    house.passes()
    for check in (House.fails, House.fails, House.passes):
        house.next()
        check(house)
    assert [True, True, False, True] == house.told
    assert ("", 1, 0) == (house.checker.standing.reason, house.checker.standing.rise, house.checker.standing.fall)


def test_process_was_stopped() -> None:
    """A server that was well stays up when this process had no CPU, however long."""
    house = House(evolve(CHECK, rise=1, fall=1))
    end = house.wires.servers.accept()
    house.wires.sleep(100)
    end.send(OK)
    assert [True] == house.told


# -- kept connections ------------------------------------------------------------------------------------------------


def test_connection_is_kept() -> None:
    """A connection serves as many checks as it may, and then there is another one."""
    house = House(evolve(CHECK, rise=1, send=b"GET / HTTP/1.1\r\n\r\n", keepalive_requests=2))
    end = house.passes()
    assert not end.dropped
    house.wait(5)
    assert 1 == house.begun
    end.send(OK)
    assert end.dropped
    house.next()
    assert 2 == house.begun
    assert [True, True] == house.told


def test_kept_connection_is_gone() -> None:
    """When a kept connection ends instead of an answer the server is asked again at once, and has not failed."""
    house = House(evolve(CHECK, rise=1, fall=1, send=b"GET / HTTP/1.1\r\n\r\n", keepalive_requests=9))
    end = house.passes()
    end.received()
    house.wait(5)
    assert b"GET / HTTP/1.1\r\n\r\n" == end.received()
    end.close()
    house.wait(0)
    house.passes()
    assert (2, True, 2) == (house.begun, house.checker.standing.up, house.checker.standing.rise)


def test_idle_connection_is_gone() -> None:
    """When it ends before, the next check has a new one."""
    house = House(evolve(CHECK, rise=1, send=b"GET / HTTP/1.1\r\n\r\n", keepalive_requests=9))
    end = house.passes()
    house.wait(4)
    end.close()
    house.next()
    house.passes()
    assert (2, 2) == (house.begun, house.checker.standing.rise)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_stopped_between_checks() -> None:
    """Once stopped it does nothing more."""
    house = House()
    house.fails()
    house.checker.stop()
    assert [] == house.wires.reactor.getDelayedCalls()


def test_stopped_within_a_check() -> None:
    """A check that is going on is given up, and who waits for the first round waits until he is let go."""
    house = House()
    end = house.wires.servers.accept()
    house.checker.stop()
    end.reset()
    assert ([], [], False) == (house.told, house.wires.reactor.getDelayedCalls(), house.checker.first.called)
    house.checker.let_go()
    assert house.checker.first.called


def test_server_that_does_not_close() -> None:
    """A connection that the server leaves open behind its answer lasts no longer than to the next check."""
    house = House(evolve(CHECK, rise=1))
    end = house.passes()
    assert (True, False) == (end.dropped, end.transport.disconnected)
    house.next()
    assert end.transport.disconnected
