"""The proxy in memory before servers that write down every byte, and answer each whole request by its target."""

from collections.abc import Iterator

from attrs import define, field, frozen

from tests.end_to_end.messages import Message, message_of
from tests.proxy.house import House
from tests.wire import End

_CONFIGURATION = """
[http]
log_format = told "$status $request"
access_log = log told
[upstream app]
server = 10.0.0.1:80 max_fails=0
[server www]
listen = 8080
client_max_body_size = 1m
[location www /]
proxy_pass = http://app
"""

CLEAN = b"GET /clean HTTP/1.1\r\nHost: www.example\r\n\r\n"


def segmented(data: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Cut bytes in the three ways in which a reader may get them."""
    yield "whole", [data]
    yield "byte by byte", [data[at : at + 1] for at in range(len(data))]
    yield "line by line", data.replace(b"\r\n", b"\r\n\0cut\0").split(b"\0cut\0")


@define
class Server:
    """One connection that the proxy made, and the whole requests that came on it."""

    end: End
    data: bytes = b""
    requests: list[Message] = field(factory=list)


@frozen
class Client:
    """One connection to the proxy."""

    end: End
    got: list[bytes] = field(factory=list)

    @property
    def answers(self) -> list[Message]:
        """The whole answers that came, read strictly; what is left over is no answer, and fails."""
        data = b"".join(self.got)
        answers = []
        while data:
            found = message_of(data, closed=self.end.dropped)
            assert found is not None, f"not a whole answer: {data!r}"
            answer, data = found
            answers.append(answer)
        return answers


class Relay:
    """The house and all that is connected to it."""

    def __init__(self) -> None:
        self.house = House(_CONFIGURATION)
        self.servers: list[Server] = []

    def connect(self) -> Client:
        """Connect a client."""
        return Client(self.house.client())

    def send(self, client: Client, segments: list[bytes]) -> None:
        """Have a client send segments as long as it is listened to; the servers answer what is asked of them."""
        for segment in segments:
            if segment and not client.end.dropped:
                client.end.send(segment)
                self._serve()
                client.got.append(client.end.received())

    @property
    def requests(self) -> list[Message]:
        """Every whole request that a server got."""
        return [request for server in self.servers for request in server.requests]

    def _serve(self) -> None:
        while len(self.servers) < len(self.house.servers.asked):
            self.servers.append(Server(self.house.servers.accept()))
        for server in self.servers:
            server.data += server.end.received()
            while found := message_of(server.data):
                request, server.data = found
                server.requests.append(request)
                server.end.send(self.answer_to(request))
                server.data += server.end.received()

    def answer_to(self, request: Message) -> bytes:
        """Answer a request by its target; none of the answers has a body, so that HEAD needs no other."""
        target = request.first.split(b" ")[1]
        return b"HTTP/1.1 200 OK\r\nX-Target: %b\r\nContent-Length: 0\r\n\r\n" % target


def clean_request_is_answered(relay: Relay, client: Client) -> None:
    """Check that the next clean request gets its own answer: on this connection if it is kept, else on a new one."""
    if client.end.dropped:
        client = relay.connect()
    relay.send(client, [CLEAN])
    answer = client.answers[-1]
    assert (200, [b"/clean"]) == (answer.status, answer.values(b"x-target"))
