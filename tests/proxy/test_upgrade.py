import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.house import GET, START, House, answer, status
from tests.wire import End

TEXT = """
[http]
log_format = told "$status $upstream_addr $upstream_status $sticky_status $bytes_sent $body_bytes_sent $request_length \
$sent_http_upgrade $sent_http_connection"
access_log = log told
[upstream app]
server =
    10.0.0.1:80 id=a max_conns=1
    10.0.0.2:80 id=b
session_sticky = cookie=route hash=plain option=indirect
[server www]
listen = 8080
error_page = 500 502 /page
[location www /]
proxy_pass = http://app
proxy_read_timeout = 30s
{location}
[location www = /page]
return = 200 page
"""

ASK = b"GET /ws HTTP/1.1\r\nHost: www.example\r\nConnection: %b\r\nUpgrade: %b\r\n%b\r\n"
WEBSOCKET = ASK % (b"Upgrade", b"websocket", b"")
SWITCH = b"HTTP/1.1 101 Switching\r\nDate: now\r\nConnection: Upgrade\r\nUpgrade: %b\r\nX-Own: 1\r\n\r\n"
GRANTED = SWITCH % b"websocket"
ASKED = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
PASSED_ON = (
    b"HTTP/1.1 101 Switching\r\nDate: now\r\nX-Own: 1\r\n%bUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    % b"Set-Cookie: route=a; Path=/\r\n"
)


class UpgradeTestCase(SynchronousTestCase):
    location = ""

    def setUp(self) -> None:
        self.house = House(TEXT.format(location=self.location))
        self.client = self.house.client()

    def tearDown(self) -> None:
        self.flushLoggedErrors()

    def ask(self, *parts: bytes) -> End:
        """Send a request; return the server that a new connection was made to for it."""
        self.client.send(*(parts or (WEBSOCKET,)))
        return self.house.servers.accept()

    def tunnel(self) -> End:
        """Ask for a tunnel and have it granted; return the server."""
        server = self.ask()
        server.received()
        server.send(GRANTED)
        self.client.received()
        return server

    def conns(self) -> list[int]:
        return [peer.conns for peer in self.house.upstreams["app"].group.peers]


