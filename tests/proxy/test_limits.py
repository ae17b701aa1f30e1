"""Limits by themselves, and over whole exchanges."""

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from stickyproxy.config.settings import LimitConn, LimitZone
from stickyproxy.config.templates import parse_template
from stickyproxy.proxy.limits import Limits, Places, Zone, Zones, leave
from tests.proxy.facts import facts, request
from tests.proxy.house import House, answer, status

PATH = LimitZone("path", parse_template("$uri"))
ARGUMENT = LimitZone("argument", parse_template("$arg_a"))


class LimitsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path, self.argument = Zone(PATH), Zone(ARGUMENT)
        self.limits = Limits([(self.path, 2), (self.argument, 1)])

    def enter(self, target: bytes) -> Places | None:
        return self.limits.enter(facts(request(target)))

    def test_one_too_many(self) -> None:
        """As many requests of one key are admitted as the limit says, and further ones as soon as others have left."""
        first, second = self.enter(b"/x"), self.enter(b"/x")
        self.assertEqual([(self.path, b"/x")], first)
        with capturedLogs() as told:
            self.assertIs(None, self.enter(b"/x"))
        self.assertEqual(["warn"], [event["log_level"].name for event in told])
        self.assertIsNot(None, self.enter(b"/y"))
        leave(second or ())
        self.assertIsNot(None, self.enter(b"/x"))

    def test_counted_everywhere_or_nowhere(self) -> None:
        """A request that one zone refuses is not counted by the others."""
        self.assertEqual([(self.path, b"/x"), (self.argument, b"1")], self.enter(b"/x?a=1"))
        self.assertIs(None, self.enter(b"/z?a=1"))
        self.assertEqual((1, 1), (len(self.path), len(self.argument)))

    def test_nothing_is_left(self) -> None:
        """Keys of which there is no request are forgotten."""
        places = [self.enter(b"/x"), self.enter(b"/x"), self.enter(b"/y?a=1")]
        for each in places:
            leave(each or ())
        self.assertEqual((0, 0), (len(self.path), len(self.argument)))

    def test_zones_are_shared(self) -> None:
        """Two locations that limit by one zone share its counts; one without limits has none."""
        zones = Zones()
        one, other = zones.limits([LimitConn(PATH, 1)]), zones.limits([LimitConn(PATH, 1)])
        assert one is not None
        assert other is not None
        self.assertIsNot(None, one.enter(facts(request())))
        self.assertIs(None, other.enter(facts(request())))
        self.assertIs(None, zones.limits([]))


TEXT = """
[http]
limit_conn_zone = $binary_remote_addr zone=addr:10m
limit_conn = addr 2
{http}
[upstream app]
server = 10.0.0.1:80
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
{location}
[location www /free]
limit_conn = addr 9
return = 200 free
[location www /sorry]
proxy_pass = http://app
"""
GET = b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n"


class ExchangeTests(SynchronousTestCase):
    def make(self, http: str = "", location: str = "") -> House:
        """Make a house in which two requests of an address are in progress; `first` is a client that waits."""
        house = House(TEXT.format(http=http, location=location))
        self.first, second = house.client(), house.client()
        for client in (self.first, second):
            client.send(GET % (b"/", b""))
        return house

    def status(self, house: House, path: bytes = b"/", field: bytes = b"") -> int:
        client = house.client()
        client.send(GET % (path, field))
        return status(client.received())

    def test_one_too_many(self) -> None:
        """One request too many is answered 503 and reaches no server; a larger limit elsewhere counts the same ones."""
        house = self.make()
        self.assertEqual((503, 200), (self.status(house), self.status(house, b"/free")))
        self.assertEqual(2, len(house.servers.asked))

    def test_status(self) -> None:
        """The status is a setting."""
        self.assertEqual(429, self.status(self.make("limit_conn_status = 429")))

    def test_room_again(self) -> None:
        """A request that is answered, and one whose client is gone, makes room; its connection does not count."""
        house = self.make()
        house.servers.accept().send(answer())
        self.assertEqual(200, status(self.first.received()))
        third = house.client()
        third.send(GET % (b"/", b""))
        self.assertEqual(b"", third.received())
        self.assertEqual(503, self.status(house))
        third.close()
        house.client().send(GET % (b"/", b""))
        self.assertEqual(503, self.status(house))

    def test_real_client(self) -> None:
        """The address is the real client's."""
        house = self.make("set_real_ip_from = 192.0.2.0/24\nreal_ip_header = X-Real-IP")
        self.assertEqual(503, self.status(house, b"/"))
        self.assertEqual(200, self.status(house, b"/free", b"X-Real-IP: 198.51.100.1\r\n"))
        other = house.client()
        other.send(GET % (b"/", b"X-Real-IP: 198.51.100.1\r\n"))
        self.assertEqual(b"", other.received())

    def test_error_page(self) -> None:
        """An error page is part of the request that it stands for: counted with it, and shown to who is refused."""
        house = self.make(location="error_page = 502 503 /sorry")
        refused = house.client()
        refused.send(GET % (b"/", b""))
        servers = [house.servers.accept() for _ in range(3)]
        servers[2].send(answer(b"sorry"))
        self.assertEqual(503, status(refused.received()))
        # A page for a request in progress, which is counted until the page is out.
        servers[0].send(b"no HTTP")
        servers[0].reset()
        self.assertEqual(503, self.status(house, b"/sorry"))
        servers[2].send(answer(b"sorry"))
        self.assertEqual(502, status(self.first.received()))
        self.first.send(GET % (b"/sorry", b""))
        self.assertEqual(b"", self.first.received())
