"""The name servers that are asked, over UDP, and over TCP where an answer is too long for that."""

from collections.abc import Sequence
from ipaddress import ip_address
from operator import itemgetter
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.names.client import Resolver
from twisted.names.dns import IN, Query, RRHeader

from stickyproxy.config.addresses import InetAddress

PORT = 53
# How many questions are under way at a time, each with a port of its own, so that an answer is hard to forge.
_MOST = 16
# How long each name server may take in the first round, the second and so on, in seconds.
_ROUNDS = (1, 2, 4, 8, 16, 32, 64)


class NameServers:
    """Asks those at `addresses` in turn, until one answers or `timeout` seconds are over."""

    def __init__(self, reactor: IReactorTime, addresses: Sequence[InetAddress], timeout: float) -> None:
        self._reactor = reactor
        self._timeout = timeout
        self._resolver = Resolver(
            servers=[(address.host, address.port) for address in addresses], timeout=_ROUNDS, reactor=reactor
        )
        self._gate = DeferredSemaphore(_MOST)

    def ask(self, name: str, kind: int) -> "Deferred[Sequence[RRHeader]]":
        """Fire with the records of that type that the name has, and with the aliases on the way to them.

        Fails with an error of twisted.names.error, or with TimeoutError.
        """
        return self._gate.run(self._ask, name, kind)

    def _ask(self, name: str, kind: int) -> "Deferred[Sequence[RRHeader]]":
        asking: Deferred[Any] = self._resolver.query(Query(name.encode(), kind, IN))
        return asking.addTimeout(self._timeout, self._reactor).addCallback(itemgetter(0))


def system_name_servers(path: Path = Path("/etc/resolv.conf")) -> list[InetAddress]:
    """Return those that the system is told to ask, or this machine (resolv.conf(5))."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    found = []
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                found.append(InetAddress(ip_address(words[1]), PORT))
            except ValueError:
                continue
    return found or [InetAddress(ip_address("127.0.0.1"), PORT)]
