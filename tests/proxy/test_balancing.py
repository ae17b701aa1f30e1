import pytest

from stickyproxy.config.settings import Balance
from stickyproxy.config.templates import parse_template
from stickyproxy.http.words import Ends
from stickyproxy.proxy.balancing import client_network, key_reader
from tests.proxy.facts import facts, request
from tests.proxy.house import House, answer, status

THREE = """
[upstream app]
server =
    10.0.0.1:80 id=a {a}
    10.0.0.2:80 id=b
    10.0.0.3:80 id=c
balance = {balance}
keepalive = 0
{stickiness}
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
"""


STICKY = "session_sticky = cookie=route hash=plain"
METHODS = ("round_robin", "least_conn", "least_time", "fair", "random", "random two", "ip_hash", "url_hash")


def house_of(balance: str, a: str = "", stickiness: str = STICKY) -> House:
    return House(THREE.format(balance=balance, a=a, stickiness=stickiness))


def ask(house: House, target: bytes = b"/", cookie: bytes = b"", seconds: float = 0.0) -> str:
    """Ask as a client of its own, be answered after so many seconds, and return the address that was asked."""
    client = house.client()
    field = b"Cookie: " + cookie + b"\r\n" if cookie else b""
    client.send(b"GET " + target + b" HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n" + field + b"\r\n")
    address = house.servers.asked[-1][0]
    server = house.servers.accept()
    house.reactor.advance(seconds)
    server.send(answer())
    server.close()
    assert 200 == status(client.received())
    return address


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"192.0.2.1", bytes([192, 0, 2])),
        (b"2001:db8::1", bytes.fromhex("20010db8000000000000000000000001")),
        (b"::ffff:192.0.2.1", bytes([192, 0, 2])),
        (b"unix:", bytes(3)),
    ],
)
def test_client_network(host: bytes, expected: bytes) -> None:
    """A client is known by its IPv4 network of 256, which it may change addresses in, or by its IPv6 address."""
    assert expected == client_network(facts(ends=Ends(1, host, 1, b"::1", 80)))


def test_key() -> None:
    """A hash goes by what its key comes to for the request; a method without a key by the client's network."""
    some = facts(request(b"/a?user=7"))
    assert b"7-/a?user=7" == key_reader(Balance("hash", parse_template("$arg_user-$request_uri")))(some)
    assert bytes([192, 0, 2]) == key_reader(Balance("ip_hash"))(some)


def test_same_key_same_server() -> None:
    """Requests with one key go to one server, whoever asks; and a session goes to its own, whatever the key says."""
    house = house_of("hash $arg_user consistent")
    targets = [b"/%d?user=%d" % (number, number % 20) for number in range(40)]
    asked = [ask(house, target) for target in targets]
    assert asked[:20] == asked[20:]
    assert {"10.0.0.1", "10.0.0.2", "10.0.0.3"} == set(asked)
    assert {"10.0.0.2"} == {ask(house, target, b"route=b") for target in targets[:9]}


def test_key_of_a_server_that_fails() -> None:
    """A key whose server refuses goes to another one, at once and while that is out, and then comes back."""
    house = house_of("hash $arg_user")
    first = ask(house, b"/?user=7")
    client = house.client()
    client.send(b"GET /?user=7 HTTP/1.1\r\nHost: www.example\r\n\r\n")
    house.servers.refuse()
    (*_, (refused, _), (second, _)) = house.servers.asked
    house.servers.accept().send(answer())
    assert 200 == status(client.received())
    assert refused == first != second == ask(house, b"/?user=7")
    house.wait(11)
    assert first == ask(house, b"/?user=7")


@pytest.mark.parametrize("balance", METHODS)
@pytest.mark.parametrize(
    ("stickiness", "cookie"),
    [
        (STICKY, b"route=%b"),
        (f"{STICKY} mode=prefix", b"route=%b~X"),
        (f"{STICKY} mode=rewrite", b"route=%b"),
        ("jvm_route = $cookie_S", b"S=X.%b"),
    ],
)
def test_sessions_stay(balance: str, stickiness: str, cookie: bytes) -> None:
    """With any method and any way to stick a session goes to its own server."""
    house = house_of(balance, stickiness=stickiness)
    asked = [ask(house, b"/%d" % number, cookie % name) for number, name in enumerate([b"b", b"c"] * 3)]
    assert ["10.0.0.2", "10.0.0.3"] * 3 == asked


@pytest.mark.parametrize("balance", METHODS)
def test_draining(balance: str) -> None:
    """With any method a draining server keeps its sessions and gets no new ones."""
    house = house_of(balance, a="drain")
    assert "10.0.0.1" not in [ask(house, b"/%d" % number) for number in range(12)]
    assert "10.0.0.1" == ask(house, cookie=b"route=a")


def test_flags_change_while_it_runs() -> None:
    """A server that drains, goes down or comes back does so for the next request."""
    house = house_of("round_robin")
    peer = house.upstreams["app"].group.peers[0]
    peer.drain = True
    assert ("10.0.0.2", "10.0.0.1") == (ask(house), ask(house, cookie=b"route=a"))
    peer.sick = True
    assert "10.0.0.1" != ask(house, cookie=b"route=a")
    peer.drain = peer.sick = False
    assert "10.0.0.1" == ask(house, cookie=b"route=a")


def test_slow_start() -> None:
    """A server that is back gets new sessions little by little."""
    house = house_of("round_robin", a="slow_start=60s")
    peer = house.upstreams["app"].group.peers[0]
    peer.sick = True
    peer.sick = False
    assert "10.0.0.1" not in [ask(house) for _ in range(6)]
    house.wait(30)
    assert 2 == [ask(house) for _ in range(10)].count("10.0.0.1")
    house.wait(30)
    assert 4 == [ask(house) for _ in range(12)].count("10.0.0.1")


def test_all_sick() -> None:
    """When no server passes its checks nobody is asked, and the answer is 502."""
    house = house_of("fair")
    for peer in house.upstreams["app"].group.peers:
        peer.sick = True
    for cookie in (b"", b"Cookie: route=a\r\n"):
        client = house.client()
        client.send(b"GET / HTTP/1.1\r\nHost: www.example\r\n" + cookie + b"\r\n")
        assert 502 == status(client.received())
    assert [] == house.servers.asked


def test_responses_are_measured() -> None:
    """Response times are those of the heads, sessions' too, and new sessions go where they are short."""
    house = house_of("least_time")
    for cookie, seconds in ((b"route=a", 0.4), (b"route=b", 0.2), (b"route=c", 0.3)):
        ask(house, cookie=cookie, seconds=seconds)
    peers = house.upstreams["app"].group.peers
    assert [0.4, 0.2, 0.3] == pytest.approx([peer.response_time for peer in peers])
    assert ["10.0.0.2"] * 3 == [ask(house, seconds=0.2) for _ in range(3)]
