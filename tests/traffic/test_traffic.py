from itertools import count, cycle
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from stickyproxy.http.turns import Stepwise
from tests.end_to_end.messages import Message
from tests.proxy.house import House
from tests.traffic.parties import Client, Party, Server, number_of, pattern
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
client_body_buffer_size = 400
proxy_buffering = {buffering}
proxy_buffers = 2 100
proxy_busy_buffers_size = 150
proxy_max_temp_file_size = {file}
proxy_request_buffering = {collecting}
proxy_ignore_client_abort = {ignoring}
[location www /]
proxy_pass = http://app
"""

METHODS = st.sampled_from([b"GET", b"GET", b"POST", b"POST", b"PUT", b"HEAD"])
LENGTHS = st.sampled_from([0, 3, 700, 700, 3000])
SIZES = st.sampled_from([1, 7, 60, 400, 100_000])
# How a server answers: as it should, or not.
KINDS = st.sampled_from(
    ["length", "chunks", "204", "101", "close", "503", "short", "broken", "extra", "garbage", "none"]
)
# More than a client's connection takes at once.
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </%b>\r\n\r\n" % (b"x" * 400)
ON_OFF = st.sampled_from(["on", "off"])
LEAVING = st.sampled_from([ConnectionDone, ConnectionLost])


def temporary_files() -> list[str]:
    """List the files without a name that this process has open."""
    links = [str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return sorted(link for link in links if link.endswith(" (deleted)"))


class Traffic(RuleBasedStateMachine):
    """Clients and servers do what they like, in any order; whatever it is, nobody gets what is another's.

    All that nobody holds up goes on by itself after each step, by `pace` bytes: clients have their `habits`, of what
    they ask and in the end for a tunnel, and servers answer in their `manner`. So what a step does happens to requests
    that are on their way. What all send is read `together`, in one turn of the reactor, or one by one.
    """

    @initialize(
        requests=st.sampled_from([2, 1000]),
        conditions=st.sampled_from(["error timeout", "error timeout invalid_header http_503", "off"]),
        keepalive=st.sampled_from([0, 1, 32]),
        buffering=st.fixed_dictionaries(
            {"buffering": ON_OFF, "collecting": ON_OFF, "ignoring": ON_OFF, "file": st.sampled_from(["0", "300", "1m"])}
        ),
        pace=st.sampled_from([0, 50, 400, 400, 100_000]),
        together=st.booleans(),
        habits=st.lists(st.tuples(METHODS, LENGTHS, st.booleans()), min_size=1, max_size=5),
    )
    def build(
        self,
        requests: int,
        conditions: str,
        keepalive: int,
        buffering: dict[str, str],
        pace: int,
        together: bool,
        habits: list,
    ) -> None:
        self.failures: list[LogEvent] = []
        globalLogPublisher.addObserver(self.failures.append)
        self.files = temporary_files()
        self.house = House(
            CONFIGURATION.format(requests=requests, conditions=conditions, keepalive=keepalive, **buffering)
        )
        self.read: list[tuple[Stepwise, bytes]] = []
        self.timers = len(self.house.reactor.getDelayedCalls())
        (self.site,) = self.house.sites.values()
        self.pace = pace
        self.together = together
        self.habits = cycle(habits)
        self.manner = ("length", 5)
        self.numbers = count(1)
        self.clients: list[Client] = []
        self.servers: list[Server] = []
        self.posts: set[int] = set()
        self.taken = 0
        self.connect()
        self.connect()

    def pick(self, data: st.DataObject, among: list) -> object:
        return among[data.draw(st.integers(0, len(among) - 1))]

    def talking(self) -> list[Client]:
        return [client for client in self.clients if not client.wire.lost]

    def serving(self) -> list[Server]:
        return [server for server in self.servers if not server.wire.lost]

    def parties(self) -> list[Party]:
        return [*self.talking(), *self.serving()]

    # -- clients -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.talking()) < 4)
    @rule()
    def connect(self) -> None:
        self.clients.append(Client(Wire(self.site.buildProtocol(None), self.read)))

    def asking(self) -> list[Client]:
        return [client for client in self.talking() if not client.tunnel]

    @precondition(lambda self: self.asking())
    @rule(
        data=st.data(),
        method=METHODS,
        size=LENGTHS,
        chunked=st.booleans(),
        last=st.sampled_from([False, False, False, True]),
        times=st.integers(1, 3),
    )
    def ask(self, data: st.DataObject, method: bytes, size: int, chunked: bool, last: bool, times: int) -> None:
        client = self.pick(data, self.asking())
        for nth in range(times):
            client.ask(next(self.numbers), method, size, chunked, last and nth == times - 1)

    @precondition(lambda self: self.asking())
    @rule(data=st.data(), size=st.sampled_from([0, 0, 5, 900]))
    def ask_for_a_tunnel(self, data: st.DataObject, size: int) -> None:
        client = self.pick(data, self.asking())
        client.ask_for_a_tunnel(next(self.numbers))
        client.say(size)

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
            self.servers.append(Server(Wire(factory.buildProtocol(None), self.read)))

    def asked(self) -> list[Server]:
        return [server for server in self.serving() if server.request and not server.out]

    @precondition(lambda self: self.asked())
    @rule(
        data=st.data(),
        kind=KINDS,
        size=st.sampled_from([0, 5, 900]),
        early=st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", HINTS]),
    )
    def server_answers(self, data: st.DataObject, kind: str, size: int, early: bytes) -> None:
        self.answer(self.pick(data, self.asked()), kind, size, early)

    def begun(self) -> list[Server]:
        return [server for server in self.serving() if not server.out and server.begun]

    @precondition(lambda self: self.begun())
    @rule(data=st.data(), kind=st.sampled_from(["length", "chunks", "503"]), size=st.sampled_from([0, 5, 900]))
    def server_answers_at_once(self, data: st.DataObject, kind: str, size: int) -> None:
        """A server does not wait for the rest of the request."""
        server = self.pick(data, self.begun())
        self.execute(server.begun)
        server.answer_at_once(kind, size)

    def answer(self, server: Server, kind: str, size: int, early: bytes = b"") -> None:
        """Have a server prepare an answer of a kind, or leave without one."""
        if kind == "none":
            server.wire.end(ConnectionLost())
        else:
            server.answer(kind, size, early)

    @rule(kind=KINDS, size=st.sampled_from([0, 5, 900]))
    def servers_change_their_manner(self, kind: str, size: int) -> None:
        self.manner = kind, size

    # -- either --------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.parties())
    @rule(data=st.data(), size=SIZES)
    def one_sends(self, data: st.DataObject, size: int) -> None:
        self.pick(data, self.parties()).send(size)
        self.turn()

    @precondition(lambda self: self.parties())
    @rule(data=st.data(), size=SIZES)
    def many_are_ready_at_once(self, data: st.DataObject, size: int) -> None:
        """In one turn of the reactor some are read from, and others are gone."""
        for party in data.draw(st.permutations(self.parties())):
            if data.draw(st.integers(0, 3)):
                party.send(size)
            elif data.draw(st.booleans()):
                party.wire.end(data.draw(LEAVING)())
        self.turn()

    @precondition(lambda self: self.parties())
    @rule(data=st.data(), size=SIZES)
    def one_fetches(self, data: st.DataObject, size: int) -> None:
        self.fetch(self.pick(data, self.parties()), size)

    def fetch(self, party: Party, size: int) -> None:
        """Have one read on; what a server is asked must be one request, and a POST only once."""
        request = party.fetch(size)
        if request is not None:
            number = number_of(request)
            assert pattern(number, len(request.body)) == request.body, "a body of another request"
            self.execute(request)

    def execute(self, request: Message) -> None:
        """Do what a server is asked for, or refuse to."""
        number = number_of(request)
        if request.method == b"POST":
            assert number not in self.posts, "a POST that was executed twice"
            self.posts.add(number)

    def tunnelled(self) -> list[Party]:
        return [party for party in self.parties() if party.tunnel]

    @precondition(lambda self: self.tunnelled())
    @rule(data=st.data(), size=st.sampled_from([5, 900]))
    def one_says_more(self, data: st.DataObject, size: int) -> None:
        self.pick(data, self.tunnelled()).say(size)

    @precondition(lambda self: self.parties())
    @rule(data=st.data())
    def one_stalls_or_goes_on(self, data: st.DataObject) -> None:
        """A body stops to come, an answer to be fetched, or goes on."""
        party = self.pick(data, self.parties())
        party.stalled = not party.stalled

    @precondition(lambda self: any(party.wire.listening for party in self.parties()))
    @rule(data=st.data())
    def one_closes_halfway(self, data: st.DataObject) -> None:
        party = self.pick(data, [party for party in self.parties() if party.wire.listening])
        party.wire.finish()

    @precondition(lambda self: self.parties())
    @rule(data=st.data(), reason=LEAVING)
    def one_leaves(self, data: st.DataObject, reason: type[Exception]) -> None:
        self.pick(data, self.parties()).wire.end(reason())

    # -- the world -----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 1, 5, 61]))
    def time_passes(self, seconds: int) -> None:
        self.house.wait(seconds)

    @rule()
    def connections_settle(self) -> None:
        for party in [*self.clients, *self.servers]:
            party.wire.settle()

    @invariant()
    def the_world_goes_on(self) -> None:
        if self.pace:
            self.go_on(self.pace)

    @rule(times=st.integers(1, 6), size=SIZES)
    def all_goes_quickly(self, times: int, size: int) -> None:
        for _ in range(times):
            self.go_on(size)

    def go_on(self, size: int) -> None:
        """Have everybody who does not stall do what is next, `size` bytes of it."""
        if len(self.talking()) < 2:
            self.connect()
        for client in self.asking():
            if not client.out and len(client.asked) < 4:
                client.ask(next(self.numbers), *next(self.habits), last=False)
            elif not client.out:
                client.ask_for_a_tunnel(next(self.numbers))
                client.say(5)
        for server in self.asked():
            if not server.stalled:
                kind, length = self.manner
                granting = kind == "length" and server.request.values(b"upgrade")
                self.answer(server, "101" if granting else kind, length)
        self.all_send(size)
        while self.waiting():
            self.server_is_asked(refuse=False)
        for party in self.parties():
            if not party.stalled:
                self.fetch(party, size)
        self.connections_settle()

    def turn(self) -> None:
        """End a turn of the reactor."""
        read, self.read[:] = [*self.read], []
        self.house.turns.go(read)

    def all_send(self, size: int) -> None:
        for party in self.parties():
            if not party.stalled:
                party.send(size)
            if not self.together:
                self.turn()
        self.turn()

    # -- what must hold in the end -------------------------------------------------------------------------------------

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
        tunnels = {server.tunnel: server for server in self.servers if server.tunnel}
        for client in self.clients:
            answers, heard = client.answers()
            for answer, (number, _) in zip(answers, client.asked, strict=False):
                if answer.values(b"server") != [b"stickyproxy"]:
                    assert [b"%d" % number] == answer.values(b"x-id"), "another's answer"
                    assert pattern(number, len(answer.body)) == answer.body, "another's body"
            if answers and answers[-1].status == 101:
                self.check_tunnel(client, heard, tunnels[client.tunnel])
        self.check_leaks()

    def check_tunnel(self, client: Client, heard: bytes, server: Server) -> None:
        """Both have heard what the other said, from its beginning, and whoever was told that it ends all of it."""
        assert pattern(client.tunnel, len(heard)) == heard, "what another server said"
        if client.wire.told_all:
            assert server.delivered == len(heard), "a server was not heard to the end"
        if server.wire.told_all:
            assert client.delivered == len(server.heard), "a client was not heard to the end"

    def check_leaks(self) -> None:
        """Nothing is left of it all."""
        assert [] == self.talking(), "a client hangs"
        assert [] == self.serving(), "a server hangs"
        assert 0 == len(self.house.deadlines)
        assert self.site.drain().called, "a channel is left"
        assert self.timers == len(self.house.reactor.getDelayedCalls()), "a timer is left"
        assert self.files == temporary_files(), "a temporary file is left"
        assert [0, 0] == [peer.conns for peer in self.house.upstreams["app"].group.peers]
        begun = sum(client.wire.protocol.requests for client in self.clients)
        assert begun == len(self.house.log), "not one log line for each request"


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=100, stateful_step_count=50)
