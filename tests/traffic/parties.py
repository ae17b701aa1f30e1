"""Who is connected to the proxy: clients that ask and servers that answer, each with what it has yet to send."""

from twisted.internet.error import ConnectionDone

from tests.end_to_end.messages import Message, head_of, message_of
from tests.traffic.wires import Wire


def pattern(number: int, size: int) -> bytes:
    """Return a body that tells whose it is at every byte."""
    return (b"<%d>" % number * size)[:size]


def number_of(request: Message) -> int:
    """Return the number of the request, which its target is."""
    return int(request.first.split(b" ")[1][1:])


class Party:
    """One end of a connection to the proxy.

    `out` is what it has not sent yet. `tunnel` is the number of the request that asks for a tunnel, or has become one,
    and `said` how many bytes were said there, those that are still in `out` too. One that is `stalled` does nothing by
    itself.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.out = b""
        self.tunnel = self.said = 0
        self.stalled = False

    @property
    def delivered(self) -> int:
        """How many bytes of a tunnel it has sent."""
        return max(0, self.said - len(self.out))

    def say(self, size: int) -> None:
        """Put more bytes of a tunnel behind what there is to be sent."""
        self.out += pattern(self.tunnel, self.said + size)[self.said :]
        self.said += size

    def send(self, size: int) -> None:
        """Send up to so many bytes."""
        if self.wire.listening and self.out:
            segment, self.out = self.out[:size], self.out[size:]
            self.wire.send(segment)

    def fetch(self, size: int) -> Message | None:
        """Take up to so many bytes; return the request that is whole by them, if it is one that takes requests."""
        self.wire.fetch(size)
        return None


class Client(Party):
    """One client, and what it asked, in order."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.asked: list[tuple[int, bytes]] = []

    def ask(self, number: int, method: bytes, size: int, chunked: bool, last: bool) -> None:
        """Write a request, which is sent later."""
        self.asked.append((number, method))
        body = pattern(number, size) if method in (b"POST", b"PUT") else b""
        fields = b"Content-Length: %d\r\n" % len(body)
        if chunked:
            fields = b"Transfer-Encoding: chunked\r\n"
            body = (b"%x;x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\nX-Id: 0\r\n\r\n"
        if last:
            fields += b"Connection: close\r\n"
        self.out += b"%b /%d HTTP/1.1\r\nHost: a\r\n%b\r\n%b" % (method, number, fields, body)

    def ask_for_a_tunnel(self, number: int) -> None:
        """Write the last request of this client."""
        self.asked.append((number, b"GET"))
        self.tunnel = number
        self.out += b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" % number

    def answers(self) -> tuple[list[Message], bytes]:
        """Read all that came: the answers in order, and what came by a tunnel.

        An answer in part must be the last, and not end in good order.
        """
        data, answers = self.wire.fetched, []
        while data:
            method = self.asked[len(answers)][1] if len(answers) < len(self.asked) else b"GET"
            found = message_of(data, bodiless=method == b"HEAD", closed=self.wire.whole)
            if found is None:
                assert not self.wire.whole, "an answer cut short ended as if it were whole"
                return answers, b""
            answer, data = found
            if answer.status not in (100, 103):
                answers.append(answer)
            if answer.status == 101:
                return answers, data
        return answers, b""


class Server(Party):
    """One connection to a server, and the request that it reads.

    `dirty` is a connection on which something went wrong: it must never carry another request. One that is `hasty` has
    answered before it had the whole of its request, and reads no more.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.request: Message | None = None
        self.leaving: type[Exception] | None = None
        self.dirty = self.at_once = self.hasty = False
        self._read = 0

    def send(self, size: int) -> None:
        """Send up to so many bytes, and leave behind the last of them if that is the way this answer ends."""
        had = bool(self.out)
        super().send(len(self.out) if self.at_once else size)
        if had and not self.out and self.leaving is not None:
            self.wire.end(self.leaving())

    @property
    def heard(self) -> bytes:
        """What came behind the last request that was read."""
        return self.wire.fetched[self._read :]

    def fetch(self, size: int) -> Message | None:
        super().fetch(size)
        if self.tunnel:
            assert pattern(self.tunnel, len(self.heard)) == self.heard, "what another client said"
            return None
        assert self.hasty or not (self.heard and self.dirty), "a dirty connection was used again"
        found = message_of(self.heard) if self.request is None and not self.hasty else None
        if found is None:
            return None
        self.request, rest = found
        self._read = len(self.wire.fetched) - len(rest)
        return self.request

    @property
    def begun(self) -> Message | None:
        """The head of the request that is here in part."""
        found = head_of(self.heard) if not (self.request or self.hasty or self.tunnel) else None
        return found and found[0]

    def answer_at_once(self, kind: str, size: int) -> None:
        """Answer without the rest of the request."""
        self.request = self.begun
        self.answer(kind, size, b"")
        self.hasty = self.dirty = True

    def answer(self, kind: str, size: int, early: bytes) -> None:
        """Put an answer of a kind to be sent; the body, if the answer has one, is `size` bytes long."""
        request, self.request = self.request, None
        assert request is not None
        number = number_of(request)
        nobody = request.method == b"HEAD"
        body = b"" if nobody else pattern(number, size)
        head = early + b"HTTP/1.1 %b X\r\nX-Id: %d\r\n" % (kind.encode() if kind.isdigit() else b"200", number)
        sized = head + b"Content-Length: %d\r\n\r\n" % size + body
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"%x\r\n%b\r\n" % (size, body) if body else b"")
        answers = {
            "length": sized,
            "503": sized,
            "last": head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size + body,
            "204": head + b"\r\n",
            "101": head + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n",
            "chunks": chunked + (b"" if nobody else b"0\r\n\r\n"),
            "close": head + b"\r\n" + body,
            "short": head + b"Content-Length: %d\r\n\r\n" % (size + 9) + body,
            "broken": chunked + b"zz\r\n",
            "extra": sized + b"HTTP/1.1 200 X\r\nX-Id: 0\r\nContent-Length: 0\r\n\r\n",
            "garbage": b"\0\r\n\r\n",
        }
        self.out = answers[kind]
        self.dirty = kind not in ("length", "503", "204", "chunks")
        # What comes behind an answer makes a connection dirty only if it comes before the next request.
        self.at_once = kind == "extra"
        self.leaving = ConnectionDone if kind in ("close", "short") else None
        if kind == "101" and request.values(b"upgrade"):
            self.tunnel = number
            self.say(size)
