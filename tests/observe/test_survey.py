import pytest

from stickyproxy.balance.group import Group
from stickyproxy.balance.peer import Peer
from stickyproxy.config.addresses import parse_address
from stickyproxy.config.settings import Server
from stickyproxy.http.agent import Agent
from stickyproxy.observe.survey import UNCHECKED, Check, Row, Survey, state_of
from stickyproxy.observe.tally import Failure, Tallies
from stickyproxy.proxy.upstream import Upstream
from stickyproxy.sticky.unsticky import Unsticky
from tests.observe.rows import Checked

NOW = 1_000.0


def peer(port: int = 80, **settings: object) -> Peer:
    """A server as the configuration has it."""
    return Peer(Server("a", parse_address(f"10.0.0.1:{port}"), **settings))


def survey(*peers: Peer, checks: dict[Peer, Check] | None = None, tallies: Tallies | None = None) -> list[Row]:
    """The rows of one upstream with these servers."""
    upstream = Upstream(b"app", Unsticky(), Group(peers), Agent.__new__(Agent), lambda servers: Unsticky())
    return Survey({"app": upstream}, tallies or Tallies(), lambda: NOW, (checks or {}).get).rows()


def test_servers_have_their_rows_in_order() -> None:
    """Each server has a row with its number, its address in nginx's spelling, and what the file says of it."""
    first, second = survey(peer(id="a", weight=3), peer(81, backup=True))
    assert (0, "app", "10.0.0.1:80", "a", 3, False) == (
        first.index,
        first.upstream,
        first.name,
        first.id,
        first.weight,
        first.backup,
    )
    assert (1, "10.0.0.1:81", "", 1, True) == (second.index, second.name, second.id, second.weight, second.backup)


@pytest.mark.parametrize(
    ("flags", "failures", "state", "up"),
    [
        ((), 0, "up", True),
        (("drain",), 0, "drain", True),
        (("down",), 0, "down", False),
        (("sick",), 0, "sick", False),
        ((), 1, "failed", False),
        (("drain",), 1, "failed", False),
        (("sick", "drain"), 1, "sick", False),
        (("down", "sick", "drain"), 1, "down", False),
    ],
)
def test_state(flags: tuple[str, ...], failures: int, state: str, up: bool) -> None:
    """The state is the word that weighs most, and only who serves its sessions is up."""
    other, judged = peer(81), peer()
    for flag in flags:
        setattr(judged, flag, True)
    for _ in range(failures):
        judged.failure(NOW)
    row, _ = survey(judged, other)
    assert (state, up) == (row.state, row.up) == (state_of(judged, NOW), judged.usable(NOW))


def test_failures_pass() -> None:
    """A server whose failures have aged is up again."""
    failed = peer(fail_timeout=10.0)
    failed.failure(NOW - 10.5)
    assert "up" == state_of(failed, NOW)


def test_checks_are_shown() -> None:
    """A server that is checked shows what its checks came to, another one that nobody checks."""
    checked, unchecked = peer(), peer(81)
    known = Checked(2, 0)
    assert [known, UNCHECKED] == [row.check for row in survey(checked, unchecked, checks={checked: known})]


def test_tally_is_shown() -> None:
    """What was counted of the server's requests is on its row."""
    tallies = Tallies()
    tally = tallies.of(b"app", b"10.0.0.1:80")
    tally.requests = 5
    tally.failed(Failure(999.0, "refused"))
    tally.restart(990.0)
    tally.held(b"192.0.2.1", 995.0)
    (row,) = survey(peer(), tallies=tallies)
    assert (5, 1, Failure(999.0, "refused")) == (row.requests, row.failures, row.last_failure)
    assert (1, 1, 990.0, 995.0) == (row.clients, row.bound, row.bound_since, row.last_bound)
