from errno import EMFILE

from twisted.internet.error import ConnectBindError
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.channel import AHEAD
from tests.proxy.house import GET, House, answer, status
from tests.wire import End

TWO = """
[http]
log_format = told "$status $upstream_addr $upstream_status $sticky_status $sticky_reason $body_bytes_sent"
access_log = log told
proxy_buffering = off
proxy_request_buffering = off
{http}
[upstream app]
server =
    10.0.0.1:80 id=a {a}
    10.0.0.2:80 id=b
{upstream}
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
{location}
"""
STICKY = "session_sticky = cookie=route hash=plain"


def two(http: str = "", upstream: str = STICKY, location: str = "", a: str = "") -> House:
    return House(TWO.format(http=http, upstream=upstream, location=location, a=a))


def get(cookie: bytes = b"", method: bytes = b"GET") -> bytes:
    line = b"Cookie: " + cookie + b"\r\n" if cookie else b""
    return method + b" / HTTP/1.1\r\nHost: www.example\r\n" + line + b"\r\n"


def post(body: bytes = b"hello", length: int | None = None, fields: bytes = b"", method: bytes = b"POST") -> bytes:
    length = len(body) if length is None else length
    return method + b" / HTTP/1.1\r\nHost: www.example\r\n" + fields + b"Content-Length: %d\r\n\r\n" % length + body


CHUNKED_POST = b"POST / HTTP/1.1\r\nHost: www.example\r\nTransfer-Encoding: chunked\r\n\r\n"


class ForwardTestCase(SynchronousTestCase):
    def tearDown(self) -> None:
        self.flushLoggedErrors()

    def live(self, house: House) -> None:
        """Nothing is left over: no peer is busy with a request that has ended."""
        for upstream in house.upstreams.values():
            self.assertEqual([0] * len(upstream.group.peers), [peer.conns for peer in upstream.group.peers])


