import os
from collections.abc import Callable, Iterator

from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.proxy.body import PIECE
from tests.proxy.house import GET, House, answer, status
from tests.wire import End, Transport

CONFIG = """
[http]
log_format = told "$status $upstream_addr $upstream_status $body_bytes_sent $upstream_response_length"
access_log = log told
client_max_body_size = 1m
proxy_buffers = 2 10
proxy_busy_buffers_size = 10
proxy_max_temp_file_size = 0
[upstream app]
server =
    10.0.0.1:80
    10.0.0.2:80
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
{location}
"""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n"


class SlowTransport(Transport):
    """Takes no more after each write."""

    def write(self, data: bytes) -> None:
        super().write(data)
        self.producer.pauseProducing()


class SlowServer(End):
    """A server that takes one write at a time."""

    def __init__(self, home: House) -> None:
        self.protocol = home.servers._next().buildProtocol(None)
        self.transport = SlowTransport()
        self.protocol.makeConnection(self.transport)


def house(location: str = "") -> House:
    return House(CONFIG.format(location=location))


def happening(*events: Callable[[], object]) -> Iterator[tuple[Protocol, bytes]]:
    """Have things happen among those that are read from in a turn."""
    for event in events:
        event()
    yield from ()


class AnswerTests(SynchronousTestCase):
    """A client that stops reading in the midst of an answer of 60 bytes; 20 of them may wait in memory."""

    def stall(self, location: str = "", fields: bytes = b"", request: bytes = GET) -> None:
        self.house = house(location)
        self.client = self.house.client()
        self.client.send(request)
        self.server = self.house.servers.accept()
        self.server.send(HEAD + fields + b"\r\n" + b"0" * 10)
        self.assertTrue(self.client.received().endswith(b"0" * 10))
        self.client.protocol.pauseProducing()

    def test_the_client_catches_up_as_the_answer_ends(self) -> None:
        """An answer that ends, and a client that fetches the last of it, in one turn: it ends but once."""
        home = house()
        client = home.client()
        client.send(GET + GET)
        server = home.servers.accept()
        server.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        channel, producing = client.protocol, client.transport.producer
        producing.pauseProducing()
        server.send(b"3\r\ndef\r\n")
        written, channel._write = channel._write, lambda data: (written(data), producing.pauseProducing())
        producing.resumeProducing()
        channel._write = written
        home.turns.go(happening(lambda: server.send(b"0\r\n\r\n"), producing.resumeProducing))
        self.assertEqual(1, client.received().count(b"0\r\n\r\n"))
        home.servers.accept().send(answer(b"next"))
        self.assertTrue(client.received().endswith(b"\r\n\r\nnext"))
        self.assertEqual(2, len(home.log))

    def test_the_server_is_read_ahead(self) -> None:
        """The server is read on while there is room, is let go on when there is some again, and nothing is lost."""
        self.stall()
        self.server.send(b"1" * 10, b"2" * 10)
        self.assertEqual((b"", True), (self.client.received(), self.server.transport.reading))
        self.server.send(b"3" * 10)
        self.assertFalse(self.server.transport.reading)
        self.client.protocol.resumeProducing()
        self.assertEqual(
            (b"1" * 10 + b"2" * 10 + b"3" * 10, True), (self.client.received(), self.server.transport.reading)
        )
        self.server.send(b"4" * 10, b"5" * 10)
        self.assertEqual(b"4" * 10 + b"5" * 10, self.client.received())
        self.assertEqual(["200 10.0.0.1:80 200 60 60"], self.house.log)

    def test_a_client_that_has_caught_up(self) -> None:
        """Once the client has caught up it takes the rest as it comes, in as large pieces."""
        self.stall()
        self.server.send(b"1" * 10)
        self.client.protocol.resumeProducing()
        self.assertIsNone(self.client.protocol._handler._slow_client)
        self.server.send(b"2" * 40)
        self.assertEqual(b"1" * 10 + b"2" * 40, self.client.received())

    def test_the_server_is_set_free(self) -> None:
        """A server that is done serves others while the client still fetches; its answer ends when that has it all."""
        self.stall("proxy_max_temp_file_size = 1k")
        self.server.send(b"1" * 50)
        peers = self.house.upstreams["app"].group.peers
        self.assertEqual(([0, 0], []), ([peer.conns for peer in peers], self.house.log))
        another = self.house.client()
        another.send(GET)
        self.house.servers.accept().send(answer())
        another.send(GET)
        self.server.send(answer(b"me"))
        self.assertTrue(another.received().endswith(b"me"))
        self.client.protocol.resumeProducing()
        self.assertEqual(b"1" * 50, self.client.received())
        self.assertEqual("200 10.0.0.1:80 200 60 60", self.house.log[-1])

    def test_the_next_request(self) -> None:
        """The client's next request is taken once it has the whole of the answer before."""
        self.stall()
        self.server.send(b"1" * 50)
        self.client.send(GET)
        self.assertEqual([("10.0.0.1", 80)], self.house.servers.asked)
        self.client.protocol.resumeProducing()
        self.house.servers.accept().send(answer(b"next"))
        self.assertTrue(self.client.received().endswith(b"next"))

    def test_off(self) -> None:
        """Without buffering the server waits for the client."""
        self.stall("proxy_buffering = off")
        self.assertFalse(self.server.transport.reading)
        self.client.protocol.resumeProducing()
        self.assertTrue(self.server.transport.reading)

    def test_the_server_says_no(self) -> None:
        """A server decides for its answer, and the client is not told of it."""
        self.stall(fields=b"X-Accel-Buffering: no\r\n")
        self.assertFalse(self.server.transport.reading)

    def test_the_server_says_yes(self) -> None:
        """It may ask for buffering as well."""
        self.stall("proxy_buffering = off", fields=b"X-Accel-Buffering: yes\r\n")
        self.assertTrue(self.server.transport.reading)

    def test_what_the_server_says_is_not_passed_on(self) -> None:
        """X-Accel-Buffering is for the proxy."""
        home = house()
        client = home.client()
        client.send(GET)
        home.servers.accept().send(answer(b"x", b"200 OK", b"X-Accel-Buffering: no", b"X-Other: y"))
        response = client.received()
        self.assertEqual((False, True), (b"X-Accel" in response, b"X-Other: y" in response))

    def test_events(self) -> None:
        """What the client can take goes out at once: events arrive one by one."""
        home = house()
        client = home.client()
        client.send(GET)
        server = home.servers.accept()
        server.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.received()
        for event in (b"data: 1\n\n", b"data: 2\n\n"):
            server.send(b"9\r\n%b\r\n" % event)
            self.assertEqual(b"9\r\n%b\r\n" % event, client.received())

    def test_client_leaves(self) -> None:
        """A client that leaves leaves nothing behind: neither a server that waits for it, nor what waited for it."""
        self.stall("proxy_max_temp_file_size = 1k")
        self.server.send(b"1" * 40)
        self.client.reset()
        self.assertTrue(self.server.dropped)
        self.assertEqual(["200 10.0.0.1:80 200 10 50"], self.house.log)
        self.assertEqual([0, 0], [peer.conns for peer in self.house.upstreams["app"].group.peers])

    def test_the_server_fails(self) -> None:
        """An answer that is cut short is cut for the client too, whatever waits for it."""
        self.stall()
        self.server.send(b"1" * 10)
        self.server.reset()
        self.assertTrue(self.client.dropped)
        self.assertEqual(1, len(self.house.log))

    def test_the_rest_of_a_request_that_is_answered(self) -> None:
        """A request is not sent again because more of its body comes while its client fetches an early answer."""
        self.stall("proxy_request_buffering = off", request=post(b"Content-Length: 6", body=b"abc"))
        self.server.send(b"1" * 50)
        self.client.send(b"def")
        self.assertEqual([("10.0.0.1", 80)], self.house.servers.asked)
        self.client.protocol.resumeProducing()
        self.assertEqual((b"1" * 50, True), (self.client.received(), self.client.dropped))
        self.assertEqual(["200 10.0.0.1:80 200 60 60"], self.house.log)

    def test_a_long_head(self) -> None:
        """A head that is longer than proxy_buffer_size is 502, and the next server is asked."""
        home = house("proxy_buffer_size = 100\nproxy_next_upstream = invalid_header")
        client = home.client()
        client.send(GET)
        home.servers.accept().send(answer(b"a", b"200 OK", b"X-Long: " + b"x" * 100))
        home.servers.accept().send(answer(b"b", b"200 OK", b"X-Long: " + b"x" * 100))
        self.assertEqual(502, status(client.received()))
        client.send(GET)
        home.servers.accept().send(answer(b"c"))
        self.assertEqual(200, status(client.received()))


