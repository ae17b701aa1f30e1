from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.house import GET, House, answer, status

HEAD = """
[http]
log_format = told "$status $request_uri $upstream_addr $upstream_status $server_name"
access_log = log told
[upstream app]
server = 10.0.0.1:80
[server www]
listen = 8080
server_name = www.example
"""


def house(*locations: str, server: str = "") -> House:
    return House(HEAD + server + "\n" + "\n".join(locations))


APP = "[location www /]\nproxy_pass = http://app\n"


def get(path: bytes = b"/", fields: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: www.example\r\n" + fields + b"\r\n"


class ErrorAnswerTests(SynchronousTestCase):
    def test_plain(self) -> None:
        """An error is a short page with its status, and the connection goes on."""
        client = house().client()
        for _ in range(2):
            client.send(GET)
            response = client.received()
            self.assertTrue(response.startswith(b"HTTP/1.1 404 Not Found\r\nServer: stickyproxy\r\nDate: "), response)
            self.assertIn(b"<h1>404 Not Found</h1>", response)
        self.assertFalse(client.dropped)

    def test_json(self) -> None:
        """A client that prefers JSON gets that."""
        client = house().client()
        client.send(get(fields=b"Accept: application/json\r\n"))
        response = client.received()
        self.assertIn(b"Content-Type: application/json\r\n", response)
        self.assertTrue(response.endswith(b'{"status": 404, "error": "Not Found"}\n'))

    def test_malformed(self) -> None:
        """A request that cannot be read is answered and logged as well, by the default server."""
        home = house(APP)
        client = home.client()
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual((400, True), (status(client.received()), client.dropped))
        self.assertEqual(["400 / - - www.example"], home.log)

    def test_a_path_that_leads_nowhere(self) -> None:
        """A path above the root is 400, and the connection goes on: the request itself was sound."""
        home = house(APP)
        client = home.client()
        client.send(get(b"/../x"))
        self.assertEqual((400, False), (status(client.received()), client.dropped))

    def test_head(self) -> None:
        """An error answered to HEAD has no body."""
        client = house().client()
        client.send(get(method=b"HEAD"))
        self.assertTrue(client.received().endswith(b"\r\n\r\n"))


class AccessTests(SynchronousTestCase):
    def test_denied(self) -> None:
        """Who may not enter gets 403, and no server hears of it."""
        home = house(APP + "access =\n    deny 192.0.2.0/24\n    allow all\n")
        client = home.client()
        client.send(GET)
        self.assertEqual((403, []), (status(client.received()), home.servers.asked))

    def test_allowed(self) -> None:
        """Who may enter is served."""
        home = house(APP + "access =\n    allow 192.0.2.7\n    deny all\n")
        client = home.client()
        client.send(GET)
        home.servers.accept().send(answer())
        self.assertEqual(200, status(client.received()))


class ErrorPageTests(SynchronousTestCase):
    def test_from_a_location(self) -> None:
        """An error page is served by another location, with the status of the error, in the same connection."""
        home = house(
            APP + "error_page = 502 /sorry\n", '[location www = /sorry]\nreturn = 200 "come back, $request_uri"\n'
        )
        client = home.client()
        client.send(get(b"/x"))
        home.servers.refuse()
        response = client.received()
        self.assertEqual((502, False), (status(response), client.dropped))
        self.assertTrue(response.startswith(b"HTTP/1.1 502 Bad Gateway\r\n"))
        self.assertTrue(response.endswith(b"come back, /x"))
        self.assertEqual(["502 /x 10.0.0.1:80 502 www.example"], home.log)

    def test_with_a_status(self) -> None:
        """An error page may go out with another status, or with its own."""
        for written, expected in (("=200", 200), ("=", 203)):
            home = house(
                f"[location www /]\nreturn = 404\nerror_page = 404 {written} /x\n",
                "[location www /x]\nreturn = 203 x\n",
            )
            client = home.client()
            client.send(GET)
            self.assertEqual(expected, status(client.received()))

    def test_from_a_server(self) -> None:
        """An error page may come from a server, which is asked by GET and without the body."""
        home = house("[location www /]\nreturn = 404\nerror_page = 404 /x\n", APP.replace("www /", "www /x"))
        client = home.client()
        client.send(b"POST / HTTP/1.1\r\nHost: www.example\r\nContent-Length: 5\r\n\r\nhello")
        server = home.servers.accept()
        request = server.received()
        self.assertTrue(request.startswith(b"GET /x HTTP/1.1\r\n"))
        self.assertTrue(request.endswith(b"\r\n\r\n"))
        server.send(answer(b"not here"))
        response = client.received()
        self.assertEqual(404, status(response))
        self.assertTrue(response.endswith(b"not here"))

    def test_a_page_that_has_not_changed(self) -> None:
        """An error page that is answered with 304 has no body, and the client is not told of one."""
        home = house("[location www /]\nreturn = 404\nerror_page = 404 /x\n", APP.replace("www /", "www /x"))
        client = home.client()
        client.send(get(fields=b"If-None-Match: x\r\n"))
        home.servers.accept().send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n")
        response = client.received()
        self.assertTrue(response.startswith(b"HTTP/1.1 404 Not Found\r\n"), response)
        self.assertIn(b"Content-Length: 0\r\n", response)

    def test_tries_of_its_own(self) -> None:
        """An error page from another upstream has tries of its own; the log parts the upstreams by a colon."""
        home = house(
            APP + "error_page = 502 /page\nproxy_next_upstream_tries = 1\n",
            "[upstream pages]\nserver =\n    10.0.0.8:80\n    10.0.0.9:80\n",
            "[location www /page]\nproxy_pass = http://pages\nproxy_next_upstream_tries = 2\n",
        )
        client = home.client()
        client.send(GET)
        home.servers.refuse()
        home.servers.refuse()
        home.servers.accept().send(answer(b"page"))
        response = client.received()
        self.assertTrue(response.startswith(b"HTTP/1.1 502 Bad Gateway\r\n"), response)
        self.assertEqual(["502 / 10.0.0.1:80 : 10.0.0.8:80, 10.0.0.9:80 502 : 502, 200 www.example"], home.log)

    def test_what_had_come_of_the_body(self) -> None:
        """The body that came of a request that is answered by an error page counts as its own."""
        home = house(
            APP + "error_page = 413 /sorry\nclient_max_body_size = 10\n", "[location www /sorry]\nreturn = 413 no\n"
        )
        told: list[int] = []
        sorry = home.sites["0.0.0.0:8080"].hosts.default.locate(b"/sorry")
        sorry.scope.observers = (lambda outcome: told.append(outcome.received),)
        client = home.client()
        client.send(get(method=b"POST", fields=b"Transfer-Encoding: chunked\r\n") + b"8\r\n12345678\r\n")
        client.send(b"3\r\n123\r\n")
        self.assertEqual((413, [11]), (status(client.received()), told))

    def test_with_a_cleared_cookie(self) -> None:
        """What goes with a refusal goes with its error page too: a cookie that is cleared stays cleared."""
        for page in ("return = 200 x", "proxy_pass = http://pages"):
            home = house(
                "[upstream sticky]\nserver = 10.0.0.7:80\nsession_sticky = hash=plain fallback=off\n",
                "[upstream pages]\nserver = 10.0.0.8:80\n",
                "[location www /]\nproxy_pass = http://sticky\nerror_page = 502 /page\n",
                f"[location www /page]\n{page}\n",
            )
            client = home.client()
            client.send(get(fields=b"Cookie: route=junk\r\n"))
            if home.servers.asked:
                home.servers.accept().send(answer())
            response = client.received()
            self.assertEqual(502, status(response))
            self.assertIn(b"Set-Cookie: route=; Path=/; Max-Age=0\r\n", response)

    def test_an_error_in_the_error_page(self) -> None:
        """If the error page fails too, a plain one with the first error's status goes out."""
        home = house("[location www /]\nreturn = 404\nerror_page = 404 502 /x\n", APP.replace("www /", "www /x"))
        client = home.client()
        client.send(GET)
        home.servers.refuse()
        response = client.received()
        self.assertEqual(404, status(response))
        self.assertIn(b"<h1>404 Not Found</h1>", response)

    def test_elsewhere(self) -> None:
        """An error page at another site is a redirect."""
        client = house("[location www /]\nreturn = 404\nerror_page = 404 http://sorry.example/\n").client()
        client.send(GET)
        response = client.received()
        self.assertEqual(302, status(response))
        self.assertIn(b"Location: http://sorry.example/\r\n", response)
        client = house("[location www /]\nreturn = 404\nerror_page = 404 =301 http://sorry.example/\n").client()
        client.send(GET)
        self.assertEqual(301, status(client.received()))

    def test_for_missing_locations(self) -> None:
        """The server's own error pages hold where no location does."""
        client = house("[location www = /x]\nreturn = 200 missing\n", server="error_page = 404 /x").client()
        client.send(get(b"/nothing"))
        self.assertTrue(client.received().endswith(b"missing"))


class ReturnTests(SynchronousTestCase):
    def answered(self, directive: str) -> bytes:
        client = house(f"[location www /]\nreturn = {directive}\n").client()
        client.send(get(b"/a?b=c"))
        self.dropped = client.dropped
        return client.received()

    def test_text(self) -> None:
        """`return` with a status and a text answers with both."""
        response = self.answered('200 "you asked for $uri"')
        self.assertEqual(200, status(response))
        self.assertTrue(response.endswith(b"\r\n\r\nyou asked for /a"))

    def test_redirect(self) -> None:
        """`return` with a redirect's status, or with a URL alone, redirects."""
        for directive, expected in (("301 https://$host$request_uri", 301), ("https://$host$request_uri", 302)):
            response = self.answered(directive)
            self.assertEqual(expected, status(response))
            self.assertIn(b"\r\nLocation: https://www.example/a?b=c\r\n", response)

    def test_status_alone(self) -> None:
        """A status alone is answered with nothing, or with the page of that error."""
        self.assertTrue(self.answered("204").endswith(b"\r\n\r\n"))
        self.assertIn(b"<h1>403 Forbidden</h1>", self.answered("403"))

    def test_close(self) -> None:
        """444 closes the connection without a word."""
        self.assertEqual((b"", True), (self.answered("444"), self.dropped))

    def test_added_fields(self) -> None:
        """`add_header` adds to the proxy's own answers as well, and knows their status."""
        self.assertIn(b"\r\nX-A: GET 200\r\n", self.answered('200 x\nadd_header = X-A "$request_method $status"'))


class OutcomeTests(SynchronousTestCase):
    def test_an_observer_that_fails(self) -> None:
        """An observer that fails keeps neither the others from hearing nor the next request from being answered."""
        home = house("[location www /]\nreturn = 200 x\n")
        scope = home.sites["0.0.0.0:8080"].hosts.default.prefix.scope
        scope.observers = (lambda outcome: {}["nothing"], *scope.observers)
        client = home.client()
        client.send(GET + GET)
        self.assertEqual((2, False), (client.received().count(b"HTTP/1.1 200 OK"), client.dropped))
        self.assertEqual(2, len(home.log))
        self.assertEqual(2, len(self.flushLoggedErrors(KeyError)))

    def test_every_request_has_one(self) -> None:
        """Each request is told of once, when its answer is out or its client is gone."""
        home = house(APP, "[location www /own]\nreturn = 200 x\n")
        client = home.client()
        client.send(get(b"/own") + get(b"/1") + get(b"/2"))
        self.assertEqual(["200 /own - - www.example"], home.log)
        server = home.servers.accept()
        server.send(answer())
        self.assertEqual("200 /1 10.0.0.1:80 200 www.example", home.log[1])
        client.close()
        self.assertEqual("499 /2 10.0.0.1:80 - www.example", home.log[2])
        self.assertEqual(3, len(home.log))

    def test_the_bytes_of_each(self) -> None:
        """What went out is counted for each of the requests that a client sends ahead, though they go by steps."""
        home = house("[location www /]\nreturn = 200 $request_uri\n")
        told: list[int] = []
        home.sites["0.0.0.0:8080"].hosts.default.prefix.scope.observers = (
            lambda outcome: told.append(outcome.bytes_sent),
        )
        client = home.client()
        home.turns.go([(client.protocol, get(b"/1") + get(b"/longer") + get(b"/3"))])
        first, second, third = (len(b"HTTP/1.1" + each) for each in client.received().split(b"HTTP/1.1")[1:])
        self.assertEqual([first, second, third], told)
