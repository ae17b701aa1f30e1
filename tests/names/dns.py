"""Name servers in memory, and what they say."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred, fail, succeed
from twisted.names.dns import AAAA, CNAME, SRV, A, Record_A, Record_AAAA, Record_CNAME, Record_SRV, RRHeader

from stickyproxy.config.proxying import parse_server
from stickyproxy.config.settings import Server

KINDS = {"A": A, "AAAA": AAAA, "SRV": SRV, "CNAME": CNAME}
Said = Sequence[str] | Exception | None


class Names:
    """What there is to each `NAME TYPE`: records, an error, or None for no answer until `release`; else nothing.

    A record is `TTL DATA`, or for an alias `TTL CNAME DATA`. `asked` are the questions so far.
    """

    def __init__(self, **said: Said) -> None:
        self.said: dict[str, Said] = dict(said)
        self.asked: list[str] = []
        self.waiting: list[Deferred[Sequence[RRHeader]]] = []

    def ask(self, name: str, kind: int) -> "Deferred[Sequence[RRHeader]]":
        word = next(word for word, number in KINDS.items() if number == kind)
        self.asked.append(f"{name} {word}")
        said = self.said.get(f"{name} {word}", ())
        if said is None:
            self.waiting.append(Deferred())
            return self.waiting[-1]
        if isinstance(said, Exception):
            return fail(said)
        return succeed([record(name, word, text) for text in said])


def record(name: str, kind: str, text: str) -> RRHeader:
    """Read `TTL DATA`."""
    ttl, *data = text.split()
    if data[0] == "CNAME":
        kind, data = "CNAME", data[1:]
    if kind == "SRV":
        priority, weight, port, target = data
        payload = Record_SRV(int(priority), int(weight), int(port), target.encode())
    else:
        payload = {"A": Record_A, "AAAA": Record_AAAA, "CNAME": Record_CNAME}[kind](data[0])
    return RRHeader(name, KINDS[kind], ttl=int(ttl), payload=payload)


def server(text: str) -> Server:
    """Read a `server` line."""
    return parse_server(text.split())
