from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from tests.end_to_end.messages import Message, message_of
from tests.proxy.house import House
from tests.traffic.wires import Wire

CONFIGURATION = """
[http]
log_format = told "$status $request_uri"
access_log = log told
keepalive_requests = {requests}
proxy_next_upstream = {conditions}
[upstream app]
server =
    10.0.0.1:80
    10.0.0.2:80 max_fails=0
session_sticky = cookie=route
keepalive = {keepalive}
[server www]
listen = 8080
client_max_body_size = 2k
[location www /]
proxy_pass = http://app
"""

METHODS = [b"GET", b"GET", b"POST", b"PUT", b"HEAD"]
SIZES = st.sampled_from([1, 7, 60, 400, 100_000])
# How a server answers: as it should, or not.
KINDS = st.sampled_from(["length", "chunks", "close", "204", "503", "short", "broken", "extra", "garbage", "none"])
LEAVING = st.sampled_from([ConnectionDone, ConnectionLost])


def pattern(number: int, size: int) -> bytes:
    """Return a body that tells whose it is at every byte."""
    return (b"<%d>" % number * size)[:size]


class Client:
    """One client: what it asked, in order, and what it has not sent yet."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.asked: list[tuple[int, bytes]] = []
        self.out = b""

    def send(self, size: int) -> None:
        """Send up to so many bytes."""
        if self.wire.listening and self.out:
            segment, self.out = self.out[:size], self.out[size:]
            self.wire.send(segment)

    def answers(self) -> list[tuple[Message, bytes]]:
        """Read all that came: each answer with its method; one in part must be the last, and not end in good order."""
        data, answers = self.wire.fetched, []
        while data:
            method = self.asked[len(answers)][1] if len(answers) < len(self.asked) else b"GET"
            found = message_of(data, bodiless=method == b"HEAD", closed=self.wire.whole)
            if found is None:
                assert not (self.wire.lost and self.wire.whole), "an answer cut short ended as if it were whole"
                break
            answer, data = found
            if answer.status != 100:
                answers.append((answer, method))
        return answers


class Server:
    """One connection to a server: the request it reads, and what it has not sent of its answer yet.

    `dirty` is a connection on which something went wrong: it must never carry another request.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.read = 0
        self.request: Message | None = None
        self.out = b""
        self.leaving: type[Exception] | None = None
        self.dirty = self.at_once = False

    def send(self, size: int) -> None:
        """Send up to so many bytes, and leave behind the last of them if that is the way this answer ends."""
        if self.wire.listening and self.out:
            size = len(self.out) if self.at_once else size
            segment, self.out = self.out[:size], self.out[size:]
            self.wire.send(segment)
            if self.leaving is not None and not self.out:
                self.wire.end(self.leaving())

    def look(self) -> Message | None:
        """Read the next request once it is whole."""
        unread = self.wire.fetched[self.read :]
        assert not (unread and self.dirty), "a dirty connection was used again"
        found = message_of(unread) if self.request is None else None
        if found is not None:
            self.request, rest = found
            self.read = len(self.wire.fetched) - len(rest)
            return self.request
        return None


