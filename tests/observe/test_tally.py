import pytest
from attrs import evolve

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment, Reason
from stickyproxy.config.addresses import parse_address
from stickyproxy.config.settings import Server
from stickyproxy.observe.tally import WINDOW, Failure, Tallies, Tally
from stickyproxy.proxy.outcome import Outcome, Try
from stickyproxy.sticky.words import Affinity
from tests.proxy.facts import ENDS, facts
from tests.proxy.house import GET, House, answer

A, B = b"10.0.0.1:80", b"10.0.0.2:80"
PEER = Peer(Server("a", parse_address("10.0.0.1:80")))


def attempt(address: bytes, fault: str = "", ended: float | None = 1_000.0) -> Try:
    """One try at a server of the upstream `app`."""
    made = Try(b"app", address, 999.0)
    made.fault, made.ended = fault, ended
    return made


def outcome(*tries: Try, reason: Reason = Reason.NEW, client: bytes = b"192.0.2.1", at: float = 1_000.0) -> Outcome:
    """A request that was over at that moment."""
    assignment = Assignment(PEER, Affinity.VALID, reason)
    return facts(tries=tries, assignment=assignment, finished=at, ends=evolve(ENDS, peer_host=client))


def tally_after(*outcomes: Outcome, address: bytes = A) -> Tally:
    """The tally of a server that was told of these requests."""
    tallies = Tallies()
    for each in outcomes:
        tallies(each)
    return tallies.of(b"app", address)


def test_each_try_counts_where_it_was() -> None:
    """A request that failed at one server and was answered by another counts at both, as a failure at the first."""
    told = outcome(attempt(A, "connection refused", 999.5), attempt(B), reason=Reason.FAILED)
    a, b = (tally_after(told, address=address) for address in (A, B))
    assert (1, 1, Failure(999.5, "connection refused")) == (a.requests, a.failures, a.last_failure)
    assert (1, 0, None) == (b.requests, b.failures, b.last_failure)


def test_the_last_failure_is_kept() -> None:
    """Of several failures all count and the last is told."""
    tally = tally_after(outcome(attempt(A, "one")), outcome(attempt(A, "two", 1_001.0)), outcome(attempt(A)))
    assert (3, 2, Failure(1_001.0, "two")) == (tally.requests, tally.failures, tally.last_failure)


def test_upstreams_are_told_apart() -> None:
    """A server that two upstreams name has a tally in each."""
    tallies = Tallies()
    tallies(outcome(attempt(A)))
    assert (1, 0) == (tallies.of(b"app", A).requests, tallies.of(b"other", A).requests)


def test_what_goes_to_no_server_counts_nowhere() -> None:
    """An answer of the proxy's own changes nothing."""
    assert Tally() == tally_after(facts())


def test_claims_are_counted_by_upstream() -> None:
    """What requests claim is counted for their upstream, those included that no server was found for."""
    tallies = Tallies()
    for name, affinity in ((b"app", Affinity.VALID), (b"app", Affinity.VALID), (b"other", Affinity.DOWN)):
        tallies(facts(upstream_name=name, assignment=Assignment(None, affinity, Reason.DOWN)))
    nothing = dict.fromkeys(Affinity, 0)
    assert {**nothing, Affinity.VALID: 2} == tallies.affinities(b"app")
    assert {**nothing, Affinity.DOWN: 1} == tallies.affinities(b"other")
    assert nothing == tallies.affinities(b"new")


def test_upstreams_are_bounded() -> None:
    """Upstreams that come and go do not pile up either."""
    tallies = Tallies()
    for number in range(10_001):
        tallies.affinities(b"%d" % number)[Affinity.NONE] = 1
    assert [0, 1] == [tallies.affinities(name)[Affinity.NONE] for name in (b"0", b"10000")]


@pytest.mark.parametrize("reason", Reason)
def test_only_bound_requests_are_held(reason: Reason) -> None:
    """Only who came to the server of its own session is held there; a new client is not yet."""
    tally = tally_after(outcome(attempt(A), reason=reason))
    assert (reason is Reason.BOUND) == bool(tally.bound) == bool(tally.clients(1_000.0)) == bool(tally.last_bound)