class OneTryTests(ForwardTestCase):
    def setUp(self) -> None:
        self.house = two()
        self.client = self.house.client()

    def ask(self, *parts: bytes) -> End:
        """Send a request; return the server that a new connection was made to for it."""
        self.client.send(*(parts or (GET,)))
        return self.house.servers.accept()

    def test_there_and_back(self) -> None:
        """A request goes to a server, its response to the client, and the log has a line."""
        server = self.ask()
        self.assertEqual(
            b"GET / HTTP/1.1\r\nHost: www.example\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.7\r\n"
            b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: www.example\r\n\r\n",
            server.received(),
        )
        server.send(answer())
        self.assertEqual(
            b"HTTP/1.1 200 OK\r\nDate: now\r\nSet-Cookie: route=a; Path=/\r\nContent-Length: 2\r\n\r\nok",
            self.client.received(),
        )
        self.assertEqual(["200 10.0.0.1:80 200 none new 2"], self.house.log)
        self.live(self.house)

    def test_a_date_is_added(self) -> None:
        """A response without a Date gets one (RFC 9110 section 6.6.1)."""
        self.ask().send(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertIn(b"\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n", self.client.received())

    def test_a_date_that_ends_here(self) -> None:
        """A Date that the server declares hop by hop goes no further, and the answer gets one of ours."""
        self.ask().send(answer(b"", b"200 OK", b"Connection: date"))
        self.assertIn(b"\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n", self.client.received())

    def test_answered_while_the_body_comes(self) -> None:
        """A whole answer and the rest of the body, read in one turn, make no second try of it."""
        server = self.ask(post(b"he", length=5))
        self.house.turns.go([(server.protocol._wrappedProtocol, answer()), (self.client.protocol, b"llo")])
        self.assertEqual(200, status(self.client.received()))
        self.assertEqual([("10.0.0.1", 80)], self.house.servers.asked)
        self.assertEqual(1, len(self.house.log))
        self.live(self.house)

    def test_kept_connections(self) -> None:
        """Requests to one server go over one connection."""
        server = self.ask(get(b"route=a"))
        for _ in range(3):
            server.send(answer())
            self.assertEqual(200, status(self.client.received()))
            self.client.send(get(b"route=a"))
        self.assertEqual([("10.0.0.1", 80)], self.house.servers.asked)

    def test_streaming(self) -> None:
        """A response goes on as it comes, and a client that falls behind holds the server back."""
        server = self.ask()
        server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        self.assertTrue(self.client.received().endswith(b"\r\n\r\nabc"))
        self.client.protocol.pauseProducing()
        self.assertFalse(server.transport.reading)
        self.client.protocol.resumeProducing()
        self.assertTrue(server.transport.reading)
        server.send(b"def", b"ghi")
        self.assertEqual((b"defghi", ["200 10.0.0.1:80 200 none new 9"]), (self.client.received(), self.house.log))

    def test_a_slow_client_does_not_hold_a_connection_that_is_free(self) -> None:
        """Once a response has ended, its connection no longer waits for the client."""
        server = self.ask()
        server.send(answer())
        self.client.protocol.pauseProducing()
        self.assertTrue(server.transport.reading)

    def test_until_close(self) -> None:
        """A response of unknown length is chunked for the client."""
        server = self.ask()
        server.send(b"HTTP/1.0 200 OK\r\n\r\nabc")
        server.close()
        self.assertTrue(self.client.received().endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))

    def test_head(self) -> None:
        """A response to HEAD goes on with its length and without a body."""
        self.ask(get(method=b"HEAD")).send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        response = self.client.received()
        self.assertIn(b"Content-Length: 5\r\n", response)
        self.assertTrue(response.endswith(b"\r\n\r\n"))

    def test_body(self) -> None:
        """A body goes on with the head, in one write if it is here, and then as it comes."""
        server = self.ask(post(b"he", 5))
        self.assertTrue(server.received().endswith(b"Content-Length: 5\r\n\r\nhe"))
        self.client.send(b"l", b"lo")
        self.assertEqual(b"llo", server.received())
        server.send(answer())
        self.assertEqual(200, status(self.client.received()))
        self.assertFalse(server.dropped)

    def test_chunked_body(self) -> None:
        """A chunked body is chunked anew: extensions and trailers end here."""
        server = self.ask(CHUNKED_POST + b"3;x=y\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\nX-T: 1\r\n\r\n")
        self.assertTrue(
            server.received().endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        )

    def test_a_server_that_does_not_read(self) -> None:
        """A server that falls behind holds the client back."""
        server = self.ask(post(b"he", 3 * AHEAD))
        server.received()
        server.protocol._wrappedProtocol.pauseProducing()
        self.client.send(b"x" * AHEAD)
        self.assertEqual((b"", False), (server.received(), self.client.transport.reading))
        server.protocol._wrappedProtocol.resumeProducing()
        self.assertEqual((AHEAD, True), (len(server.received()), self.client.transport.reading))

    def test_expect(self) -> None:
        """A client that waits for 100 gets it when there is a server to take the body; the field ends here."""
        self.client.send(post(b"", 5, b"Expect: 100-continue\r\n"))
        self.assertEqual(b"", self.client.received())
        server = self.house.servers.accept()
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", self.client.received())
        self.assertNotIn(b"Expect", server.received())

    def test_answer_before_the_body(self) -> None:
        """A server that answers before the body is there is believed; both connections end with it."""
        server = self.ask(post(b"he", 5))
        server.send(answer(b"no", b"403 Forbidden"))
        self.assertEqual((403, True), (status(self.client.received()), self.client.dropped))
        self.assertTrue(server.dropped)
        self.live(self.house)

    def test_pipelined(self) -> None:
        """Pipelined requests are answered in order, each by its own response."""
        self.client.send(get(b"route=a") + get(b"route=b"))
        self.house.servers.accept().send(answer(b"one"))
        self.house.servers.accept().send(answer(b"two"))
        response = self.client.received()
        self.assertLess(response.index(b"\r\n\r\none"), response.index(b"\r\n\r\ntwo"))

    # -- ends ----------------------------------------------------------------------------------------------------------

    def test_client_leaves_while_it_waits(self) -> None:
        """A client that goes away ends its try at the server."""
        server = self.ask()
        self.client.close()
        self.assertEqual((True, ["499 10.0.0.1:80 - none new 0"]), (server.dropped, self.house.log))
        self.live(self.house)

    def test_client_leaves_while_connecting_with_a_body(self) -> None:
        """A client that goes away before there is anybody to take its body gives the attempt up, too."""
        self.client.send(post(b"he", 5))
        self.assertTrue(self.client.transport.reading)
        self.client.close()
        self.assertIn("499 10.0.0.1:80 -", self.house.log[0])
        self.live(self.house)

    def test_client_leaves_while_connecting(self) -> None:
        """A client that goes away before there is a connection gives the attempt up."""
        self.client.send(GET)
        self.client.close()
        self.assertEqual(["499 10.0.0.1:80 - none new 0"], self.house.log)
        self.live(self.house)

    def test_client_leaves_in_the_middle(self) -> None:
        """A client that goes away in the middle of the response ends it; the log has the server's status."""
        server = self.ask()
        server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        self.client.close()
        self.assertEqual((True, ["200 10.0.0.1:80 200 none new 3"]), (server.dropped, self.house.log))
        self.live(self.house)

    def test_cut_response(self) -> None:
        """A response that is cut short is cut short for the client: it gets no end that was never sent."""
        for head in (b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"):
            self.setUp()
            server = self.ask()
            server.send(b"HTTP/1.1 200 OK\r\n" + head)
            server.close()
            self.assertTrue(self.client.dropped)
            self.assertFalse(self.client.transport.half_closed)
            self.assertNotIn(b"0\r\n\r\n", self.client.received())
            self.assertEqual(["200 10.0.0.1:80 200 none new 3"], self.house.log)
            self.live(self.house)

    def test_broken_body(self) -> None:
        """A request whose body is broken is refused, and the server is told nothing more."""
        server = self.ask(CHUNKED_POST)
        self.client.send(b"zz\r\n")
        self.assertEqual((400, True), (status(self.client.received()), self.client.dropped))
        self.assertTrue(server.dropped)
        self.live(self.house)

    def test_slow_body(self) -> None:
        """A body that does not arrive in time is 408."""
        server = self.ask(post(b"he", 5))
        self.house.wait(62)
        self.assertEqual((408, True), (status(self.client.received()), server.dropped))


class SizeTests(ForwardTestCase):
    def setUp(self) -> None:
        self.house = two(http="client_max_body_size = 4")
        self.client = self.house.client()

    def test_announced(self) -> None:
        """A body that is announced too large is refused before a server hears of it."""
        self.client.send(post(b"", 5))
        self.assertEqual((413, []), (status(self.client.received()), self.house.servers.asked))

    def test_chunked(self) -> None:
        """A chunked body is refused when it grows too large, whether it came at once or in parts."""
        self.client.send(CHUNKED_POST + b"5\r\nhello\r\n0\r\n\r\n")
        self.assertEqual((413, []), (status(self.client.received()), self.house.servers.asked))
        self.client = self.house.client()
        self.client.send(CHUNKED_POST)
        server = self.house.servers.accept()
        self.client.send(b"3\r\nabc\r\n", b"2\r\nde\r\n")
        self.assertEqual((413, True), (status(self.client.received()), server.dropped))
        self.live(self.house)

    def test_no_limit(self) -> None:
        """0 is no limit."""
        house = two(http="client_max_body_size = 0")
        client = house.client()
        client.send(post(b"x" * 5000))
        self.assertIn(b"x" * 5000, house.servers.accept().received())


class StickyTests(ForwardTestCase):
    def test_a_session_stays(self) -> None:
        """A client with the cookie goes to its server, which does not see it, and is sent no other."""
        house = two(upstream=STICKY + " option=indirect")
        client = house.client()
        for sid, address in ((b"b", "10.0.0.2"), (b"a", "10.0.0.1")):
            client.send(get(b"x=1; route=" + sid + b"; y=2"))
            self.assertEqual((address, 80), house.servers.asked[-1])
            server = house.servers.accept()
            for _ in range(3):
                self.assertIn(b"\r\nCookie: x=1; y=2\r\n", server.received())
                server.send(answer())
                self.assertNotIn(b"Set-Cookie", client.received())
                client.send(get(b"x=1; route=" + sid + b"; y=2"))
            server.send(answer())
        self.assertEqual("200 10.0.0.2:80 200 valid bound 2", house.log[0])

    def test_server_gone(self) -> None:
        """A session whose server fails moves to another, and its cookie with it."""
        house = two()
        client = house.client()
        client.send(get(b"route=a"))
        house.servers.refuse()
        house.servers.accept().send(answer())
        self.assertIn(b"Set-Cookie: route=b; Path=/\r\n", client.received())
        self.assertEqual(["200 10.0.0.1:80, 10.0.0.2:80 502, 200 down failed 2"], house.log)
        self.live(house)

    def test_fallback_off(self) -> None:
        """With fallback=off a session whose server fails is refused and keeps its cookie."""
        house = two(upstream=STICKY + " fallback=off")
        client = house.client()
        client.send(get(b"route=a"))
        house.servers.refuse()
        response = client.received()
        self.assertEqual((502, False), (status(response), b"Set-Cookie" in response))
        self.assertEqual(1, len(house.servers.asked))

    def test_fallback_off_with_junk(self) -> None:
        """With fallback=off a cookie that no server knows is refused, and cleared so that it is not for ever."""
        house = two(upstream=STICKY + " fallback=off")
        client = house.client()
        client.send(get(b"route=junk"))
        response = client.received()
        self.assertEqual((502, []), (status(response), house.servers.asked))
        self.assertIn(b"Max-Age=0", response)
        self.assertTrue(house.log[0].startswith("502 - - invalid unknown "))
        client.send(get())
        house.servers.accept().send(answer())
        self.assertEqual(200, status(client.received()))

    def test_strict(self) -> None:
        """With strict a session whose server is unknown or fails gets that status, and new clients get served."""
        house = two(upstream=STICKY + " strict=410")
        client = house.client()
        client.send(get(b"route=junk"))
        self.assertEqual((410, []), (status(client.received()), house.servers.asked))
        client.send(get(b"route=a"))
        house.servers.refuse()
        self.assertEqual(410, status(client.received()))
        client.send(get())
        house.servers.accept().send(answer())
        self.assertEqual(200, status(client.received()))

    def test_strict_when_no_other_is_tried(self) -> None:
        """With strict a session whose server fails gets that status too where no other server would be tried."""
        house = two(upstream=STICKY + " strict=410", location="proxy_next_upstream = off")
        client = house.client()
        client.send(get(b"route=a"))
        house.servers.refuse()
        self.assertEqual(410, status(client.received()))
        house = two(upstream=STICKY + " strict=410")
        client = house.client()
        client.send(get(b"route=a", b"POST"))
        house.servers.accept().reset()
        response = client.received()
        self.assertEqual(410, status(response))
        self.assertNotIn(b"Set-Cookie", response)

    def test_error_page_binds_nobody(self) -> None:
        """An error page that a server gives goes out with the error's status, with which no session begins."""
        page = "[location www = /page]\nproxy_pass = http://app"
        house = two(location="access = deny all\nerror_page = 403 /page\n" + page)
        client = house.client()
        client.send(get())
        house.servers.accept().send(answer())
        response = client.received()
        self.assertEqual(403, status(response))
        self.assertNotIn(b"Set-Cookie", response)

    def test_strict_is_about_sessions(self) -> None:
        """With strict a request without a session that nobody takes is a bad gateway, as elsewhere."""
        house = two(upstream=STICKY + " strict=410", location="proxy_next_upstream = off")
        client = house.client()
        client.send(get())
        house.servers.refuse()
        self.assertEqual(502, status(client.received()))

    def test_header(self) -> None:
        """With header= the server is named in a field of the answer, and found by that field of the request."""
        house = two(upstream="session_sticky = header=X-Session hash=plain")
        client = house.client()
        client.send(GET)
        server = house.servers.accept()
        server.send(answer())
        response = client.received()
        self.assertIn(b"X-Session: a\r\n", response)
        self.assertNotIn(b"Set-Cookie", response)
        client.send(b"GET / HTTP/1.1\r\nHost: www.example\r\nX-Session: a\r\n\r\n")
        server.send(answer())
        self.assertNotIn(b"X-Session", client.received())
        self.assertEqual("200 10.0.0.1:80 200 valid bound 2", house.log[1])

    def test_off(self) -> None:
        """Where session_sticky is off no session is followed and none started, as if there were no directive."""
        house = two(location="session_sticky = off")
        client = house.client()
        client.send(get(b"route=b"))
        house.servers.accept().send(answer())
        self.assertNotIn(b"Set-Cookie", client.received())
        self.assertEqual("200 10.0.0.1:80 200 none new 2", house.log[0])

    def test_counted(self) -> None:
        """What requests claim is counted by their upstream, refused ones too."""
        house = two(upstream=STICKY + " strict=410", location="[location www = /status]\ncheck_status = html")
        client = house.client()
        for cookie in (b"", b"route=b"):
            client.send(get(cookie))
            server = house.servers.accept()
            server.send(answer())
        client.send(get(b"route=b"))
        server.send(answer())
        client.send(get(b"route=gone"))
        (claims,) = house.survey.claims()
        self.assertEqual("app", claims.upstream)
        self.assertEqual({"none": 1, "invalid": 1, "valid": 2, "down": 0, "expired": 0}, claims.counts)

    def learning(self, parameters: str, *pieces: bytes, fields: bytes = b"") -> list[bool]:
        """After each piece of a server's response, say whether the session is known that its head tells of."""
        learn = "sticky = learn create=$upstream_cookie_s lookup=$cookie_s zone=z:32k"
        house = two(upstream=f"{learn} {parameters}\nkeepalive = 0")
        client = house.client()
        client.send(GET[:-2] + fields + b"\r\n")
        server = house.servers.accept()
        known = []
        for piece in pieces:
            server.send(piece)
            house.client().send(get(b"s=1"))
            house.servers.accept().send(answer())
            known.append("valid bound" in house.log[-1])
        return known

    def test_learn(self) -> None:
        """A session is learned at the end of the answer that creates it, and with `header` at its head."""
        head, body = answer(b"ab", b"200 OK", b"Set-Cookie: s=1").split(b"ab")[0], (b"a", b"b")
        self.assertEqual([False, False, True], self.learning("", head, *body))
        self.assertEqual([True, True, True], self.learning("header", head, *body))
        self.assertEqual([True], self.learning("", answer(b"ab", b"200 OK", b"Set-Cookie: s=1")))

    def test_learn_nothing_from_a_cut_answer(self) -> None:
        """An answer that breaks off creates no session."""
        learn = "sticky = learn create=$upstream_cookie_s lookup=$cookie_s zone=z:32k"
        house = two(upstream=learn + "\nkeepalive = 0")
        house.client().send(GET)
        server = house.servers.accept()
        server.send(answer(b"ab", b"200 OK", b"Set-Cookie: s=1")[:-1])
        server.reset()
        house.client().send(get(b"s=1"))
        house.servers.accept().send(answer())
        self.assertIn("invalid unknown", house.log[-1])

    def test_learn_from_an_upgrade(self) -> None:
        """The answer to an upgrade ends with its head: a WebSocket's session is known while it lasts."""
        switching = b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSet-Cookie: s=1\r\n\r\n"
        asked = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
        self.assertEqual([True], self.learning("", switching, fields=asked))

    def test_nocache(self) -> None:
        """With nocache an answer that sets the cookie is for one client only."""
        house = two(upstream=STICKY + " nocache")
        client = house.client()
        client.send(GET)
        house.servers.accept().send(answer())
        self.assertIn(b"Cache-Control: private\r\n", client.received())

    def test_down(self) -> None:
        """A server that is down gets no request, a session's neither."""
        house = two(a="down")
        client = house.client()
        client.send(get(b"route=a"))
        self.assertEqual([("10.0.0.2", 80)], house.servers.asked)


class MaxConnsTests(ForwardTestCase):
    def test_full(self) -> None:
        """A server with `max_conns` connections gets no more, a session's neither, until one is free."""
        house = two(a="max_conns=1")
        first, second = house.client(), house.client()
        first.send(get(b"route=a"))
        server = house.servers.accept()
        second.send(get(b"route=a"))
        self.assertEqual([("10.0.0.1", 80), ("10.0.0.2", 80)], house.servers.asked)
        house.servers.accept().send(answer())
        self.assertEqual(["200 10.0.0.2:80 200 down full 2"], house.log)
        server.send(answer())
        second.send(get(b"route=a"))
        server.send(answer())
        self.assertEqual("200 10.0.0.1:80 200 valid bound 2", house.log[2])
        self.live(house)


class RetryTests(ForwardTestCase):
    def test_refused(self) -> None:
        """A server that refuses is followed by the next, for any method: it has seen nothing of the request."""
        for request in (GET, post()):
            house = two()
            client = house.client()
            client.send(request)
            house.servers.refuse()
            server = house.servers.accept()
            self.assertIn(request.partition(b"\r\n\r\n")[2], server.received())
            server.send(answer())
            self.assertEqual(200, status(client.received()))
            self.live(house)

    def test_all_refuse(self) -> None:
        """When every server has failed the client gets 502, each having been tried once."""
        house = two()
        client = house.client()
        client.send(GET)
        house.servers.refuse()
        house.servers.refuse()
        self.assertEqual((502, 2), (status(client.received()), len(house.servers.asked)))
        self.assertIn("502 10.0.0.1:80, 10.0.0.2:80 502, 502 none new ", house.log[0])
        self.live(house)

    def test_no_descriptors(self) -> None:
        """Where this process can open no connection it is 503: no server is blamed, and no other one is asked."""
        house = two()
        client = house.client()
        client.send(get(b"route=a"))
        house.servers.refuse(ConnectBindError(EMFILE, "too many"))
        self.assertEqual((503, 1), (status(client.received()), len(house.servers.asked)))
        client.send(get(b"route=a"))
        house.servers.accept().send(answer())
        self.assertEqual(200, status(client.received()))
        self.assertEqual([("10.0.0.1", 80)] * 2, house.servers.asked)

    def test_cut(self) -> None:
        """A request that may be repeated is; one that may not is never sent twice."""
        for request, again in ((GET, True), (post(method=b"PUT"), True), (post(), False)):
            house = two()
            client = house.client()
            client.send(request)
            house.servers.accept().close()
            self.assertEqual(again, len(house.servers.asked) == 2)
            if again:
                house.servers.accept().send(answer())
            self.assertEqual(200 if again else 502, status(client.received()))
            self.live(house)

    def test_timeout(self) -> None:
        """A server that does not answer in time is followed by the next; the last one's silence is 504."""
        house = two(location="proxy_read_timeout = 5s")
        client = house.client()
        client.send(GET)
        server = house.servers.accept()
        house.wait(7)
        self.assertTrue(server.dropped)
        house.servers.accept()
        house.wait(7)
        self.assertEqual(504, status(client.received()))

    def test_limits(self) -> None:
        """`proxy_next_upstream_tries` and `_timeout` bound what is tried."""
        for limit, waits in (("proxy_next_upstream_tries = 1", 0), ("proxy_next_upstream_timeout = 5s", 6)):
            house = two(location=limit)
            client = house.client()
            client.send(GET)
            house.reactor.advance(waits)
            house.servers.refuse()
            self.assertEqual((502, 1), (status(client.received()), len(house.servers.asked)))

    def test_off(self) -> None:
        """With proxy_next_upstream off there is one try."""
        house = two(location="proxy_next_upstream = off")
        client = house.client()
        client.send(GET)
        house.servers.refuse()
        self.assertEqual((502, 1), (status(client.received()), len(house.servers.asked)))

    def test_status(self) -> None:
        """A status that is named is followed by another server, and passed on when there is none left."""
        house = two(location="proxy_next_upstream = http_503")
        client = house.client()
        client.send(GET)
        house.servers.accept().send(answer(b"busy", b"503 Service Unavailable"))
        house.servers.accept().send(answer(b"busy too", b"503 Service Unavailable"))
        self.assertTrue(client.received().endswith(b"busy too"))
        self.live(house)

    def test_stale(self) -> None:
        """A kept connection that the server had closed is no failure: the same server is asked on a new one, once."""
        house = two()
        client = house.client()
        client.send(get(b"route=a"))
        server = house.servers.accept()
        server.send(answer())
        client.received()
        client.send(get(b"route=a"))
        server.close()
        self.assertEqual([("10.0.0.1", 80)] * 2, house.servers.asked)
        house.servers.accept().send(answer())
        self.assertEqual(200, status(client.received()))
        self.assertEqual(0, house.upstreams["app"].group.peers[0].fails)
        self.live(house)

    def test_unasked_bytes_on_a_kept_connection(self) -> None:
        """A client's request that is wrong while a server's response is too: each gets what is due to it."""
        house = two(location="proxy_next_upstream = off")
        client = house.client()
        client.send(GET, b"GET / HTTP/1.1\r\n\r\n")
        house.servers.accept().send(b"garbage\r\n\r\n")
        responses = client.received()
        self.assertEqual((502, True), (status(responses), b"HTTP/1.1 400" in responses))
        self.assertTrue(client.dropped)

    def test_stale_post(self) -> None:
        """A POST on a connection that turns out to be closed may have been seen: it is not sent again."""
        house = two()
        client = house.client()
        client.send(get(b"route=a"))
        server = house.servers.accept()
        server.send(answer())
        client.received()
        client.send(post(fields=b"Cookie: route=a\r\n"))
        server.close()
        self.assertEqual((502, 1), (status(client.received()), len(house.servers.asked)))

    def test_a_body_on_its_way(self) -> None:
        """A body that is still arriving is sent to the next server from its beginning."""
        house = two()
        client = house.client()
        client.send(post(b"he", 5, method=b"PUT"))
        house.servers.accept().close()
        client.send(b"l")
        server = house.servers.accept()
        client.send(b"lo")
        self.assertTrue(server.received().endswith(b"\r\n\r\nhello"))

    def test_a_body_between_two_tries(self) -> None:
        """While there is no server to take it a body is not read, whatever the first one answered."""
        house = two(location="proxy_next_upstream = http_503")
        client = house.client()
        client.send(post(b"he", 5 * AHEAD, method=b"PUT"))
        house.servers.accept().send(answer(b"busy", b"503 Service Unavailable"))
        client.send(b"x" * AHEAD)
        self.assertFalse(client.transport.reading)
        server = house.servers.accept()
        self.assertTrue(server.received().endswith(b"he" + b"x" * AHEAD))
        self.assertTrue(client.transport.reading)

    def test_a_body_behind_a_failure(self) -> None:
        """Nor is it read behind a server that failed, or behind a kept connection that turned out to be closed."""
        for kept in (True, False):
            house = two(location="proxy_next_upstream = error")
            client = house.client()
            if kept:
                client.send(get(b"route=a"))
                server = house.servers.accept()
                server.send(answer())
            client.send(post(b"he", 5 * AHEAD, b"Cookie: route=a\r\n", method=b"PUT"))
            if not kept:
                server = house.servers.accept()
            server.close()
            client.send(b"x" * AHEAD)
            self.assertFalse(client.transport.reading)
            second = house.servers.accept()
            self.assertTrue(second.received().endswith(b"he" + b"x" * AHEAD))
            self.assertTrue(client.transport.reading)

    def test_a_fault_of_our_own(self) -> None:
        """What goes wrong in here while a request is sent is a plain 500, and nobody stays busy."""
        house = two()
        client = house.client()
        client.send(GET)
        server = house.servers
        location = house.sites["0.0.0.0:8080"].hosts.default.prefix
        location._recipe.head = lambda *_: {}["nothing"]
        server.accept()
        self.assertEqual(500, status(client.received()))
        self.live(house)
        self.flushLoggedErrors(KeyError)

    def test_a_fault_of_our_own_with_a_response(self) -> None:
        """What goes wrong in here with a response is a plain 500, once, and nobody stays busy."""
        house = two()
        client = house.client()
        client.send(GET)
        house.sites["0.0.0.0:8080"].hosts.default.prefix.scope.recipe.lines = lambda *_: {}["nothing"]
        house.servers.accept().send(answer())
        self.assertEqual((500, 1), (status(client.received()), len(house.log)))
        self.live(house)
        self.flushLoggedErrors(KeyError)

    def test_a_long_body(self) -> None:
        """A body that was too long to be kept is not sent again."""
        house = two()
        client = house.client()
        client.send(post(b"x" * 70000, 80000, method=b"PUT"))
        house.servers.accept().close()
        self.assertEqual((502, 1), (status(client.received()), len(house.servers.asked)))

    def test_single(self) -> None:
        """The only server is asked again by each request, however often it fails."""
        house = House(
            "[upstream app]\nserver = 10.0.0.1:80\n[server www]\nlisten = 8080\n"
            "[location www /]\nproxy_pass = http://app\n"
        )
        client = house.client()
        for _ in range(3):
            client.send(GET)
            house.servers.refuse()
            self.assertEqual(502, status(client.received()))
        self.assertEqual(3, len(house.servers.asked))
