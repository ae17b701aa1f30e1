"""How name servers are asked, byte for byte as far as twisted.names goes, and who they are."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock
from twisted.names.dns import ENAME, A, Message, Record_A, RRHeader
from twisted.names.error import DNSNameError
from zope.interface import implementer

from stickyproxy.config.addresses import InetAddress
from stickyproxy.names.name_servers import NameServers, system_name_servers

FIRST, SECOND = (InetAddress(ip_address(f"10.0.0.{number}"), 53) for number in (1, 2))


class Port:
    """A datagram port that keeps what was sent."""

    def __init__(self, reactor: "Wires", protocol: DatagramProtocol) -> None:
        self.open = True
        self.protocol = protocol
        self._reactor = reactor

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        message = Message()
        message.fromStr(data)
        self._reactor.sent.append((message, address, self))

    def stopListening(self) -> None:
        self.open = False


@implementer(IReactorUDP)
class Wires(Clock):
    """A reactor with datagram ports: what was `sent`, to whom, and from which port."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Message, tuple[str, int], Port]] = []

    def listenUDP(self, port: int, protocol: DatagramProtocol, interface: str = "", maxPacketSize: int = 0) -> Port:
        there = Port(self, protocol)
        protocol.makeConnection(there)
        return there

    def answer(self, number: int, *records: RRHeader, code: int = 0) -> None:
        """Answer what was sent, as whoever was asked."""
        asked, address, port = self.sent[number]
        answer = Message(asked.id, answer=1, rCode=code)
        answer.queries, answer.answers = asked.queries, list(records)
        port.protocol.datagramReceived(answer.toStr(), address)


def test_question_and_answer() -> None:
    """The question goes to the first name server, and what comes back is what there is."""
    wires = Wires()
    asking = NameServers(wires, [FIRST, SECOND], 5.0).ask("app.example", A)
    ((message, address, port),) = wires.sent
    assert ("app.example", A, ("10.0.0.1", 53)) == (str(message.queries[0].name), message.queries[0].type, address)
    wires.answer(0, RRHeader("app.example", A, ttl=9, payload=Record_A("10.0.0.9")))
    (header,) = asking.result
    assert (9, "10.0.0.9", False) == (header.ttl, header.payload.dottedQuad(), port.open)


def test_no_such_name() -> None:
    """That there is no such name is told apart from other failures."""
    wires = Wires()
    asking = NameServers(wires, [FIRST], 5.0).ask("app.example", A)
    failures: list[object] = []
    asking.addErrback(failures.append)
    wires.answer(0, code=ENAME)
    assert failures[0].check(DNSNameError)


def test_next_name_server_is_asked() -> None:
    """Where nobody answers the next one is asked, and all of them again, from another port each time."""
    wires = Wires()
    asking = NameServers(wires, [FIRST, SECOND], 5.0).ask("app.example", A)
    wires.advance(1)
    wires.advance(1)
    assert ["10.0.0.1", "10.0.0.2", "10.0.0.1"] == [address[0] for _, address, _ in wires.sent]
    assert [False, False, True] == [port.open for *_, port in wires.sent]
    wires.answer(2)
    assert [] == asking.result


def test_time_is_up() -> None:
    """After the timeout, over all name servers and rounds, nobody waits any more."""
    wires = Wires()
    asking = NameServers(wires, [FIRST], 4.5).ask("app.example", A)
    failures: list[object] = []
    asking.addErrback(failures.append)
    wires.pump([1, 1, 1, 1.4])
    assert [] == failures
    wires.advance(0.1)
    assert failures[0].check(TimeoutError)
    assert not any(port.open for *_, port in wires.sent)


def test_not_all_is_asked_at_once() -> None:
    """A service of many targets takes a few ports at a time."""
    wires = Wires()
    servers = NameServers(wires, [FIRST], 5.0)
    for number in range(20):
        servers.ask(f"t{number}.example", A)
    assert 16 == len(wires.sent)
    wires.answer(0)
    assert 17 == len(wires.sent)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# no\nsearch example\nnameserver 10.0.0.1\n\tnameserver\t::1 \n", ["10.0.0.1:53", "[::1]:53"]),
        ("nameserver\nnameserver fe80::1%eth0\nnameserver x\nnameserver 10.0.0.2", ["[fe80::1]:53", "10.0.0.2:53"]),
        ("options timeout:1\n", ["127.0.0.1:53"]),
        ("", ["127.0.0.1:53"]),
    ],
)
def test_system_name_servers(tmp_path: Path, text: str, expected: list[str]) -> None:
    """They are those of resolv.conf, and this machine where that names none."""
    path = tmp_path / "resolv.conf"
    path.write_text(text)
    assert expected == [str(address) for address in system_name_servers(path)]


def test_without_resolv_conf(tmp_path: Path) -> None:
    """Where there is no such file this machine is asked."""
    assert ["127.0.0.1:53"] == [str(address) for address in system_name_servers(tmp_path / "none")]
