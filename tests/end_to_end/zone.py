"""A name server of its own, with records that change, on UDP and TCP of loopback."""

from collections.abc import Sequence

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.names.dns import DNSDatagramProtocol, Query, Record_A, Record_AAAA, Record_SRV, RRHeader
from twisted.names.error import AuthoritativeDomainError
from twisted.names.server import DNSServerFactory

from tests.end_to_end.fakes import HOST

Record = Record_A | Record_AAAA | Record_SRV
Sections = tuple[list[RRHeader], list[RRHeader], list[RRHeader]]


class Zone:
    """All names there are: `say` changes what one of them stands for. It answers from `start` until `stop`."""

    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self._records: dict[str, Sequence[Record]] = {}
        self._factory = DNSServerFactory(authorities=[self])
        self._protocol = DNSDatagramProtocol(self._factory, reactor)
        self._udp: IListeningPort | None = None
        self._tcp: IListeningPort | None = None
        self.port = 0

    def say(self, name: str, *records: Record) -> None:
        """Have the name stand for these records; without any there is no such name."""
        self._records[name] = records

    def query(self, query: Query, timeout: object = None) -> "Deferred[Sections]":
        """Answer a question, as a resolver of twisted.names."""
        name = str(query.name)
        if not self._records.get(name):
            return fail(AuthoritativeDomainError(name))
        found = [
            RRHeader(name, record.TYPE, ttl=record.ttl, payload=record, auth=True)
            for record in self._records[name]
            if record.TYPE == query.type
        ]
        return succeed((found, [], []))

    def addresses(self, *addresses: str) -> Sequence[Record_A]:
        """Write address records."""
        return [Record_A(address, self.ttl) for address in addresses]

    def service(self, port: int, target: str, priority: int = 0, weight: int = 0) -> Record_SRV:
        """Write a service record."""
        return Record_SRV(priority, weight, port, target.encode(), self.ttl)

    def start(self) -> None:
        """Answer, at the same port each time, which TCP has taken first: there ports are scarce."""
        if self._tcp is None:
            self._tcp = reactor.listenTCP(0, self._factory, interface=HOST)
            self.port = self._tcp.getHost().port
        self._udp = reactor.listenUDP(self.port, self._protocol, interface=HOST)

    async def stop(self) -> None:
        """Answer no more questions; nobody has been told to ask over TCP."""
        udp, self._udp = self._udp, None
        if udp is not None:
            await udp.stopListening()

    async def close(self) -> None:
        """Give the port back."""
        await self.stop()
        if self._tcp is not None:
            await self._tcp.stopListening()