def test_clients_are_told_apart_by_address() -> None:
    """Requests of one address are one client, and the last of them is when it was seen."""
    bound = [
        outcome(attempt(A), reason=Reason.BOUND, client=client, at=at)
        for client, at in ((b"192.0.2.1", 1_000.0), (b"192.0.2.2", 1_001.0), (b"192.0.2.1", 1_002.0))
    ]
    tally = tally_after(*bound)
    assert (3, 2, 1_002.0) == (tally.bound, tally.clients(1_002.0), tally.last_bound)


def test_clients_are_forgotten() -> None:
    """A client is held until it has not been seen for the window, whoever came before and after it."""
    tally = Tally()
    for client, at in ((b"a", 0.0), (b"b", 10.0), (b"a", 20.0)):
        tally.held(client, at)
    assert [2, 2, 1, 1, 0] == [tally.clients(at + WINDOW) for at in (0.0, 10.0, 10.5, 20.0, 20.5)]
    assert (3, 20.0) == (tally.bound, tally.last_bound)


def test_clients_are_bounded() -> None:
    """However many come, only the last ten thousand are remembered."""
    tally = Tally()
    for number in range(10_001):
        tally.held(b"%d" % number, float(number) / 1000)
    tally.held(b"0", 11.0)
    assert (10_000, 10_002) == (tally.clients(11.0), tally.bound)


def test_servers_are_bounded() -> None:
    """Servers that come and go do not pile up: of more than ten thousand the first is forgotten."""
    tallies = Tallies()
    for number in range(10_001):
        tallies.of(b"app", b"%d" % number).requests = 1
    assert [0, 1] == [tallies.of(b"app", name).requests for name in (b"0", b"10000")]


def test_restart_counts_anew() -> None:
    """After a restart requests of sessions count from that moment; everything else goes on."""
    tally = tally_after(outcome(attempt(A), reason=Reason.BOUND))
    tally.restart(1_005.0)
    assert (0, 1_005.0, 1, 1_000.0, 1) == (
        tally.bound,
        tally.bound_since,
        tally.requests,
        tally.last_bound,
        tally.clients(1_005.0),
    )


# -- as the proxy tells it -------------------------------------------------------------------------------------------

TEXT = """
[upstream app]
server =
    10.0.0.1:80
    10.0.0.2:80
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
proxy_next_upstream = error http_503 http_404
[location www = /status]
check_status = json
"""


def tallies_of(house: House) -> list[tuple[int, int, str]]:
    """Requests, failures and the last reason of each server."""
    return [
        (row.requests, row.failures, row.last_failure.reason if row.last_failure else "") for row in house.survey.rows()
    ]


def test_server_that_refuses() -> None:
    """A server that could not be reached has failed, in the words of the error log; the other one has not."""
    house = House(TEXT)
    client = house.client()
    client.send(GET)
    house.servers.refuse()
    house.servers.accept().send(answer())
    (_, _, reason), other = tallies_of(house)
    assert [(1, 1, reason), (1, 0, "")] == [tallies_of(house)[0], other]
    assert "refused" in reason


@pytest.mark.parametrize(
    ("status", "expected"), [(b"503 No", (1, 1, "answered 503")), (b"404 No", (1, 0, "")), (b"500 No", (1, 0, ""))]
)
def test_server_whose_answer_was_passed_over(status: bytes, expected: tuple[int, int, str]) -> None:
    """An answer that made the proxy try elsewhere is a failure just where it takes the server out."""
    house = House(TEXT)
    client = house.client()
    client.send(GET)
    house.servers.accept().send(answer(status=status))
    if status != b"500 No":
        house.servers.accept().send(answer())
    first, _ = tallies_of(house)
    assert expected == first


def test_server_that_had_closed_a_kept_connection() -> None:
    """A connection that was closed while it was idle is nobody's failure."""
    house = House(TEXT.replace("    10.0.0.2:80\n", ""))
    client = house.client()
    client.send(GET)
    server = house.servers.accept()
    server.send(answer())
    client.send(GET)
    server.close()
    house.servers.accept().send(answer())
    assert [(2, 0, "")] == tallies_of(house)
