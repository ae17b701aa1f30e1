"""What becomes of sessions, connections, checks and changes when servers come and go, through the whole proxy."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from attrs import evolve

from stickyproxy.balance.changes import DRAIN, Change, Changes
from stickyproxy.balance.peer import Peer
from stickyproxy.balance.round_robin import RoundRobin
from stickyproxy.checking import add_checks
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.load import loads
from stickyproxy.config.settings import Server
from stickyproxy.health.health import Health
from stickyproxy.http.certificates import Certificates
from stickyproxy.names.turnover import Turnover
from tests.proxy.house import House, answer, status
from tests.wire import End

OK = b"HTTP/1.0 200 OK\r\n\r\n"
A, B, C = (f"10.0.0.{number}:80" for number in (1, 2, 3))
TEXT = """\
[upstream app]
server =
    10.0.0.1:80
    10.0.0.2:80
{upstream}
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
access_log = - short
[location www /off]
proxy_pass = http://app
session_sticky = off
[http]
log_format = short $sticky_reason|$upstream_addr
"""


class Turning(House):
    """A proxy whose servers change."""

    def __init__(self, upstream: str = "session_sticky =") -> None:
        text = TEXT.format(upstream=upstream)
        super().__init__(text)
        self.changes = Changes()
        self.health = Health(self.reactor, lambda: 0.5)
        checks = add_checks(self.health, loads(text), self.upstreams, self.reactor, Certificates())
        self.turnover = Turnover(self.upstreams, checks, self.changes)

    @property
    def peers(self) -> dict[str, Peer]:
        """The servers that there are now, by their addresses."""
        return {peer.name.decode(): peer for peer in self.upstreams["app"].group.peers}

    def turn(self, *names: str, weights: dict[str, int] | None = None, **settings: object) -> None:
        """Have the upstream consist of these servers; `settings` are those of all that come."""
        staying = self.peers
        servers = [staying[name].server if name in staying else fresh(name, **settings) for name in names]
        shown = {str(server.address): server for server in servers}
        self.turnover("app", servers, {shown[name]: weight for name, weight in (weights or {}).items()})

    def visit(self, cookie: str = "", path: str = "/") -> End:
        """Send a request on a connection of its own, and leave it to the server."""
        client = self.client()
        fields = f"Cookie: {cookie}\r\n" if cookie else ""
        client.send(f"GET {path} HTTP/1.1\r\nHost: www\r\n{fields}\r\n".encode())
        return client


def fresh(name: str, **settings: object) -> Server:
    """A server at that address."""
    host, _, port = name.partition(":")
    return evolve(Server(name, InetAddress(ip_address(host), int(port))), **settings)


def cookie_of(response: bytes) -> str:
    """The cookie that an answer sets."""
    return response.partition(b"Set-Cookie: ")[2].partition(b";")[0].decode()


def settle(house: Turning) -> str:
    """Have a client settle on the first server; give its cookie."""
    client = house.visit()
    house.servers.accept().send(answer())
    return cookie_of(client.received())


def backups(house: Turning) -> list[Server]:
    """The servers as they would be if all were backups."""
    return [evolve(peer.server, backup=True) for peer in house.peers.values()]


def test_session_stays_where_its_server_does() -> None:
    """A cookie names the same server among others, on the connection that was kept."""
    house = Turning()
    cookie = settle(house)
    kept, asked = house.peers[A], len(house.servers.asked)
    house.turn(C, A)
    assert kept is house.peers[A]
    house.visit(cookie)
    assert asked == len(house.servers.asked)


def test_session_of_a_server_that_is_gone() -> None:
    """It goes elsewhere as one that nobody knows, and is named anew."""
    house = Turning()
    cookie = settle(house)
    house.turn(B)
    client = house.visit(cookie)
    house.servers.accept().send(answer())
    assert cookie != cookie_of(client.received()) != ""
    assert f"unknown|{B}" == house.log[-1]


def test_request_in_progress_ends_in_peace() -> None:
    """A request is answered by the server that it went to, though that is gone meanwhile, cookie and all."""
    house = Turning()
    client = house.visit()
    server = house.servers.accept()
    house.turn(B)
    server.send(answer(b"late"))
    response = client.received()
    assert (200, True, True) == (status(response), response.endswith(b"late"), cookie_of(response) != "")
    assert server.dropped
    assert f"new|{A}" == house.log[-1]


def test_idle_connections_to_who_is_gone_are_closed() -> None:
    """Nobody keeps a connection to a server that is not there; those to the others are kept."""
    house = Turning()
    ends = []
    for _ in range(2):
        house.visit()
        ends.append(house.servers.accept())
        ends[-1].send(answer())
    house.turn(B, C)
    assert [True, False] == [end.dropped for end in ends]


def test_new_server_gets_new_sessions() -> None:
    """Who comes has a share at once."""
    house = Turning()
    house.turn(A, B, C)
    for _ in range(3):
        house.visit()
        house.servers.accept().send(answer())
    assert {A, B, C} == {line.partition("|")[2] for line in house.log}


def test_what_is_known_of_who_stays_is_kept() -> None:
    """Failures, connections, turns and flags of a server do not change when others do."""
    house = Turning()
    peer = house.peers[A]
    peer.failure(house.reactor.seconds())
    peer.acquire()
    peer.drain = True
    house.turn(A, C)
    assert peer is house.peers[A]
    assert (1, 1, True) == (peer.fails, peer.conns, peer.drain)


def test_what_is_known_of_who_becomes_a_backup() -> None:
    """A server that stays at its address in another place has its failures and load, and the end of that, too."""
    house = Turning()
    old = house.peers[A]
    old.failure(house.reactor.seconds())
    old.acquire()
    house.turnover("app", backups(house), {})
    new = house.peers[A]
    assert (False, 1, 1) == (new is old, new.fails, new.conns)
    old.release()
    assert 0 == new.conns


def test_equal_lines_are_different_servers() -> None:
    """Two lines with the same text stay two servers."""
    house = Turning()
    house.turn(C, C)
    first, second = house.upstreams["app"].group.peers
    house.turnover("app", [first.server, second.server, fresh(A)], {})
    assert (first, second) == house.upstreams["app"].group.peers[:2]
    assert first is not second


def test_weights_are_taken_in_once() -> None:
    """However many weights change at once, balancers are made anew once: that of a ring with many points takes long."""
    house = Turning()
    made: list[list[int]] = []

    def make_balancer(peers: Sequence[Peer]) -> RoundRobin:
        made.append([peer.weight for peer in peers])
        return RoundRobin(peers)

    house.upstreams["app"].group.make_balancer = make_balancer
    house.turn(A, B, weights={A: 3, B: 4})
    assert [[1, 1], [], [3, 4], []] == made


def test_weight_of_who_stays_changes() -> None:
    """A server that is to have another weight has it at once, and is the same one."""
    house = Turning()
    peer = house.peers[A]
    house.turn(A, B, weights={A: 3})
    assert (peer, 3, 1) == (house.peers[A], peer.weight, house.peers[B].weight)


def test_what_operators_changed_holds_for_who_comes() -> None:
    """A server that comes back, or has moved under its `id=`, is as operators left it; the others are left alone."""
    house = Turning()
    house.changes.make("app", house.upstreams["app"].group, house.peers[A], DRAIN)
    house.changes.make("app", house.upstreams["app"].group, house.peers[B], Change(weight=4))
    house.peers[B].effective_weight = 2
    house.turn(B)
    house.turn(A, B)
    assert (True, 4, 2) == (house.peers[A].drain, house.peers[B].weight, house.peers[B].effective_weight)


def test_locations_follow_in_their_own_way() -> None:
    """A location without stickiness has the new servers too, and still no stickiness."""
    house = Turning()
    cookie = settle(house)
    house.turn(C)
    client = house.visit(cookie, "/off")
    assert ("10.0.0.3", 80) == house.servers.asked[-1]
    house.servers.accept().send(answer())
    assert b"Set-Cookie" not in client.received()


@pytest.mark.parametrize(
    "sticky",
    [
        "sticky = learn create=$upstream_cookie_s lookup=$cookie_s zone=s:1m",
        "sticky = learn create=$upstream_cookie_s lookup=$cookie_s zone=s:1m\naccept = session_sticky hash=plain",
    ],
)
def test_what_was_learned_is_kept(sticky: str) -> None:
    """Sessions that are known by heart are known among other servers too."""
    house = Turning(sticky)
    house.visit()
    house.servers.accept().send(answer(b"ok", b"200 OK", b"Set-Cookie: s=1"))
    house.turn(C, A, B)
    house.visit("s=1")
    assert (1, 1) == (len(house.servers.asked), house.peers[A].conns)


def test_what_was_learned_of_who_becomes_a_backup() -> None:
    """Sessions that are known by heart stay with a server that is a backup now, and one no longer, and one again."""
    house = Turning("sticky = learn create=$upstream_cookie_s lookup=$cookie_s zone=s:1m")
    house.visit()
    house.servers.accept().send(answer(b"ok", b"200 OK", b"Set-Cookie: s=1"))
    primaries = [peer.server for peer in house.peers.values()]
    others = backups(house)
    for count, servers in enumerate((others, primaries, others), 1):
        house.turnover("app", [fresh(C), *servers], {})
        house.visit("s=1")
        assert count == house.peers[A].conns


def test_who_comes_is_shown() -> None:
    """The status page has the servers that there are now."""
    house = Turning()
    house.turn(B, C)
    assert [(0, B), (1, C)] == [(row.index, row.name) for row in house.survey.rows()]


def test_checks_come_and_go() -> None:
    """Who comes is out until its checks have passed, and who is gone is checked no more."""
    house = Turning("check = type=http rise=1")
    house.health.start()
    for _ in range(2):
        house.servers.accept().send(OK)
    assert [False, False] == [peer.sick for peer in house.peers.values()]
    house.turn(B, C)
    assert [False, True] == [house.peers[name].sick for name in (B, C)]
    assert [B, C] == [check.name for check in house.health.checks]
    house.servers.accept().send(OK)
    assert not house.peers[C].sick


def test_standing_is_handed_over() -> None:
    """A server that stays at its address, but is a backup now, is as well as it was, and checked on."""
    house = Turning("check = type=http rise=1 fall=1 interval=1000")
    house.health.start()
    house.servers.accept().send(OK)
    house.servers.refuse()
    house.turnover("app", backups(house), {})
    assert [False, True] == [house.peers[name].sick for name in (A, B)]
    assert [A, B] == [check.name for check in house.health.checks]
    house.wait(1)
    house.servers.refuse()
    house.servers.accept().send(OK)
    assert [True, False] == [house.peers[name].sick for name in (A, B)]


def test_changes_are_told(told: list[str]) -> None:
    """An operator hears who came and who went, but not of a name that stood for nobody."""
    house = Turning()
    house.turn(B, C)
    line = loads(TEXT.format(upstream="").replace("10.0.0.1:80", "app:80 resolve")).upstreams["app"].servers[0]
    house.turnover("app", [line], {})
    house.turnover("app", [fresh(A)], {})
    assert [
        f"info: upstream app: {C} comes, {A} goes",
        f"info: upstream app: {B} goes, {C} goes",
        f"info: upstream app: {A} comes",
    ] == told
