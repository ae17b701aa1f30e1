"""A whole proxy in memory, from a configuration's text: clients at the door, and servers that answer by hand."""

from collections.abc import Callable

from twisted.internet.testing import MemoryReactorClock

from stickyproxy.assembly import Parts, build_sites, build_upstreams
from stickyproxy.config.load import loads
from stickyproxy.http.agent import Agent
from stickyproxy.http.certificates import Certificates
from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.turns import Turns
from stickyproxy.observe.survey import Survey
from stickyproxy.observe.tally import Tallies
from stickyproxy.proxy.outcome import Outcome
from tests.wire import End, Servers, connect

# When the clock starts, in epoch seconds.
START = 1_700_000_000
GET = b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"


class House:
    """The proxy of a configuration. `log` holds what the access log got, `servers` are asked for connections."""

    def __init__(self, text: str) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(START)
        self.servers = Servers(self.reactor)
        self.log: list[str] = []
        self.deadlines = Deadlines(self.reactor)
        self.deadlines.start()
        # What is read without them goes all the way at once.
        self.turns = Turns()
        settings = loads(text)
        self.upstreams = build_upstreams(
            settings, tuple, lambda settings: Agent(self.reactor, self.deadlines, settings)
        )
        self.survey = Survey(self.upstreams, Tallies(), self.reactor.seconds)
        observers = (self.survey.tallies,) if settings.watched else ()
        parts = Parts(self.upstreams, self.survey, self, Certificates(), observers)
        sites = build_sites(settings, parts, self.deadlines, self.turns.post)
        self.sites = {listen.shown: site for listen, site in sites}

    # As the log files that the access log writes to.

    def open(self, path: str) -> "House":
        return self

    def write(self, line: bytes) -> None:
        self.log.append(line.decode().rstrip("\n"))

    def note(self, make: Callable[[Outcome], bytes], outcome: Outcome) -> None:
        self.write(make(outcome))

    # As the world outside.

    def client(self, address: str = "0.0.0.0:8080") -> End:
        """Connect a client to an address that is listened on."""
        return connect(self.sites[address])

    def wait(self, seconds: float) -> None:
        """Let time pass, second by second."""
        self.reactor.pump([1] * int(seconds))


def answer(body: bytes = b"ok", status: bytes = b"200 OK", *fields: bytes) -> bytes:
    """Write a server's response."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"HTTP/1.1 %b\r\nDate: now\r\n%bContent-Length: %d\r\n\r\n%b" % (status, lines, len(body), body)


def status(response: bytes) -> int:
    """Read the status of the response a client got."""
    return int(response.split(b" ", 2)[1])