class TunnelTests(UpgradeTestCase):
    def test_granted(self) -> None:
        """A request for an upgrade asks the server for it, and its 101 goes on with the session's cookie."""
        server = self.ask(ASK % (b"keep-alive, Upgrade", b"websocket", b"Sec-WebSocket-Key: abc\r\n"))
        sent = server.received()
        self.assertIn(ASKED, sent)
        self.assertIn(b"\r\nSec-WebSocket-Key: abc\r\n", sent)
        server.send(GRANTED)
        self.assertEqual(PASSED_ON, self.client.received())
        self.client.send(b"\x00to you\xff")
        server.send(b"\x00and you\xff")
        self.assertEqual((b"\x00to you\xff", b"\x00and you\xff"), (server.received(), self.client.received()))

    def test_any_protocol(self) -> None:
        """What the client and the server agree on is theirs to know."""
        server = self.ask(ASK % (b"upgrade", b"IRC/6.9, tcp", b""))
        self.assertIn(b"\r\nUpgrade: IRC/6.9, tcp\r\n", server.received())
        server.send(SWITCH % b"TCP")
        self.assertIn(b"\r\nUpgrade: TCP\r\n", self.client.received())

    def test_a_known_client(self) -> None:
        """The handshake goes where the session is."""
        server = self.ask(ASK % (b"upgrade", b"websocket", b"Cookie: route=b; x=y\r\n"))
        self.assertEqual([("10.0.0.2", 80)], self.house.servers.asked)
        self.assertIn(b"\r\nCookie: x=y\r\n", server.received())
        server.send(GRANTED)
        self.assertNotIn(b"Set-Cookie", self.client.received())

    def test_what_comes_before_and_behind_the_answer(self) -> None:
        """Bytes behind the request and behind the 101 are the tunnel's, however they come in pieces."""
        server = self.ask(WEBSOCKET + b"GET /ea", b"rly")
        self.assertTrue(server.received().endswith(b"\r\n\r\n"))
        server.send(*(bytes([byte]) for byte in GRANTED), b"so", b"on")
        self.assertEqual((b"GET /early", True), (server.received(), self.client.received().endswith(b"\r\n\r\nsoon")))

    def test_in_one_piece(self) -> None:
        """Bytes in one segment with the 101 come behind it."""
        self.ask().send(GRANTED + b"soon")
        self.assertTrue(self.client.received().endswith(b"\r\n\r\nsoon"))

    def test_backpressure(self) -> None:
        """Each end is read only while the other takes what it says."""
        server = self.tunnel()
        for slow, fast in ((self.client, server), (server, self.client)):
            slow.transport.producer.pauseProducing()
            self.assertFalse(fast.transport.reading)
            slow.transport.producer.resumeProducing()
            self.assertTrue(fast.transport.reading)

    def test_half_closed(self) -> None:
        """A client that says nothing more is answered to the end."""
        server = self.tunnel()
        self.client.send(b"last")
        self.client.protocol.readConnectionLost()
        self.assertEqual((b"last", True), (server.received(), server.transport.half_closed))
        server.send(b"I see")
        self.assertEqual((b"I see", False), (self.client.received(), self.client.dropped))
        server.protocol.readConnectionLost()
        self.assertEqual((True, True), (self.client.transport.disconnecting, server.transport.disconnecting))

    def test_the_end(self) -> None:
        """When both ends are gone the log has its one line, with all the bytes, and the server is free."""
        server = self.tunnel()
        self.client.send(b"12345")
        server.send(b"1234567")
        self.assertEqual(([1, 0], []), (self.conns(), self.house.log))
        self.client.reset()
        self.assertEqual(([1, 0], [], True), (self.conns(), self.house.log, server.dropped))
        server.close()
        line = f"101 10.0.0.1:80 101 none {len(PASSED_ON) + 7} 7 {len(WEBSOCKET) + 5} websocket upgrade"
        self.assertEqual(([0, 0], [line]), (self.conns(), self.house.log))

    def test_the_proxy_ends(self) -> None:
        """A proxy that ends waits until the server has what a client said last, who has left."""
        server = self.tunnel()
        self.client.send(b"last")
        self.client.close()
        drained = self.house.sites["0.0.0.0:8080"].drain()
        self.assertNoResult(drained)
        server.close()
        self.successResultOf(drained)

    def test_the_server_goes_first(self) -> None:
        """A server that is gone closes the client, behind what it said last."""
        server = self.tunnel()
        server.send(b"bye")
        server.reset()
        self.assertEqual((b"bye", True), (self.client.received(), self.client.dropped))
        self.client.close()
        self.assertEqual(([0, 0], 1), (self.conns(), len(self.house.log)))

    def test_idle(self) -> None:
        """`proxy_read_timeout` bounds the silence of both ends; no other timeout has a say."""
        server = self.tunnel()
        for _ in range(10):
            self.house.wait(25)
            server.send(b"ping")
        self.assertFalse(self.client.dropped)
        self.house.wait(31)
        self.assertEqual((True, True), (self.client.dropped, server.dropped))

    def test_the_server_is_taken_as_long_as_the_tunnel_lasts(self) -> None:
        """A tunnel counts for `max_conns`."""
        self.tunnel()
        other = self.house.client()
        other.send(GET)
        self.house.servers.accept()
        self.assertEqual(([("10.0.0.1", 80), ("10.0.0.2", 80)], [1, 1]), (self.house.servers.asked, self.conns()))

    def test_no_tunnel_is_kept(self) -> None:
        """The connection of a tunnel serves nobody else, neither while it lasts nor after."""
        server = self.tunnel()
        agent = self.house.upstreams["app"].agent
        address = self.house.upstreams["app"].group.peers[0].address
        self.assertIsNone(agent.take(address))
        self.client.reset()
        server.close()
        self.assertIsNone(agent.take(address))

    def test_over_a_kept_connection(self) -> None:
        """A request for an upgrade may go over a connection that was kept, from a client that has asked before."""
        server = self.ask(GET)
        server.send(answer())
        self.client.received()
        server.received()
        self.client.send(ASK % (b"upgrade", b"websocket", b"Cookie: route=a\r\n"))
        self.assertIn(ASKED, server.received())
        server.send(GRANTED)
        self.assertEqual(101, status(self.client.received()))
        self.client.send(b"hello")
        self.assertEqual(b"hello", server.received())

    def test_an_end_that_is_waited_for(self) -> None:
        """A listener that ends its connections in good order lets a tunnel go on to its end."""
        server = self.tunnel()
        drained = self.house.sites["0.0.0.0:8080"].drain()
        self.client.send(b"still here")
        self.assertEqual((b"still here", False), (server.received(), self.client.dropped))
        self.client.reset()
        server.close()
        self.assertTrue(drained.called)


