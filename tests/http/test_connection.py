from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.errors import (
    ConnectionCut,
    ConnectionStale,
    MalformedResponse,
    ServerFault,
    ServerTimedOut,
)
from stickyproxy.http.connection import ServerConnection, Terms
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.response import ResponseHead
from stickyproxy.http.tunnel import Tunnel
from tests.wire import End, Transport


class Keeper:
    def __init__(self, clock: Clock) -> None:
        self.deadlines = Deadlines(clock)
        self.deadlines.start()
        self.kept: list[ServerConnection] = []

    def keep(self, connection: ServerConnection) -> None:
        self.kept.append(connection)

    def forget(self, connection: ServerConnection) -> None:
        if connection in self.kept:
            self.kept.remove(connection)


TERMS = Terms(send_timeout=20, read_timeout=10, head=32 * 1024)


class Receiver:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.body = b""
        self.ended = False
        self.fault: ServerFault | None = None
        self.pauses: list[str] = []
        self.interim: list[int] = []

    def interim_received(self, head: ResponseHead) -> None:
        self.interim.append(head.status)

    def response_received(self, head: ResponseHead | None, chunks: list[bytes], ended: bool) -> None:
        self.head = head or self.head
        self.body += b"".join(chunks)
        self.ended = ended

    def server_failed(self, fault: ServerFault) -> None:
        self.fault = fault

    def server_paused(self) -> None:
        self.pauses.append("paused")

    def server_resumed(self) -> None:
        self.pauses.append("resumed")


class ServerConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.keeper = Keeper(self.clock)
        self.connection = ServerConnection(self.keeper, "a", keepalive_timeout=60, keepalive_requests=3)
        self.server = End(self.connection)

    def ask(self, data: bytes = b"GET / HTTP/1.1\r\n\r\n", method: bytes = b"GET", complete: bool = True) -> Receiver:
        receiver = Receiver()
        self.connection.send(data, receiver, method, complete, TERMS)
        return receiver

    # -- a response ----------------------------------------------------------------------------------------------------

    def test_with_length(self) -> None:
        """A response with a length ends with its last byte, and the connection is kept."""
        receiver = self.ask()
        self.assertEqual(b"GET / HTTP/1.1\r\n\r\n", self.server.received())
        self.server.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhe", b"llo")
        self.assertEqual((200, b"Fine", 5), (receiver.head.status, receiver.head.reason, receiver.head.length))
        self.assertEqual((b"hello", True, [self.connection]), (receiver.body, receiver.ended, self.keeper.kept))

    def test_chunked(self) -> None:
        """A chunked response ends with its last chunk; its trailers are dropped."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        self.assertEqual((b"abc", False), (receiver.body, receiver.ended))
        self.server.send(b"2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")
        self.assertEqual((b"abcde", True, b""), (receiver.body, receiver.ended, receiver.head.first(b"x-t")))
        self.assertEqual([self.connection], self.keeper.kept)

    def test_byte_by_byte(self) -> None:
        """A response may arrive in any segments."""
        receiver = self.ask()
        response = b"HTTP/1.1 200 OK\r\nX-Name:  value \r\nContent-Length: 3\r\n\r\nabc"
        self.server.send(*(bytes([byte]) for byte in response))
        self.assertEqual((b"value", b"abc", True), (receiver.head.first(b"x-name"), receiver.body, receiver.ended))

    def test_in_steps(self) -> None:
        """A response that was read is told of in the next step."""
        receiver = self.ask()
        self.connection.take(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        self.assertEqual((None, []), (receiver.head, self.keeper.kept))
        self.connection.go_on()
        self.assertEqual((b"abc", True, [self.connection]), (receiver.body, receiver.ended, self.keeper.kept))

    def test_left_between_two_steps(self) -> None:
        """A response that nobody waits for any more when it has been read is told to nobody, and not kept behind."""
        receiver = self.ask()
        self.connection.take(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        self.connection.close()
        self.connection.go_on()
        self.assertEqual((None, []), (receiver.head, self.keeper.kept))
        self.assertTrue(self.server.dropped)

    def test_until_close(self) -> None:
        """A response without a length ends with the connection."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.0 200 OK\r\n\r\nhello")
        self.assertEqual((True, b"hello", False), (receiver.head.until_close, receiver.body, receiver.ended))
        self.server.close()
        self.assertEqual((True, None, []), (receiver.ended, receiver.fault, self.keeper.kept))

    def test_reset_is_no_end(self) -> None:
        """A connection that breaks is not the end of a body."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.0 200 OK\r\n\r\nhello")
        self.server.reset()
        self.assertIsInstance(receiver.fault, ConnectionCut)
        self.assertFalse(receiver.ended)

    def test_interim(self) -> None:
        """Interim responses are told of but for 100; fields of theirs are no fields of the response."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        self.assertEqual((None, [103]), (receiver.head, receiver.interim))
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((200, b"OK", b""), (receiver.head.status, receiver.head.reason, receiver.head.first(b"link")))

    def test_other_interim_statuses(self) -> None:
        """An interim status that nobody knows may hide bytes: it is no response."""
        for response in (b"HTTP/1.1 104 X\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 199 X\r\n\r\n"):
            self.setUp()
            self.assertIsInstance(self.failure(response), MalformedResponse)

    def test_a_body_with_an_interim_response(self) -> None:
        """What is sent as the body of an interim response is no part of the real one's."""
        receiver = self.ask()
        self.server.send(
            b"HTTP/1.1 103 X\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
        self.assertNotIn(b"abc", receiver.body)
        self.assertEqual([], self.keeper.kept)

    def test_to_head(self) -> None:
        """A response to HEAD has no body, whatever its length says, and the connection serves another request."""
        receiver = self.ask(method=b"HEAD")
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        self.assertEqual((5, b"", True), (receiver.head.length, receiver.body, receiver.ended))
        self.assertEqual([self.connection], self.keeper.kept)
        following = self.ask()
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        self.assertEqual((b"hi", True), (following.body, following.ended))

    def test_without_body(self) -> None:
        """204 and 304 have no body either."""
        for status in (b"204 No Content", b"304 Not Modified\r\nContent-Length: 5"):
            receiver = self.ask()
            self.server.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
            self.assertEqual((b"", True), (receiver.body, receiver.ended))
        self.assertFalse(self.server.dropped)

    # -- kept or not ---------------------------------------------------------------------------------------------------

    def test_body_where_none_may_be(self) -> None:
        """A body with a response that has none is left out, and the connection is not kept."""
        for status, method in ((b"200 OK", b"HEAD"), (b"204 No Content", b"GET")):
            self.setUp()
            receiver = self.ask(method=method)
            self.server.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nhello")
            self.assertEqual((b"", True, []), (receiver.body, receiver.ended, self.keeper.kept))
            self.assertTrue(self.server.dropped)

    def test_extra_bytes(self) -> None:
        """Whatever follows the body makes the connection useless: it must not be the answer to the next request."""
        for extra in (b"x", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny"):
            self.setUp()
            receiver = self.ask()
            self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + extra)
            self.assertEqual((b"hello", True, []), (receiver.body, receiver.ended, self.keeper.kept))
            self.assertTrue(self.server.dropped)

    def test_close_asked_for(self) -> None:
        """A server that closes is not asked again."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((True, [], True), (receiver.ended, self.keeper.kept, self.server.dropped))

    def test_http10(self) -> None:
        """An HTTP/1.0 server keeps the connection only if it says so."""
        for connection, kept in ((b"", False), (b"Connection: keep-alive\r\n", True)):
            self.setUp()
            self.ask()
            self.server.send(b"HTTP/1.0 200 OK\r\n" + connection + b"Content-Length: 0\r\n\r\n")
            self.assertEqual(kept, self.connection in self.keeper.kept)

    def test_number_of_requests(self) -> None:
        """After `keepalive_requests` the connection is closed."""
        for _ in range(3):
            self.assertFalse(self.server.dropped)
            self.ask()
            self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(self.server.dropped)

    def test_answer_before_the_end_of_the_request(self) -> None:
        """A response that comes before the request is sent to its end leaves the connection useless."""
        receiver = self.ask(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", complete=False)
        self.server.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((413, True, []), (receiver.head.status, receiver.ended, self.keeper.kept))

    def test_a_streamed_request(self) -> None:
        """A request sent in parts, to its end, leaves the connection clean."""
        receiver = self.ask(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", complete=False)
        self.connection.write(b"ab")
        self.connection.finish()
        self.assertTrue(self.server.received().endswith(b"\r\n\r\nab"))
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((True, [self.connection]), (receiver.ended, self.keeper.kept))

    def test_idle(self) -> None:
        """An idle connection is closed after `keepalive_timeout`, or as soon as the server sends or closes."""
        for happens in (lambda: self.clock.pump([61, 1]), lambda: self.server.send(b"x"), self.server_closes):
            self.setUp()
            self.ask()
            self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual([self.connection], self.keeper.kept)
            happens()
            self.assertEqual([], self.keeper.kept)

    def server_closes(self) -> None:
        self.server.close()

    # -- a change of protocol ------------------------------------------------------------------------------------------

    def test_switch(self) -> None:
        """A 101 that was asked for is told, and the connection is a tunnel's from then on, and nobody else's."""
        receiver = Receiver()
        self.connection.send(b"GET / HTTP/1.1\r\n\r\n", receiver, b"GET", True, TERMS, b"x, y")
        self.server.send(b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\n")
        self.server.send(b"Upgrade: Y\r\n\r\nsoon")
        self.assertEqual((101, False, None), (receiver.head.status, receiver.ended, receiver.fault))
        tunnel = Tunnel(self.keeper.deadlines, 10, lambda: None)
        self.assertEqual(b"soon", self.connection.switch(tunnel.server))
        client = Transport()
        client.registerProducer(tunnel.client, True)
        tunnel.client.join(client, client.write, full=False)
        tunnel.open(b"", b"soon")
        self.server.send(b" and more")
        self.clock.pump([9])
        self.assertEqual((b"soon and more", [], False), (client.value(), self.keeper.kept, self.server.dropped))
        self.server.close()
        self.assertEqual((True, None, []), (client.disconnecting, receiver.fault, self.keeper.kept))

    def test_no_switch(self) -> None:
        """A 101 to another protocol than those asked for is a fault of the server."""
        receiver = Receiver()
        self.connection.send(b"GET / HTTP/1.1\r\n\r\n", receiver, b"GET", True, TERMS, b"x")
        self.server.send(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n")
        self.assertIsInstance(receiver.fault, MalformedResponse)
        self.assertTrue(self.server.dropped)

    # -- failures ------------------------------------------------------------------------------------------------------

    def failure(self, *parts: bytes) -> ServerFault | None:
        receiver = self.ask()
        self.server.send(*parts)
        return receiver.fault

    def test_malformed(self) -> None:
        """What is no response is a fault of the server, and ends the connection."""
        for response in (
            b"garbage\r\n\r\n",
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ):
            self.setUp()
            self.assertIsInstance(self.failure(response), MalformedResponse, response)
            self.assertTrue(self.server.dropped)

    def test_an_endless_head(self) -> None:
        """A head is read up to a limit."""
        part = b"X-Header: " + b"x" * 8000 + b"\r\n"
        fault = self.failure(b"HTTP/1.1 200 OK\r\n", *[part] * (TERMS.head // 8000 + 1))
        self.assertIsInstance(fault, MalformedResponse)

    def test_interim_heads_without_end(self) -> None:
        """What interim responses take is taken from what the head of the real one may."""
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 8000 + b"\r\n\r\n"
        fault = self.failure(*[hint] * (TERMS.head // 8000 + 1))
        self.assertIsInstance(fault, MalformedResponse)

    def test_cut(self) -> None:
        """A connection that ends before the response does is a fault, wherever it ends."""
        for response in (b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"):
            self.setUp()
            receiver = self.ask()
            self.server.send(response) if response else None
            self.server.close()
            self.assertIsInstance(receiver.fault, ConnectionCut, response)

    def test_stale(self) -> None:
        """A kept connection that was closed before the request got there is nobody's fault."""
        self.ask()
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        receiver = self.ask()
        self.server.close()
        self.assertIsInstance(receiver.fault, ConnectionStale)

    def test_read_timeout(self) -> None:
        """A server that does not answer in time has failed; each part of an answer gives it the time anew."""
        receiver = self.ask()
        self.clock.pump([8, 1])
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        self.clock.pump([8, 1])
        self.assertIsNone(receiver.fault)
        self.clock.pump([1, 1, 1])
        self.assertIsInstance(receiver.fault, ServerTimedOut)
        self.assertTrue(self.server.dropped)

    def test_send_timeout(self) -> None:
        """A server that does not read the request has failed after `send_timeout`."""
        receiver = self.ask(b"POST / HTTP/1.1\r\n\r\n", complete=False)
        self.clock.pump([100])
        self.assertIsNone(receiver.fault)
        self.connection.pauseProducing()
        self.clock.pump([19, 1])
        self.assertIsInstance(receiver.fault, ServerTimedOut)

    # -- backpressure --------------------------------------------------------------------------------------------------

    def test_a_server_that_does_not_read(self) -> None:
        """The receiver is told when the server falls behind, and when it has caught up."""
        receiver = self.ask(b"POST / HTTP/1.1\r\n\r\n", complete=False)
        self.connection.pauseProducing()
        self.connection.resumeProducing()
        self.assertEqual(["paused", "resumed"], receiver.pauses)

    def test_a_receiver_that_does_not_read(self) -> None:
        """A held connection reads nothing, and the server is not blamed for that."""
        receiver = self.ask()
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        self.connection.hold()
        self.assertFalse(self.server.transport.reading)
        self.clock.pump([100, 1])
        self.assertIsNone(receiver.fault)
        self.connection.release()
        self.assertTrue(self.server.transport.reading)

    def test_held_while_the_request_ends(self) -> None:
        """A held response gives the server no deadline, whatever happens to the request meanwhile."""
        receiver = self.ask(b"POST / HTTP/1.1\r\n\r\n", complete=False)
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        self.connection.hold()
        self.connection.pauseProducing()
        self.connection.resumeProducing()
        self.connection.finish()
        self.clock.pump([100, 1])
        self.assertIsNone(receiver.fault)
        self.connection.release()
        self.clock.pump([10, 1])
        self.assertIsInstance(receiver.fault, ServerTimedOut)

    def test_an_early_answer_from_a_server_that_does_not_read(self) -> None:
        """A server that answers early and reads no more has `send_timeout` all the same."""
        receiver = self.ask(b"POST / HTTP/1.1\r\n\r\n", complete=False)
        self.connection.pauseProducing()
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        self.clock.pump([20, 1])
        self.assertIsInstance(receiver.fault, ServerTimedOut)

    def test_an_answer_before_the_request_is_taken(self) -> None:
        """A connection that still holds a part of the request is not kept: the next one would wait behind it."""
        receiver = self.ask(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
        self.connection.pauseProducing()
        self.server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((True, [], True), (receiver.ended, self.keeper.kept, self.server.dropped))

    def test_an_answer_that_ends_while_it_is_held(self) -> None:
        """A connection that is not read is not kept: the next answer on it would never be seen."""
        receiver = self.ask()
        receiver.interim_received = lambda head: self.connection.hold()
        self.server.send(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((True, [], True), (receiver.ended, self.keeper.kept, self.server.dropped))

    def test_close(self) -> None:
        """A closed connection tells its receiver nothing, and is watched no more when it is gone."""
        receiver = self.ask()
        self.connection.close()
        self.server.close()
        self.assertEqual((None, 0), (receiver.fault, len(self.keeper.deadlines)))