def post(*fields: bytes, body: bytes = b"") -> bytes:
    return b"PUT / HTTP/1.1\r\nHost: www.example\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


class RequestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = house()
        self.client = self.house.client()

    def test_a_server_sees_nothing_before_all_is_here(self) -> None:
        """A server is chosen when the body is whole."""
        self.client.send(post(b"Content-Length: 6", body=b"abc"))
        self.assertEqual([], self.house.servers.asked)
        self.client.send(b"def")
        request = self.house.servers.accept().received()
        self.assertTrue(request.endswith(b"Content-Length: 6\r\n\r\nabcdef"), request)

    def test_chunks(self) -> None:
        """A body in chunks goes on with its length, which is known by then."""
        self.client.send(post(b"Transfer-Encoding: chunked"), b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")
        request = self.house.servers.accept().received()
        self.assertTrue(request.endswith(b"Content-Length: 5\r\n\r\nabcde"), request)
        self.assertNotIn(b"Transfer-Encoding", request)

    def test_continue(self) -> None:
        """A client that waits to be asked for its body is asked at once."""
        self.client.send(post(b"Content-Length: 2", b"Expect: 100-continue"))
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", self.client.received())
        self.client.send(b"hi")
        self.assertTrue(self.house.servers.accept().received().endswith(b"\r\n\r\nhi"))

    def test_a_long_body(self) -> None:
        """A long body waits in a file, goes out as the server takes it, and to another server if that one fails."""
        body = bytes(range(256)) * 1024
        self.client.send(post(b"Content-Length: %d" % len(body)))
        for at in range(0, len(body), PIECE):
            self.client.send(body[at : at + PIECE])
        first = self.house.servers.accept()
        self.assertTrue(first.received().endswith(body))
        first.reset()
        second = self.house.servers.accept()
        self.assertTrue(second.received().endswith(body))
        second.send(answer())
        self.assertEqual(200, status(self.client.received()))

    def test_a_server_that_is_slow_to_take_it(self) -> None:
        """A server gets no more of a body than it takes."""
        self.house = house("client_body_buffer_size = 1k")
        self.client = self.house.client()
        body = b"x" * (3 * PIECE)
        self.client.send(post(b"Content-Length: %d" % len(body), body=body))
        server = SlowServer(self.house)
        taken = server.received().partition(b"\r\n\r\n")[2]
        while len(taken) < len(body):
            server.transport.producer.resumeProducing()
            part = server.received()
            self.assertEqual(PIECE, len(part))
            taken += part
        self.assertEqual(body, taken)
        server.send(answer())
        self.assertEqual(200, status(self.client.received()))

    def test_too_long(self) -> None:
        """A body without a length that becomes too long is 413 before any server hears of it."""
        self.client.send(post(b"Transfer-Encoding: chunked"))
        for _ in range(17):
            self.client.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        self.assertEqual((413, []), (status(self.client.received()), self.house.servers.asked))

    def test_no_room(self) -> None:
        """A body that can be kept nowhere is 500, as in nginx."""
        self.house = house("client_body_buffer_size = 1\nclient_body_temp_path = /nowhere/at/all")
        self.client = self.house.client()
        self.client.send(post(b"Content-Length: 3", body=b"ab"))
        self.assertEqual((500, []), (status(self.client.received()), self.house.servers.asked))

    def lose_file(self, home: House, client: End) -> None:
        """Have the file of the body in question be one that cannot be read."""
        folder = os.open("/", os.O_RDONLY)
        os.dup2(folder, client.protocol._handler._body._file._file.fileno())
        os.close(folder)

    def test_a_file_that_cannot_be_read(self) -> None:
        """A body that is lost is 500 wherever that shows, and no server is blamed for it."""
        home = house("client_body_buffer_size = 1k")
        client = home.client()
        client.send(post(b"Content-Length: 2000", body=b"x" * 2000))
        self.lose_file(home, client)
        home.servers.accept()
        self.assertEqual(500, status(client.received()))
        client = home.client()
        body = b"x" * (3 * PIECE)
        client.send(post(b"Content-Length: %d" % len(body), body=body))
        server = SlowServer(home)
        self.lose_file(home, client)
        server.transport.producer.resumeProducing()
        self.assertEqual((500, True), (status(client.received()), server.dropped))
        self.assertEqual([0, 0], [peer.fails for peer in home.upstreams["app"].group.peers])

    def test_client_leaves(self) -> None:
        """No server hears of a request whose client left before it was whole."""
        self.client.send(post(b"Content-Length: 6", body=b"abc"))
        self.client.reset()
        self.assertEqual(([], ["499 - - 0 -"]), (self.house.servers.asked, self.house.log))


class IgnoreClientAbortTests(SynchronousTestCase):
    def begin(self, location: str = "proxy_ignore_client_abort = on", request: bytes = GET) -> None:
        self.house = house(location)
        self.client = self.house.client()
        self.client.send(request)

    def test_the_server_goes_on(self) -> None:
        """The server's answer is read to its end though nobody gets it, logged as it is, and its connection kept."""
        self.begin()
        server = self.house.servers.accept()
        self.client.reset()
        self.assertEqual((False, []), (server.dropped, self.house.log))
        server.send(answer(b"a" * 40))
        self.assertEqual((False, ["200 10.0.0.1:80 200 40 40"]), (server.dropped, self.house.log))
        self.assertEqual([0, 0], [peer.conns for peer in self.house.upstreams["app"].group.peers])

    def test_while_it_connects(self) -> None:
        """A request whose client leaves before there is a connection is sent all the same."""
        self.begin()
        self.client.reset()
        server = self.house.servers.accept()
        self.assertTrue(server.received().startswith(b"GET / "))
        server.send(answer())
        self.assertEqual(["200 10.0.0.1:80 200 2 2"], self.house.log)

    def test_what_waits(self) -> None:
        """What waited for the client is thrown away, and a server that waited for it goes on."""
        self.begin()
        server = self.house.servers.accept()
        server.send(HEAD + b"\r\n" + b"0" * 10)
        self.client.protocol.pauseProducing()
        server.send(b"1" * 30)
        self.assertFalse(server.transport.reading)
        self.client.reset()
        self.assertTrue(server.transport.reading)
        server.send(b"2" * 20)
        self.assertEqual(["200 10.0.0.1:80 200 60 60"], self.house.log)

    def test_the_server_fails(self) -> None:
        """Another server is tried, and the last one's failure is what is logged."""
        self.begin()
        self.client.reset()
        self.house.servers.refuse()
        self.house.servers.refuse()
        self.assertEqual(1, len(self.house.log))
        self.assertTrue(self.house.log[0].startswith("502 10.0.0.1:80, 10.0.0.2:80 "), self.house.log)

    def test_the_proxy_ends(self) -> None:
        """A proxy that ends waits for what goes on without its client, whether that is answered or cut short."""
        for last in (b"0" * 60, b""):
            self.begin()
            server = self.house.servers.accept()
            self.client.reset()
            drained = self.house.sites["0.0.0.0:8080"].drain()
            self.assertNoResult(drained)
            server.send(HEAD + b"\r\n" + last)
            server.reset()
            self.successResultOf(drained)
            self.assertEqual(1, len(self.house.log))

    def test_half_a_body(self) -> None:
        """A request that will never be whole ends with its client."""
        self.begin(
            "proxy_ignore_client_abort = on\nproxy_request_buffering = off", post(b"Content-Length: 9", body=b"a")
        )
        server = self.house.servers.accept()
        self.client.reset()
        self.assertEqual((True, ["499 10.0.0.1:80 - 0 0"]), (server.dropped, self.house.log))

    def test_off(self) -> None:
        """By default the server is left as soon as the client leaves."""
        self.begin("")
        server = self.house.servers.accept()
        self.client.reset()
        self.assertTrue(server.dropped)
