import json

import pytest

from stickyproxy.balance.changes import Changes
from stickyproxy.control.commands import Commands
from tests.proxy.house import START, House

TEXT = """
[upstream app]
server =
    10.0.0.1:80 id=a
    10.0.0.2:80
[upstream twins]
server =
    10.0.0.3:80 id=one
    10.0.0.3:80 id=two
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
"""


@pytest.fixture
def house() -> House:
    """A proxy whose clock stands at START."""
    return House(TEXT)


@pytest.fixture
def commands(house: House) -> Commands:
    """What its control socket does."""
    return Commands(house.upstreams, house.survey, Changes(), house.reactor.seconds, lambda: ())


def states(house: House) -> list[str]:
    """The state of each server."""
    return [row.state for row in house.survey.rows()]


def test_status(commands: Commands) -> None:
    """`status` gives a line for each server of each upstream and one for each upstream, and changes nothing."""
    servers, upstreams = commands.answer("status").split("\n\n")
    heading, *lines = servers.splitlines()
    assert ["UPSTREAM", "SERVER", "ID", "STATE"] == heading.split()[:4]
    assert [
        ["app", "10.0.0.1:80", "a", "up"],
        ["app", "10.0.0.2:80", "-", "up"],
        ["twins", "10.0.0.3:80", "one", "up"],
        ["twins", "10.0.0.3:80", "two", "up"],
    ] == [line.split()[:4] for line in lines]
    assert [
        ["UPSTREAM", "NONE", "INVALID", "VALID", "DOWN", "EXPIRED"],
        ["app", "0", "0", "0", "0", "0"],
        ["twins", "0", "0", "0", "0", "0"],
    ] == [line.split() for line in upstreams.splitlines()]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["drain app a"], ["drain", "up", "up", "up"]),
        (["down app a"], ["down", "up", "up", "up"]),
        (["drain app a", "up app a"], ["up", "up", "up", "up"]),
        (["drain app 10.0.0.2:80"], ["up", "drain", "up", "up"]),
        (["drain app 10.0.0.1:80"], ["drain", "up", "up", "up"]),
        (["down twins two"], ["up", "up", "up", "down"]),
    ],
)
def test_servers_are_named(house: House, commands: Commands, lines: list[str], expected: list[str]) -> None:
    """A server is named by its `id=` or by its address, and nobody else is changed."""
    answers = [commands.answer(line) for line in lines]
    assert expected == states(house)
    assert [2] * len(lines) == [len(answer.splitlines()) for answer in answers]


def test_weight(house: House, commands: Commands) -> None:
    """`weight` gives a server another share of the new sessions."""
    commands.answer("weight app a 7")
    assert [7, 1, 1, 1] == [row.weight for row in house.survey.rows()]


def test_answer_is_the_server_as_it_is_now(commands: Commands) -> None:
    """A change is answered with the server that it was about, changed."""
    found = json.loads(commands.answer("drain app a --json"))
    assert [("app", "10.0.0.1:80", "a", "drain", True)] == [
        tuple(server[key] for key in ("upstream", "name", "id", "state", "up")) for server in found["servers"]
    ]
    assert START == found["now"]


def test_bound_requests_are_counted_from_the_change_on(house: House, commands: Commands) -> None:
    """Who is still bound is counted from the moment of the change of state; another weight does not disturb that."""
    tally = house.survey.tallies.of(b"app", b"10.0.0.1:80")
    tally.held(b"192.0.2.1", START - 5)
    commands.answer("weight app a 2")
    assert (1, None) == (tally.bound, tally.bound_since)
    commands.answer("drain app a")
    assert (0, START, START - 5) == (tally.bound, tally.bound_since, tally.last_bound)


def test_up_does_not_overrule_checks(house: House, commands: Commands) -> None:
    """A server that does not pass its checks stays out, and the answer says so."""
    house.upstreams["app"].group.peers[0].sick = True
    assert "sick" == commands.answer("up app a").splitlines()[1].split()[3]


def test_changes_are_told(commands: Commands, told: list[str]) -> None:
    """What was changed is in the log, and what was asked or refused is not."""
    for line in ("status", "drain app a", "drain app nobody", "weight app 'a' 3"):
        commands.answer(line)
    assert ["info: control: drain app a", "info: control: weight app a 3"] == told


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", '"" is no command; expected status, reload, drain, down, up or weight'),
        (
            "drian app a",
            '"drian" is no command; expected status, reload, drain, down, up or weight; did you mean "drain"?',
        ),
        ("reload app", "reload with 1 words behind it; expected reload alone"),
        ("status app", "status with 1 words behind it; expected status alone"),
        ("drain app", "drain app; expected drain UPSTREAM SERVER"),
        ("drain app a b", "drain app a b; expected drain UPSTREAM SERVER"),
        ("weight app a", "weight app a; expected weight UPSTREAM SERVER N"),
        ("weight app a 0", '"0" is wrong; expected a whole number from 1 to 1000'),
        ("weight app a 1001", '"1001" is wrong; expected a whole number from 1 to 1000'),
        ("drain ap a", 'no upstream "ap"; expected app or twins; did you mean "app"?'),
        ("drain app c", 'no server "c" in app; expected a or 10.0.0.2:80'),
        ("drain twins 10.0.0.3:80", '2 servers "10.0.0.3:80" in twins; expected one or two'),
        ("drain app 'a", "No closing quotation"),
    ],
)
def test_what_cannot_be_done(house: House, commands: Commands, line: str, reason: str) -> None:
    """What is wrong with a command is said with what was expected, and nothing changes."""
    assert f"error: {reason}\n" == commands.answer(line)
    assert {"error": reason} == json.loads(commands.answer(f"{line} --json"))
    assert ["up"] * 4 == states(house)
    assert [1] * 4 == [row.weight for row in house.survey.rows()]


@pytest.mark.parametrize(("faults", "expected"), [((), "UPSTREAM "), (("a: no", "b: no"), "error: a: no\nb: no\n")])
def test_reload(house: House, faults: tuple[str, ...], expected: str) -> None:
    """`reload` answers as `status` does, or with all that is wrong."""
    commands = Commands(house.upstreams, house.survey, Changes(), house.reactor.seconds, lambda: faults)
    assert commands.answer("reload").startswith(expected)