class Traffic(RuleBasedStateMachine):
    """Clients and servers do what they like, in any order; whatever it is, nobody gets what is another's."""

    @initialize(
        requests=st.sampled_from([2, 1000]),
        conditions=st.sampled_from(["error timeout", "error timeout invalid_header http_503", "off"]),
        keepalive=st.sampled_from([0, 1, 32]),
    )
    def build(self, requests: int, conditions: str, keepalive: int) -> None:
        self.failures: list[LogEvent] = []
        globalLogPublisher.addObserver(self.failures.append)
        self.house = House(CONFIGURATION.format(requests=requests, conditions=conditions, keepalive=keepalive))
        (self.site,) = self.house.sites.values()
        self.numbers = count(1)
        self.clients: list[Client] = []
        self.servers: list[Server] = []
        self.posts: set[bytes] = set()
        self.taken = 0
        self.connect()
        self.connect()

    def pick(self, data: st.DataObject, among: list) -> object:
        return among[data.draw(st.integers(0, len(among) - 1))]

    def talking(self) -> list[Client]:
        return [client for client in self.clients if not client.wire.lost]

    def serving(self) -> list[Server]:
        return [server for server in self.servers if not server.wire.lost]

    # -- clients -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.clients) < 4)
    @rule()
    def connect(self) -> None:
        self.clients.append(Client(Wire(self.site.buildProtocol(None))))

    @precondition(lambda self: self.talking())
    @rule(
        data=st.data(),
        method=st.sampled_from(METHODS),
        size=st.sampled_from([0, 3, 700, 3000]),
        chunked=st.booleans(),
        last=st.sampled_from([False, False, False, True]),
        times=st.integers(1, 3),
    )
    def ask(self, data: st.DataObject, method: bytes, size: int, chunked: bool, last: bool, times: int) -> None:
        client = self.pick(data, self.talking())
        for nth in range(times):
            self.ask_once(client, method, size, chunked, last and nth == times - 1)

    def ask_once(self, client: Client, method: bytes, size: int, chunked: bool, last: bool) -> None:
        """Have a client write a request, which is sent later."""
        number = next(self.numbers)
        client.asked.append((number, method))
        body = pattern(number, size) if method in (b"POST", b"PUT") else b""
        framing = b"Content-Length: %d\r\n" % len(body)
        if chunked:
            framing = b"Transfer-Encoding: chunked\r\n"
            body = (b"%x;x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\nX-Id: 0\r\n\r\n"
        close = b"Connection: close\r\n" if last else b""
        client.out += b"%b /%d HTTP/1.1\r\nHost: a\r\n%b%b\r\n%b" % (method, number, close, framing, body)

    @precondition(lambda self: self.talking())
    @rule(data=st.data(), size=SIZES)
    def client_sends(self, data: st.DataObject, size: int) -> None:
        self.pick(data, self.talking()).send(size)

    @precondition(lambda self: self.talking())
    @rule(data=st.data(), size=SIZES)
    def client_fetches(self, data: st.DataObject, size: int) -> None:
        self.pick(data, self.talking()).wire.fetch(size)

    @precondition(lambda self: self.talking())
    @rule(data=st.data(), reason=LEAVING)
    def client_leaves(self, data: st.DataObject, reason: type[Exception]) -> None:
        self.pick(data, self.talking()).wire.end(reason())

    # -- servers -------------------------------------------------------------------------------------------------------

    def waiting(self) -> list:
        reactor = self.house.reactor
        while self.taken < len(reactor.connectors) and reactor.connectors[self.taken].stoppedConnecting:
            self.taken += 1
        return reactor.tcpClients[self.taken :]

    @precondition(lambda self: self.waiting())
    @rule(refuse=st.sampled_from([False, False, False, True]))
    def server_is_asked(self, refuse: bool) -> None:
        factory = self.waiting()[0][2]
        self.taken += 1
        if refuse:
            factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
        else:
            self.servers.append(Server(Wire(factory.buildProtocol(None))))

    @precondition(lambda self: self.serving())
    @rule(data=st.data(), size=SIZES)
    def server_fetches(self, data: st.DataObject, size: int) -> None:
        self.fetch(self.pick(data, self.serving()), size)

    def fetch(self, server: Server, size: int) -> None:
        """Have a server read on; what it is asked must be one request, and a POST only once."""
        server.wire.fetch(size)
        request = server.look()
        if request is not None:
            number = int(request.first.split(b" ")[1][1:])
            assert pattern(number, len(request.body)) == request.body, "a body of another request"
            if request.method == b"POST":
                assert request.first not in self.posts, "a POST that was executed twice"
                self.posts.add(request.first)

    def asked(self) -> list[Server]:
        return [server for server in self.serving() if server.request and not server.out]

    @precondition(lambda self: self.asked())
    @rule(
        data=st.data(),
        kind=KINDS,
        size=st.sampled_from([0, 5, 900]),
        early=st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]),
    )
    def server_answers(self, data: st.DataObject, kind: str, size: int, early: bytes) -> None:
        self.answer(self.pick(data, self.asked()), kind, size, early)

    def answer(self, server: Server, kind: str, size: int, early: bytes) -> None:
        """Prepare an answer of a kind, or leave without one."""
        if kind == "none":
            server.wire.end(ConnectionLost())
            return
        number = int(server.request.first.split(b" ")[1][1:])
        nobody = server.request.method == b"HEAD"
        body = b"" if nobody else pattern(number, size)
        head = early + b"HTTP/1.1 %b X\r\nX-Id: %d\r\n" % (kind.encode() if kind.isdigit() else b"200", number)
        sized = head + b"Content-Length: %d\r\n\r\n" % size + body
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"%x\r\n%b\r\n" % (size, body) if body else b"")
        answers = {
            "length": sized,
            "503": sized,
            "204": head + b"\r\n",
            "chunks": chunked + (b"" if nobody else b"0\r\n\r\n"),
            "close": head + b"\r\n" + body,
            "short": head + b"Content-Length: %d\r\n\r\n" % (size + 9) + body,
            "broken": chunked + b"zz\r\n",
            "extra": sized + b"HTTP/1.1 200 X\r\nX-Id: 0\r\nContent-Length: 0\r\n\r\n",
            "garbage": b"\0\r\n\r\n",
        }
        server.request, server.out = None, answers[kind]
        server.dirty = kind not in ("length", "503", "204", "chunks")
        # What comes behind an answer makes a connection dirty only if it comes before the next request.
        server.at_once = kind == "extra"
        server.leaving = ConnectionDone if kind in ("close", "short") else None

    @precondition(lambda self: any(server.out for server in self.serving()))
    @rule(data=st.data(), size=SIZES)
    def server_sends(self, data: st.DataObject, size: int) -> None:
        self.pick(data, [server for server in self.serving() if server.out]).send(size)

    @precondition(lambda self: self.serving())
    @rule(data=st.data(), reason=LEAVING)
    def server_leaves(self, data: st.DataObject, reason: type[Exception]) -> None:
        self.pick(data, self.serving()).wire.end(reason())

    @rule(times=st.integers(1, 6), size=st.sampled_from([0, 5, 900]), kind=KINDS)
    def all_goes_quickly(self, times: int, size: int, kind: str) -> None:
        """Everybody does without delay what is next, for a while: else few requests would come far."""
        for _ in range(times):
            for client in self.talking():
                client.send(100_000)
            while self.waiting():
                self.server_is_asked(refuse=False)
            for server in self.serving():
                self.fetch(server, 100_000)
            for server in self.asked():
                self.answer(server, kind, size, b"")
            for server in self.serving():
                server.send(100_000)
            for client in self.talking():
                client.wire.fetch(100_000)
            self.connections_settle()

    # -- the world -----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 1, 5, 61]))
    def time_passes(self, seconds: int) -> None:
        self.house.wait(seconds)

    @rule()
    def connections_settle(self) -> None:
        for end in [*self.clients, *self.servers]:
            end.wire.settle()

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        globalLogPublisher.removeObserver(self.failures.append)
        for _ in range(15):
            self.house.wait(60)
            self.connections_settle()
            while self.waiting():
                self.server_is_asked(refuse=True)
        assert [] == [event for event in self.failures if "log_failure" in event]
        for client in self.clients:
            assert client.wire.lost, "a client hangs"
            for (answer, _), (number, _) in zip(client.answers(), client.asked, strict=False):
                if answer.values(b"server") != [b"stickyproxy"]:
                    assert [b"%d" % number] == answer.values(b"x-id"), "another's answer"
                    assert pattern(number, len(answer.body)) == answer.body, "another's body"
        assert [] == self.serving(), "a server hangs"
        assert 0 == len(self.house.deadlines)
        assert [0, 0] == [peer.conns for peer in self.house.upstreams["app"].group.peers]
        begun = sum(client.wire.protocol.requests for client in self.clients)
        assert begun == len(self.house.log), "not one log line for each request"


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=120, stateful_step_count=100)