class RefusedTests(UpgradeTestCase):
    def test_ordinary_answers(self) -> None:
        """A server that does not change answers as to any request, and what came behind that is the next request."""
        for refusal in (b"200 OK", b"403 Forbidden", b"426 Upgrade Required", b"404 Not Found"):
            house = House(TEXT.format(location=""))
            client = house.client()
            client.send(WEBSOCKET + b"GET /next HTTP/1.1\r\n", b"Host: www.example\r\n\r\n")
            server = house.servers.accept()
            self.assertNotIn(b"/next", server.received())
            server.send(answer(b"no", refusal))
            self.assertTrue(client.received().endswith(b"\r\n\r\nno"))
            self.assertTrue(house.servers.accept().received().startswith(b"GET /next HTTP/1.1\r\n"))
            self.assertEqual(1, len(house.log))

    def test_many_refused(self) -> None:
        """Requests for upgrades in a row, each refused, are answered one by one."""
        asked = [ASK.replace(b"/ws", b"/%d" % n) % (b"upgrade", b"x", b"Cookie: route=a\r\n") for n in range(5)]
        server = self.ask(b"".join(asked) + b"GARBAGE\r\n\r\n")
        for n in range(5):
            self.assertTrue(server.received().startswith(b"GET /%d " % n))
            server.send(answer(b"no"))
            self.assertEqual(200, status(self.client.received().partition(b"no")[0]))
        self.assertEqual(["200"] * 5 + ["400"], [line[:3] for line in self.house.log])

    def test_no_server(self) -> None:
        """An upgrade that no server can be asked for is answered like any request; its error page asks for none."""
        self.client.send(WEBSOCKET)
        self.house.servers.refuse()
        self.house.servers.refuse()
        self.assertEqual((502, True), (status(response := self.client.received()), response.endswith(b"page")))

    def test_error_page_of_a_server(self) -> None:
        """An error page that a server gives is fetched by an ordinary request."""
        house = House(TEXT.format(location="").replace("return = 200 page", "proxy_pass = http://10.0.0.9"))
        client = house.client()
        client.send(WEBSOCKET)
        house.servers.refuse()
        house.servers.refuse()
        page = house.servers.accept()
        self.assertNotIn(b"pgrade", page.received())

    def test_answered_here(self) -> None:
        """A location of our own grants none."""
        self.client.send(WEBSOCKET.replace(b"/ws", b"/page") + GET.replace(b" / ", b" /page "))
        self.assertEqual(2, self.client.received().count(b"HTTP/1.1 200 OK\r\n"))

    def test_the_last_request(self) -> None:
        """`Connection: close, upgrade` closes after a refusal, and not in a tunnel."""
        server = self.ask(ASK % (b"close, upgrade", b"websocket", b"") + b"early")
        server.send(GRANTED)
        self.assertEqual((True, False), (server.received().endswith(b"early"), self.client.dropped))
        client = self.house.client()
        client.send(ASK % (b"close, upgrade", b"websocket", b""))
        self.house.servers.accept().send(answer(b"no"))
        self.assertTrue(client.dropped)


