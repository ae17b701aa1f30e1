from stickyproxy.http.channel import AHEAD, LINGER
from stickyproxy.http.factory import ChannelFactory
from stickyproxy.http.tunnel import Tunnel
from stickyproxy.http.turns import Step
from stickyproxy.http.words import ChannelSettings
from tests.http.channels import ChannelTestCase, Handler
from tests.wire import Transport, connect, requests


class ChannelTests(ChannelTestCase):
    # -- requests ------------------------------------------------------------------------------------------------------

    def test_pipelining(self) -> None:
        """Requests sent ahead are begun one at a time and answered in order."""
        self.client.send(requests(b"/1", b"/2"), requests(b"/3"), requests(b"/4"))
        for number in (1, 2, 3, 4):
            self.assertEqual(number, len(self.handlers))
            self.assertEqual(b"/%d" % number, self.handlers[-1].message.head.target)
            self.handlers[-1].answer(b"%d" % number)
            self.assertTrue(self.client.received().endswith(b"\r\n%d" % number))

    def test_pipelining_stops_reading(self) -> None:
        """A client that sends ahead is read up to a bound, so that its leaving is noticed, until its turn comes."""
        handler = self.get()
        self.client.send(requests(b"/2"))
        self.assertTrue(self.client.transport.reading)
        self.client.send(b"POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % AHEAD + b"x" * AHEAD)
        self.assertFalse(self.client.transport.reading)
        handler.answer()
        self.assertTrue(self.client.transport.reading)

    def test_a_client_that_sends_ahead_and_does_not_read(self) -> None:
        """While a client has answers to fetch, its next request is not begun and not read."""
        self.client.send(requests(b"/1", b"/2"))
        self.client.protocol.pauseProducing()
        self.handlers[0].answer()
        self.assertEqual((1, False), (len(self.handlers), self.client.transport.reading))
        self.client.protocol.resumeProducing()
        self.assertEqual((2, True), (len(self.handlers), self.client.transport.reading))

    def test_a_handler_that_fails(self) -> None:
        """A request that cannot be handled for a fault of our own ends its connection, which tells the handler."""
        told: list[str] = []

        class Broken(Handler):
            def begin(self) -> None:
                raise KeyError("oops")

            def client_lost(self) -> bool:
                told.append("lost")
                return False

        client = connect(ChannelFactory(Broken, ChannelSettings(), self.deadlines))
        client.send(requests(b"/1"))
        self.assertTrue(client.dropped)
        client.reset()
        self.assertEqual(["lost"], told)
        self.flushLoggedErrors(KeyError)

    def test_in_steps(self) -> None:
        """A request that was read is begun in the next step."""
        self.client.protocol.take(requests(b"/1"))
        self.assertEqual([], self.handlers)
        self.client.protocol.go_on()
        self.assertEqual(["begin"], self.handlers[0].told)

    def test_taken_twice(self) -> None:
        """What is read in several parts before a step is gone on with as if it had been read at once."""
        upgrade = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        for part in (upgrade + b"ear", b"ly"):
            self.client.protocol.take(part)
        self.client.protocol.go_on()
        tunnel = Tunnel(self.deadlines, 10, lambda: None)
        self.assertEqual(b"early", self.handlers[0].channel.switch(b"OK", [], tunnel.client))

    def test_lost_between_two_steps(self) -> None:
        """A request whose client is gone when it has been read is not begun."""
        self.client.protocol.take(requests(b"/1"))
        self.client.reset()
        self.client.protocol.go_on()
        self.assertEqual([], self.handlers)

    def test_lost_before_it_is_begun(self) -> None:
        """A handler whose client is gone when its turn has come is told of that and nothing else."""
        steps: list[Step] = []
        client = connect(ChannelFactory(self.handle, ChannelSettings(), self.deadlines, steps.append))
        client.protocol.take(requests(b"/1"))
        client.protocol.go_on()
        client.reset()
        steps.pop()()
        self.assertEqual(["lost"], self.handlers[0].told)

    def test_below_another_layer(self) -> None:
        """What another layer hands on is gone all the way with at once; the steps that follow later are posted."""
        steps: list[Step] = []
        client = connect(ChannelFactory(self.handle, ChannelSettings(), self.deadlines, steps.append))
        client.protocol.dataReceived(requests(b"/1"))
        self.assertEqual((["begin"], []), (self.handlers[0].told, steps))
        self.handlers[0].answer(b"hello")
        self.assertEqual(1, len(steps))

    def test_the_end_is_told_later(self) -> None:
        """An answer goes out in a step of its own; that it is out is told in one before the next request begins."""
        steps: list[Step] = []
        client = connect(ChannelFactory(self.handle, ChannelSettings(), self.deadlines, steps.append))
        client.protocol.take(requests(b"/1", b"/2"))
        client.protocol.go_on()
        steps.pop()()
        first = self.handlers[0]
        first.answer(b"hello")
        self.assertEqual(b"", client.received())
        steps.pop()()
        self.assertIn(b"hello", client.received())
        self.assertEqual((["begin"], 2), (first.told, len(steps)))
        steps.pop(0)()
        self.assertEqual((["begin", "answered"], []), (first.told, self.handlers[1].told))
        steps.pop(0)()
        self.assertEqual(["begin"], self.handlers[1].told)

    def test_a_body_behind_the_end(self) -> None:
        """What comes of a body between the end of the answer and the step in which it goes out is for nobody."""
        for more in (b"l", b"llo"):
            steps: list[Step] = []
            client = connect(ChannelFactory(self.handle, ChannelSettings(), self.deadlines, steps.append))
            client.protocol.take(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
            client.protocol.go_on()
            steps.pop()()
            handler = self.handlers[-1]
            handler.channel.want_body()
            handler.answer(b"no")
            client.protocol.take(more)
            client.protocol.go_on()
            steps.pop()()
            self.assertEqual((b"he", ["begin"]), (handler.body, handler.told))
            self.assertEqual((1, True), (client.received().count(b"HTTP/1.1"), client.dropped))

    def test_no_keep_alive(self) -> None:
        """With `keepalive_timeout` 0 every answer closes."""
        client = connect(ChannelFactory(self.handle, ChannelSettings(keepalive_timeout=0), self.deadlines))
        client.send(requests(b"/1"))
        self.handlers[-1].answer()
        self.assertIn(b"Connection: close", client.received())
        self.assertTrue(client.dropped)

    def test_many_answered_at_once(self) -> None:
        """However many requests are sent ahead and answered at once, nothing piles up."""
        settings = ChannelSettings(keepalive_requests=10**6)
        answered: list[bytes] = []

        class AtOnce(Handler):
            def begin(self) -> None:
                answered.append(self.message.head.target)
                self.answer()

        client = connect(ChannelFactory(AtOnce, settings, self.deadlines))
        client.send(requests(*(b"/%d" % number for number in range(5000))))
        self.assertEqual([b"/%d" % number for number in range(5000)], answered)

    def test_body(self) -> None:
        """A handler gets the body when it wants it, what is here at once, and then as it comes."""
        handler = self.post(b"he")
        self.assertEqual(b"", handler.body)
        handler.channel.want_body()
        self.assertEqual(b"he", handler.body)
        self.client.send(b"l", b"lo")
        self.assertEqual((b"hello", ["begin", "complete"]), (handler.body, handler.told))

    def test_not_wanted(self) -> None:
        """A body that nobody wants yet is read up to a bound."""
        handler = self.post(b"", b"Content-Length: %d\r\n" % (2 * AHEAD))
        self.client.send(b"x" * (AHEAD - 1))
        self.assertTrue(self.client.transport.reading)
        self.client.send(b"x")
        self.assertFalse(self.client.transport.reading)
        handler.channel.want_body()
        self.assertEqual((AHEAD, True), (len(handler.body), self.client.transport.reading))

    def test_hold(self) -> None:
        """A held body is not handed on, nor read beyond a bound, and its sender is not blamed for that."""
        handler = self.post(b"", b"Content-Length: %d\r\n" % (2 * AHEAD))
        handler.channel.want_body()
        handler.channel.hold_body()
        self.client.send(b"x" * AHEAD)
        self.assertFalse(self.client.transport.reading)
        self.clock.pump([100, 1])
        self.assertEqual((b"", ["begin"]), (handler.body, handler.told))
        handler.channel.want_body()
        self.assertEqual((AHEAD, True), (len(handler.body), self.client.transport.reading))

    def test_expect(self) -> None:
        """A client that waits for 100 gets it when its body is wanted, once, and not if the body is here."""
        expect = b"Expect: 100-continue\r\nContent-Length: 5\r\n"
        handler = self.post(fields=expect)
        self.assertEqual(b"", self.client.received())
        handler.channel.want_body()
        handler.channel.want_body()
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", self.client.received())
        self.client.send(b"hello")
        handler.answer()
        self.client.received()
        self.post(b"hello", expect).channel.want_body()
        self.assertEqual(b"", self.client.received())

    def test_no_continue_in_an_answer(self) -> None:
        """A client that waits to be asked for its body is asked no more once its answer has begun."""
        handler = self.asked(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        handler.channel.start(200, b"OK", [], 4)
        handler.channel.write([b"an"])
        handler.channel.flush()
        handler.channel.want_body()
        handler.channel.write([b"sw"])
        handler.channel.end()
        self.assertTrue(self.client.received().endswith(b"\r\n\r\nansw"))

    def test_answer_before_the_body(self) -> None:
        """An answer before the body is here closes; what still comes is thrown away so that the answer arrives."""
        handler = self.post(b"he")
        handler.answer(status=413)
        self.assertIn(b"Connection: close", self.client.received())
        self.assertTrue(self.client.transport.half_closed)
        self.assertFalse(self.client.transport.disconnecting)
        self.client.send(b"llo" + requests(b"/2"))
        self.assertEqual(1, len(self.handlers))
        self.clock.pump([LINGER, 1])
        self.assertTrue(self.client.transport.disconnecting)

    def test_fault(self) -> None:
        """A faulty request is handed on as such, after those before it, and nothing after it is read."""
        self.client.send(requests(b"/1") + b"nonsense\r\n\r\n" + requests(b"/2"))
        self.assertIsNone(self.handlers[0].message.fault)
        self.handlers[0].answer()
        self.handlers[1].answer(status=self.handlers[1].message.fault.status)
        self.assertIn(b"HTTP/1.1 400", self.client.received())
        self.assertEqual((2, True), (len(self.handlers), self.client.dropped))

    def test_fault_in_the_body(self) -> None:
        """A body that breaks is told to whoever wants it."""
        handler = self.post(b"", b"Transfer-Encoding: chunked\r\n")
        handler.channel.want_body()
        self.client.send(b"zz\r\n")
        self.assertEqual(["begin", 400], handler.told)

    def test_hand_over(self) -> None:
        """Another handler may take over and answer in the first one's place."""
        handler = self.get()
        successor = Handler(handler.channel, handler.message)
        handler.channel.hand_over(successor)
        successor.answer()
        self.assertEqual((["begin"], ["answered"]), (handler.told, successor.told))

    # -- ends ----------------------------------------------------------------------------------------------------------

    def test_client_leaves(self) -> None:
        """A client that leaves is noticed at once while it waits."""
        handler = self.get()
        self.client.close()
        self.assertEqual((["begin", "lost"], 0), (handler.told, len(self.deadlines)))
        handler.answer()
        self.assertEqual(b"", self.client.received())

    def test_abort(self) -> None:
        """An answer that is cut ends the connection at once, and the handler hears no more."""
        handler = self.get()
        handler.channel.abort()
        self.client.reset()
        self.assertEqual((True, ["begin"]), (self.client.transport.disconnecting, handler.told))

    # -- time ----------------------------------------------------------------------------------------------------------

    def test_nothing_at_all(self) -> None:
        """A client that sends nothing is closed without a word."""
        self.clock.pump([10, 1])
        self.assertEqual(([], True, b""), (self.handlers, self.client.dropped, self.client.received()))

    def test_slow_head(self) -> None:
        """A head must be whole in `client_header_timeout`, however it trickles."""
        self.client.send(b"GET / HT")
        self.clock.pump([5, 1])
        self.client.send(b"TP/1.1\r\n")
        self.clock.pump([4, 1])
        self.assertEqual(408, self.handlers[0].message.fault.status)

    def test_idle(self) -> None:
        """Between two requests a client has `keepalive_timeout`."""
        self.get().answer()
        self.clock.pump([49])
        self.assertFalse(self.client.dropped)
        self.clock.pump([1, 1])
        self.assertTrue(self.client.dropped)
        self.assertEqual(1, len(self.handlers))

    def test_slow_body(self) -> None:
        """Between two reads of the body a client has `client_body_timeout`."""
        handler = self.post()
        handler.channel.want_body()
        self.clock.pump([19])
        self.client.send(b"h")
        self.clock.pump([19])
        self.assertEqual(["begin"], handler.told)
        self.clock.pump([1, 1])
        self.assertEqual(["begin", 408], handler.told)

    def test_a_long_answer(self) -> None:
        """While a request is answered the client has no deadline."""
        handler = self.get()
        self.clock.pump([10000, 1])
        self.assertEqual((["begin"], False), (handler.told, self.client.dropped))

    def test_a_client_that_does_not_read(self) -> None:
        """The handler is told when the client falls behind; after `send_timeout` the connection is cut."""
        handler = self.get()
        handler.channel.pauseProducing()
        self.clock.pump([29])
        handler.channel.resumeProducing()
        self.clock.pump([31])
        self.assertEqual((["begin", "paused", "resumed"], False), (handler.told, self.client.dropped))
        handler.channel.pauseProducing()
        self.clock.pump([30, 1])
        self.assertTrue(self.client.dropped)

    def test_an_answer_that_grows_before_a_client_that_does_not_read(self) -> None:
        """A client has no longer because more is written to it meanwhile: its transport tells of that again."""
        handler = self.get()
        handler.channel.pauseProducing()
        self.clock.pump([20])
        handler.channel.pauseProducing()
        self.clock.pump([10, 1])
        self.assertTrue(self.client.dropped)

    def test_a_client_that_reads_slowly(self) -> None:
        """What a client has still to fetch of its answer is a matter of `send_timeout`, not of keep-alive."""
        self.client.send(requests(b"/1"))
        self.client.protocol._settings = ChannelSettings(keepalive_timeout=2)
        self.client.protocol.pauseProducing()
        self.handlers[0].answer()
        self.clock.pump([29])
        self.assertFalse(self.client.dropped)
        self.client.protocol.resumeProducing()
        self.clock.pump([2, 1])
        self.assertTrue(self.client.dropped)

    def test_a_half_head_behind_a_request(self) -> None:
        """A head that has begun behind a request must be whole in `client_header_timeout` once that is answered."""
        self.client.send(requests(b"/1") + b"GET /2")
        self.handlers[0].answer()
        self.clock.pump([10, 1])
        self.assertEqual(408, self.handlers[1].message.fault.status)

    def test_a_half_head_while_a_request_is_answered(self) -> None:
        """A head that has begun while the request before was answered has no longer than one that came with it."""
        handler = self.get()
        self.client.send(b"GET /2")
        handler.answer()
        self.clock.pump([10, 1])
        self.assertEqual([408], [each.message.fault.status for each in self.handlers[1:]])

    def test_a_client_that_leaves_while_it_sends_ahead(self) -> None:
        """A client that leaves is noticed although it had sent its next request, or a body that nobody wanted."""
        for ahead in (requests(b"/2"), b""):
            self.setUp()
            handler = self.get() if ahead else self.post(b"he")
            self.client.send(ahead) if ahead else None
            self.assertTrue(self.client.transport.reading)
            self.client.close()
            self.assertEqual(["begin", "lost"], handler.told)

    def test_a_body_while_the_answer_goes_out(self) -> None:
        """A client that has read its answer has `client_body_timeout` again for the rest of its body."""
        handler = self.post(b"he")
        handler.channel.want_body()
        handler.channel.pauseProducing()
        handler.channel.resumeProducing()
        self.clock.pump([20, 1])
        self.assertEqual(["begin", "paused", "resumed", 408], handler.told)

    def test_blocked_while_the_body_ends(self) -> None:
        """A client that sends its body and does not read has `send_timeout` all the same."""
        handler = self.post(b"he")
        handler.channel.want_body()
        handler.channel.pauseProducing()
        self.client.send(b"llo")
        self.clock.pump([30, 1])
        self.assertTrue(self.client.dropped)

    def test_the_last_bytes(self) -> None:
        """A client that does not fetch the end of the last answer is cut after a while."""
        self.get(fields=b"Connection: close\r\n").answer(b"hello")
        self.client.transport.disconnecting = False
        self.clock.pump([LINGER, 1])
        self.assertTrue(self.client.dropped)

    # -- a change of protocol ------------------------------------------------------------------------------------------

    def served(self, tunnel: Tunnel) -> Transport:
        """Give the tunnel its other end."""
        transport = Transport()
        transport.registerProducer(tunnel.server, True)
        tunnel.server.join(transport, transport.write, full=False)
        return transport

    def test_switch(self) -> None:
        """A 101 leaves the connection to a tunnel, with all that came behind the request."""
        over: list[bool] = []
        tunnel = Tunnel(self.deadlines, 10, lambda: over.append(True))
        handler = self.asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nab", b"cd")
        self.assertEqual(b"abcd", handler.channel.switch(b"Go", [b"Upgrade: x\r\n"], tunnel.client))
        self.assertEqual(b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", self.client.received())
        server = self.served(tunnel)
        tunnel.open(b"", b"")
        self.client.send(b"GET / HTTP/1.1\r\n")
        self.assertEqual((b"GET / HTTP/1.1\r\n", ["begin"]), (server.value(), handler.told))
        self.client.protocol.finish()
        self.clock.pump([9])
        self.assertFalse(self.client.dropped)
        self.client.close()
        self.assertEqual((True, True, ["begin"]), (server.disconnecting, tunnel.client.gone, handler.told))

    def test_switch_with_much_behind_it(self) -> None:
        """What a client sends ahead of the answer is bounded, and read on from the moment when there is a tunnel."""
        tunnel = Tunnel(self.deadlines, 10, lambda: None)
        handler = self.asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", bytes(AHEAD))
        self.assertFalse(self.client.transport.reading)
        early = handler.channel.switch(b"Go", [], tunnel.client)
        server = self.served(tunnel)
        tunnel.open(early, b"")
        self.assertEqual((AHEAD, True), (len(server.value()), self.client.transport.reading))

    def test_switch_for_a_client_that_is_behind(self) -> None:
        """In a tunnel `send_timeout` has no say, however far the client was behind before."""
        tunnel = Tunnel(self.deadlines, 1000, lambda: None)
        handler = self.asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        self.client.protocol.pauseProducing()
        handler.channel.switch(b"Go", [], tunnel.client)
        server = self.served(tunnel)
        tunnel.open(b"", b"")
        self.assertFalse(server.reading)
        self.clock.pump([10] * 10)
        self.assertFalse(self.client.dropped)

    def test_what_comes_while_nothing_is_begun(self) -> None:
        """What comes although nobody reads, as over TLS, waits whole and in order for the request before it."""
        upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        self.client.send(requests(b"/1") + upgrade)
        self.client.protocol.pauseProducing()
        self.handlers[0].answer()
        self.client.send(b"ab", b"cd")
        self.client.protocol.resumeProducing()
        self.client.send(b"ef")
        tunnel = Tunnel(self.deadlines, 10, lambda: None)
        self.assertEqual(b"abcdef", self.handlers[1].channel.switch(b"Go", [], tunnel.client))

    # -- who is there --------------------------------------------------------------------------------------------------

    def test_ends(self) -> None:
        """A channel knows both ends of its connection; every connection has a number."""
        ends = self.client.protocol.ends
        self.assertEqual(
            (b"192.0.2.7", 51000, b"127.0.0.1", 8080),
            (ends.peer_host, ends.peer_port, ends.local_host, ends.local_port),
        )
        other = connect(ChannelFactory(self.handle, ChannelSettings(), self.deadlines))
        self.assertEqual(ends.serial + 1, other.protocol.ends.serial)
