"""All that DNS has to say of one `server` line: the addresses of its name, or those of a service that it names."""

from collections.abc import Callable, Coroutine, Sequence
from ipaddress import ip_address
from math import inf
from typing import Any, TypeVar

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.names.dns import AAAA, SRV, A, RRHeader
from twisted.names.error import DNSNameError, DNSQueryRefusedError, DNSServerError

from stickyproxy.config.addresses import HostAddress, InetAddress
from stickyproxy.config.resolver import Resolver
from stickyproxy.config.settings import Server

# An answer is good for its TTL within these bounds, in seconds; if there was none, or nothing in it, we ask again soon.
SHORTEST, LONGEST = 1.0, 3600.0
AGAIN = 5.0
# Weights of a service that go beyond this are scaled down, since some methods keep something for each unit.
HEAVIEST = 1000

# Asks for the records of a type that a name has, and gives those on the way there, its aliases, too. The Deferred
# fails with DNSNameError if there is no such name, and with something else if nobody could tell.
Ask = Callable[[str, int], "Deferred[Sequence[RRHeader]]"]

T = TypeVar("T")


@frozen
class Found:
    """Where a server is. One of a service has a name and a weight of its own, and may be there as a backup only."""

    address: InetAddress
    name: str | None = None
    weight: int | None = None
    backup: bool = False


@frozen
class Answer:
    """What was found, in an order that does not depend on the resolver's, and for how many seconds that is good.

    `fault` says what was wrong, if anything was; what could not be asked then is as it was the last time.
    """

    found: tuple[Found, ...]
    ttl: float
    fault: str = ""


@frozen
class _Records:
    """The answer to one question, for how long it is good, and what was wrong with asking.

    That there is nothing does not shorten what else there is: few names have addresses of both kinds.
    """

    records: tuple[Any, ...] = ()
    ttl: float = inf
    fault: str = ""


class Lookup:
    """Asks about one `server` line until it is `stopped`: what was under way is given up then, and nothing is asked."""

    def __init__(self, server: Server, ask: Ask, settings: Resolver) -> None:
        assert isinstance(server.address, HostAddress)
        self._host = server.address.host
        self._port = server.address.port
        self._service = service_name(server.service, self._host) if server.service else None
        self._ask = ask
        self._families = [kind for kind, wanted in ((A, settings.ipv4), (AAAA, settings.ipv6)) if wanted]
        self._valid = settings.valid
        self.stopped = False
        # The answers to all questions of the last time, and of this one.
        self._last: dict[tuple[str, int], _Records] = {}
        self._now: dict[tuple[str, int], _Records] = {}

    def take_over(self, before: "Lookup") -> None:
        """Have the last answers to another stand until there are newer ones, also where it was stopped half way."""
        self._now = before._last | before._now  # noqa: SLF001

    async def find(self) -> Answer:
        """Ask everything anew; not before the last time is over."""
        self._last, self._now = self._now, {}
        found = await (self._of_host() if self._service is None else self._of_service(self._service))
        fault = next((each.fault for each in self._now.values() if each.fault), "")
        ttl = min(each.ttl for each in self._now.values())
        return Answer(tuple(found), ttl if found else min(ttl, AGAIN), fault)

    async def _of_host(self) -> list[Found]:
        return [Found(address) for address in await self._addresses(self._host, self._port)]

    async def _of_service(self, name: str) -> list[Found]:
        """The servers of a service (RFC 2782): those of the first priority, and all others as backups."""
        records = await self._records(name, SRV)
        # The root for a target says that there is no such service here.
        targets = sorted(
            (record.priority, str(record.target), record.port, record.weight)
            for record in records
            if str(record.target).strip(".")
        )
        addresses = await _all([self._addresses(target, port) for _, target, port, _ in targets])
        scale = max(1.0, max((weight for *_, weight in targets), default=1) / HEAVIEST)
        found: dict[InetAddress, Found] = {}
        for (priority, target, port, weight), there in zip(targets, addresses, strict=True):
            for address in there:
                one = Found(address, f"{target}:{port}", max(1, int(weight / scale)), priority > targets[0][0])
                found.setdefault(address, one)
        return list(found.values())

    async def _addresses(self, host: str, port: int) -> list[InetAddress]:
        answers = await _all([self._records(host, family) for family in self._families])
        ips = {ip_address(record.address) for records in answers for record in records}
        return [InetAddress(ip, port) for ip in sorted(ips, key=lambda ip: (ip.version, int(ip)))]

    async def _records(self, name: str, kind: int) -> tuple[Any, ...]:
        if self.stopped:
            return ()
        question = name, kind
        answer = await self._answer(name, kind, self._last.get(question, _Records()))
        self._now[question] = answer
        return answer.records

    async def _answer(self, name: str, kind: int, last: _Records) -> _Records:
        try:
            headers = await self._ask(name, kind)
        except DNSNameError:
            return _Records()
        except Exception as error:  # noqa: BLE001 - whatever keeps an answer from coming
            return evolve(last, ttl=AGAIN, fault=f"{name}: {_reason(error)}")
        records = tuple(header.payload for header in headers if header.type == kind)
        if not records:
            return _Records()
        ttl = min(max(float(min(header.ttl for header in headers)), SHORTEST), LONGEST)
        return _Records(records, ttl if self._valid is None else self._valid)


def service_name(service: str, host: str) -> str:
    """Return the name under which a service is found: `http` is `_http._tcp` there, and what has a dot stands as it is.

    As in nginx (ngx_http_upstream_module, `service=`).
    """
    return f"{service}.{host}" if "." in service else f"_{service}._tcp.{host}"


def _all(asking: Sequence[Coroutine[Any, Any, T]]) -> "Deferred[list[T]]":
    """Fire with what all of them return; none of them fails, unless they are given up."""
    return gatherResults([Deferred.fromCoroutine(each) for each in asking])


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case DNSServerError():
            return "the name server failed (SERVFAIL)"
        case DNSQueryRefusedError():
            return "the name server refuses (REFUSED)"
    return str(error) if isinstance(error, OSError) else type(error).__name__