class SwitchedOffTests(UpgradeTestCase):
    location = 'proxy_set_header =\n    Upgrade ""'

    def test_switched_off(self) -> None:
        """With `proxy_set_header = Upgrade ""` no server is asked for an upgrade, and none can grant one."""
        server = self.ask()
        self.assertNotIn(b"pgrade", server.received())
        server.send(GRANTED)
        self.assertEqual(502, status(self.client.received()))


class AsNginxTests(UpgradeTestCase):
    location = 'proxy_set_header =\n    Upgrade $http_upgrade\n    Connection "upgrade"'

    def test_as_nginx(self) -> None:
        """The lines that nginx needs do no harm: they say the same, and an upgrade to HTTP is still not asked for."""
        sent = self.ask().received()
        self.assertEqual((1, 1), (sent.lower().count(b"connection:"), sent.lower().count(b"upgrade:")))
        self.client = self.house.client()
        self.assertNotIn(b"h2c", self.ask(ASK % (b"upgrade", b"h2c", b"")).received())


@pytest.mark.parametrize(
    ("request_head", "body"),
    [
        pytest.param(ASK % (b"Upgrade", b"h2c", b""), b"", id="h2c"),
        pytest.param(
            ASK % (b"Upgrade, HTTP2-Settings", b"h2c", b"HTTP2-Settings: AAMAAABkAAQ\r\n"), b"", id="settings"
        ),
        pytest.param(ASK % (b"keep-alive", b"websocket", b""), b"", id="not in Connection"),
        pytest.param(WEBSOCKET.replace(b"HTTP/1.1", b"HTTP/1.0"), b"", id="HTTP/1.0"),
        pytest.param(ASK % (b"upgrade", b"websocket", b"Content-Length: 2\r\n"), b"ab", id="a body"),
        pytest.param(
            ASK % (b"upgrade", b"websocket", b"Transfer-Encoding: chunked\r\n"), b"0\r\n\r\n", id="a chunked body"
        ),
        pytest.param(GET, b"", id="no upgrade"),
    ],
)
def test_what_is_no_request_for_an_upgrade(request_head: bytes, body: bytes) -> None:
    """Other requests go on without any word of an upgrade, and a 101 that answers one is a 502, and no tunnel."""
    house = House(TEXT.format(location=""))
    client = house.client()
    client.send(request_head + body)
    server = house.servers.accept()
    sent = server.received().lower()
    assert b"upgrade" not in sent
    assert b"http2-settings" not in sent
    server.send(GRANTED + b"secret")
    assert 502 == status(client.received())
    assert server.transport.disconnected


@pytest.mark.parametrize(
    "switch",
    [
        SWITCH % b"h2c",
        SWITCH % b"websocket, h2c",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
        GRANTED.replace(b"X-Own: 1", b"Content-Length: 3"),
        GRANTED.replace(b"X-Own: 1", b"Transfer-Encoding: chunked"),
    ],
)
def test_what_grants_no_upgrade(switch: bytes) -> None:
    """A 101 that changes to what was not asked for, or that is none by the RFC, is a 502, and no tunnel."""
    house = House(TEXT.format(location=""))
    client = house.client()
    client.send(WEBSOCKET)
    server = house.servers.accept()
    server.send(switch + b"secret")
    response = client.received()
    assert (502, False) == (status(response), b"secret" in response)
    assert server.transport.disconnected


def test_time_begins_with_the_tunnel() -> None:
    """How long the handshake took is not silence."""
    house = House(TEXT.format(location=""))
    client = house.client()
    client.send(WEBSOCKET)
    server = house.servers.accept()
    house.wait(29)
    server.send(GRANTED)
    house.wait(29)
    assert not client.dropped
    assert START + 58 == house.reactor.seconds()
