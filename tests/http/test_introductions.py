from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.http.deadlines import Deadlines
from stickyproxy.http.introductions import Introduced, IntroductionFactory
from stickyproxy.http.proxy_protocol import ProxyHeader
from tests.wire import Transport

BALANCER = IPv4Address("TCP", "10.0.0.1", 40000)
STRANGER = IPv4Address("TCP", "198.51.100.9", 40000)
LINE = b"PROXY TCP4 192.0.2.7 192.0.2.80 51000 443\r\n"
HEADER = ProxyHeader(b"192.0.2.7", 51000, b"192.0.2.80", 443)
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
REQUEST = b"GET / HTTP/1.1\r\n"


class Inner(Protocol):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data


class InnerFactory(Factory):
    """Remembers whom it served; `full` is one that takes nobody."""

    full = False

    def __init__(self) -> None:
        self.addresses: list[IAddress | None] = []
        self.last = Inner()

    def buildProtocol(self, addr: IAddress | None) -> Inner | None:
        if self.full:
            return None
        self.addresses.append(addr)
        self.last = Inner()
        return self.last


class IntroductionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.deadlines.start()
        self.inner = InnerFactory()
        self.factory = IntroductionFactory(
            self.inner, lambda host: host in (b"10.0.0.1", b"unix:"), 5.0, self.deadlines
        )

    def connect(self) -> Transport:
        """Connect a balancer."""
        transport = Transport()
        protocol = self.factory.buildProtocol(BALANCER)
        assert protocol is not None
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return transport

    def send(self, transport: Transport, *parts: bytes) -> None:
        """Have each part arrive as a segment of its own."""
        for part in parts:
            transport.protocol.dataReceived(part)

    def test_at_once(self) -> None:
        """Who is introduced is served by another protocol, which gets what follows the header and all that comes."""
        transport = self.connect()
        self.send(transport, LINE + REQUEST, b"Host: x\r\n")
        self.assertEqual([Introduced(BALANCER, HEADER)], self.inner.addresses)
        self.assertIs(self.inner.last, transport.protocol)
        self.assertIs(transport, self.inner.last.transport)
        self.assertEqual(REQUEST + b"Host: x\r\n", self.inner.last.data)

    def test_byte_by_byte(self) -> None:
        """A header may arrive in pieces; nobody is served before it is whole."""
        transport = self.connect()
        for byte in LINE:
            self.assertEqual([], self.inner.addresses)
            self.send(transport, bytes([byte]))
        self.assertEqual(([Introduced(BALANCER, HEADER)], b""), (self.inner.addresses, self.inner.last.data))

    def test_local(self) -> None:
        """A balancer that speaks for itself introduces nobody, and is served."""
        self.send(self.connect(), LOCAL + REQUEST)
        self.assertEqual(([Introduced(BALANCER, None)], REQUEST), (self.inner.addresses, self.inner.last.data))

    def test_strangers(self) -> None:
        """A stranger gets no protocol, which has Twisted close the connection, and is told of below `error`."""
        with capturedLogs() as told:
            self.assertIs(None, self.factory.buildProtocol(STRANGER))
        self.assertEqual(["info"], [event["log_level"].name for event in told])
        self.assertIsNot(None, self.factory.buildProtocol(UNIXAddress(None)))

    def test_no_header(self) -> None:
        """A balancer that does not introduce its client is closed without an answer, and the operator is told."""
        transport = self.connect()
        with capturedLogs() as told:
            self.send(transport, REQUEST)
        self.assertEqual((True, b""), (transport.disconnected, transport.value()))
        self.assertEqual(("10.0.0.1", "no PROXY header"), (told[0]["host"], told[0]["why"]))
        self.assertEqual(([], 0), (self.inner.addresses, len(self.deadlines)))

    def test_slow_header(self) -> None:
        """A header that is not whole in time, however it drips, ends the connection."""
        transport = self.connect()
        for byte in LINE[:4]:
            self.send(transport, bytes([byte]))
            self.clock.advance(1)
        self.assertFalse(transport.disconnected)
        self.clock.advance(1)
        self.assertEqual((True, 0), (transport.disconnected, len(self.deadlines)))

    def test_introduced_in_time(self) -> None:
        """Behind the header its time is nobody's business."""
        transport = self.connect()
        self.send(transport, LINE)
        self.clock.advance(60)
        self.assertEqual((False, 0), (transport.disconnected, len(self.deadlines)))

    def test_gone(self) -> None:
        """A connection that is lost before its header is whole leaves nothing behind."""
        transport = self.connect()
        self.send(transport, LINE[:9])
        transport.protocol.connectionLost()
        self.assertEqual(0, len(self.deadlines))

    def test_drain(self) -> None:
        """Who is not introduced yet is closed when the proxy ends; who is introduced is not."""
        introduced, waiting, gone = self.connect(), self.connect(), self.connect()
        self.send(introduced, LINE)
        self.send(waiting, LINE[:9])
        gone.protocol.connectionLost()
        self.factory.drain()
        self.assertEqual((False, True, False), (introduced.disconnected, waiting.disconnected, gone.disconnected))
        waiting.protocol.connectionLost()
        self.assertEqual(set(), self.factory.waiting)

    def test_full(self) -> None:
        """Where nobody is taken any more, an introduction ends the connection."""
        transport = self.connect()
        self.inner.full = True
        self.send(transport, LINE + REQUEST)
        self.assertTrue(transport.disconnected)

    def test_factories_start_and_stop_together(self) -> None:
        """The factory behind starts with the port, and stops with it."""
        self.factory.doStart()
        self.assertEqual(1, self.inner.numPorts)
        self.factory.doStop()
        self.assertEqual(0, self.inner.numPorts)
