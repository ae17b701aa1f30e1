"""Who is taken for the client, and what the servers are told of it, over whole exchanges."""

from twisted.internet.address import IPv4Address
from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.house import House, answer, status
from tests.wire import Transport

# Clients of these houses connect from 192.0.2.7 to 127.0.0.1:8080.
TEXT = """
[http]
log_format = who "$remote_addr|$remote_port|$realip_remote_addr|$realip_remote_port|$proxy_protocol_addr"
access_log = log who
{http}
[upstream app]
server = 10.0.0.1:80
[server www]
listen = 8080 {listen}
{server}
[location www /]
proxy_pass = http://app
{location}
"""
TRUSTING = "set_real_ip_from = 192.0.2.0/24\nreal_ip_header = X-Forwarded-For\n"
INTRODUCING = "set_real_ip_from = 192.0.2.0/24\nreal_ip_header = proxy_protocol\n"
LINE = b"PROXY TCP4 198.51.100.9 203.0.113.1 33333 443\r\n"


def house(http: str = "", listen: str = "", server: str = "", location: str = "") -> House:
    return House(TEXT.format(http=http, listen=listen, server=server, location=location))


def get(*fields: bytes) -> bytes:
    return b"\r\n".join([b"GET / HTTP/1.1", b"Host: www.example", *fields, b"", b""])


def introduced(house: House, data: bytes) -> Transport:
    """Connect a balancer from 192.0.2.7, and have it send."""
    transport = Transport()
    site = house.sites["0.0.0.0:8080"]
    protocol = site.introduced(site).buildProtocol(IPv4Address("TCP", "192.0.2.7", 51000))
    assert protocol is not None
    transport.protocol = protocol
    protocol.makeConnection(transport)
    protocol.dataReceived(data)
    return transport


def told(request: bytes) -> list[bytes]:
    """Give the fields of a request that tell of the client."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [line for line in lines if line.lower().startswith((b"x-real-ip", b"x-forwarded-", b"forwarded"))]


class FieldTests(SynchronousTestCase):
    def fields_to_server(self, house: House, *fields: bytes) -> list[bytes]:
        """Have a client ask, and a server answer; return what the server was told."""
        client = house.client()
        client.send(get(*fields))
        server = house.servers.accept()
        request = server.received()
        server.send(answer())
        self.assertEqual(200, status(client.received()))
        return told(request)

    def test_nobody_is_trusted(self) -> None:
        """A stranger's claims are dropped, and he is logged as who he is."""
        of = house()
        self.assertEqual(
            [
                b"X-Real-IP: 192.0.2.7",
                b"X-Forwarded-For: 192.0.2.7",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: www.example",
            ],
            self.fields_to_server(of, b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1", b"X-Real-IP: 10.0.0.1"),
        )
        self.assertEqual(["192.0.2.7|51000|192.0.2.7|51000|-"], of.log)

    def test_others_are_trusted(self) -> None:
        """That others are trusted gives a stranger's claims no more weight."""
        of = house(http="set_real_ip_from = 10.0.0.0/8\nreal_ip_header = X-Forwarded-For\nreal_ip_recursive = on")
        self.assertEqual(
            [
                b"X-Real-IP: 192.0.2.7",
                b"X-Forwarded-For: 192.0.2.7",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: www.example",
            ],
            self.fields_to_server(
                of,
                b"X-Forwarded-For: 198.51.100.9",
                b"X-Forwarded-Proto: https",
                b"X-Forwarded-Host: bank.example",
                b"X-Forwarded-Port: 443",
                b"Forwarded: for=198.51.100.9",
                b"X-Real-IP: 198.51.100.9",
            ),
        )
        self.assertEqual(["192.0.2.7|51000|192.0.2.7|51000|-"], of.log)

    def test_trusted(self) -> None:
        """Whom somebody trusted names is the client; his other claims go on, and the client's address is added."""
        of = house(http=TRUSTING)
        self.assertEqual(
            [
                b"X-Real-IP: 198.51.100.9",
                b"X-Forwarded-For: 10.9.9.9, 198.51.100.9, 198.51.100.9",
                b"X-Forwarded-Proto: https",
                b"X-Forwarded-Host: shop.example",
                b"X-Forwarded-Port: 443",
                b"Forwarded: for=198.51.100.9",
            ],
            self.fields_to_server(
                of,
                b"X-Forwarded-For: 10.9.9.9, 198.51.100.9",
                b"x-forwarded-proto: https",
                b"X-Forwarded-Host: shop.example",
                b"X-Forwarded-Port: 443",
                b"Forwarded: for=198.51.100.9",
                b"X-Real-IP: 10.9.9.9",
            ),
        )
        self.assertEqual(["198.51.100.9|-|192.0.2.7|51000|-"], of.log)

    def test_trusted_and_silent(self) -> None:
        """Somebody trusted who claims nothing is the client himself."""
        of = house(http=TRUSTING)
        self.assertEqual(
            [
                b"X-Real-IP: 192.0.2.7",
                b"X-Forwarded-For: 192.0.2.7",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: www.example",
            ],
            self.fields_to_server(of),
        )

    def test_recursive(self) -> None:
        """Past all trusted proxies the client is found; what he forged before his own address is not looked at."""
        of = house(http=TRUSTING + "real_ip_recursive = on")
        self.fields_to_server(of, b"X-Forwarded-For: 10.9.9.9, 198.51.100.9", b"X-Forwarded-For: 192.0.2.8, 192.0.2.9")
        self.assertEqual(["198.51.100.9|-|192.0.2.7|51000|-"], of.log)

    def test_own_lines_win(self) -> None:
        """What `proxy_set_header` says replaces what is told, believed or not."""
        of = house(http=TRUSTING, location='proxy_set_header =\n    X-Forwarded-For ""\n    X-Forwarded-Proto ftp')
        self.assertEqual(
            [b"X-Real-IP: 198.51.100.9", b"X-Forwarded-Host: www.example", b"X-Forwarded-Proto: ftp"],
            self.fields_to_server(of, b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-Proto: https"),
        )

    def test_nominated(self) -> None:
        """What a balancer's client declares hop by hop does not take the proxy's own words away."""
        of = house(http=TRUSTING)
        fields = (b"X-Forwarded-For: 198.51.100.9", b"Connection: close, X-Forwarded-For, X-Real-IP")
        self.assertEqual(
            [
                b"X-Real-IP: 198.51.100.9",
                b"X-Forwarded-For: 198.51.100.9, 198.51.100.9",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: www.example",
            ],
            self.fields_to_server(of, *fields),
        )

    def test_access(self) -> None:
        """Access is a matter of the client, not of the balancer."""
        of = house(http=TRUSTING, location="access =\n    deny 198.51.100.0/24\n    allow all")
        client = of.client()
        client.send(get(b"X-Forwarded-For: 198.51.100.9"))
        self.assertEqual(403, status(client.received()))
        self.assertEqual(["198.51.100.9|-|192.0.2.7|51000|-"], of.log)
        self.fields_to_server(of, b"X-Forwarded-For: 203.0.113.5")

    def test_each_request_of_a_connection(self) -> None:
        """A balancer sends requests of several clients over one connection."""
        of = house(http=TRUSTING, location="access = deny all")
        client = of.client()
        client.send(get(b"X-Forwarded-For: 198.51.100.9") + get(b"X-Forwarded-For: 203.0.113.5") + get())
        self.assertEqual(
            [
                "198.51.100.9|-|192.0.2.7|51000|-",
                "203.0.113.5|-|192.0.2.7|51000|-",
                "192.0.2.7|51000|192.0.2.7|51000|-",
            ],
            of.log,
        )

    def test_locations_of_their_own(self) -> None:
        """A location may trust whom its server does not."""
        of = house(location=TRUSTING + "access = deny all")
        client = of.client()
        client.send(get(b"X-Forwarded-For: 198.51.100.9"))
        self.assertEqual(["198.51.100.9|-|192.0.2.7|51000|-"], of.log)

    def test_error_pages(self) -> None:
        """An error page from a location that trusts nobody is still the same client's."""
        of = house(
            location=TRUSTING + "access = deny all\nerror_page = 403 /sorry\n[location www /sorry]\nreturn = 200 sorry"
        )
        client = of.client()
        client.send(get(b"X-Forwarded-For: 198.51.100.9"))
        self.assertEqual(403, status(client.received()))
        self.assertEqual(["198.51.100.9|-|192.0.2.7|51000|-"], of.log)


class IntroducedTests(SynchronousTestCase):
    def test_client(self) -> None:
        """Whom a PROXY header introduces is the client, for all requests of the connection."""
        of = house(INTRODUCING, "proxy_protocol", location="access = deny 198.51.100.9")
        introduced(of, LINE + get() + get())
        self.assertEqual(["198.51.100.9|33333|192.0.2.7|51000|198.51.100.9"] * 2, of.log)

    def test_strangers_behind_a_balancer(self) -> None:
        """The fields of a request behind a PROXY header are its client's words, and dropped, as a stranger's are."""
        for configured in (INTRODUCING, TRUSTING):
            of = house(configured, "proxy_protocol")
            introduced(of, LINE + get(b"X-Forwarded-For: 203.0.113.5", b"X-Forwarded-Proto: https"))
            request = of.servers.accept().received()
            self.assertNotIn(b"203.0.113.5", request)
            self.assertIn(b"X-Forwarded-Proto: http\r\n", request)

    def test_named_but_not_asked_for(self) -> None:
        """Where `real_ip_header` does not name it, a PROXY header is for its variables alone."""
        of = house("set_real_ip_from = 192.0.2.7", "proxy_protocol", location="access = deny all")
        introduced(of, LINE + get())
        self.assertEqual(["192.0.2.7|51000|192.0.2.7|51000|198.51.100.9"], of.log)

    def test_balancer_itself(self) -> None:
        """A balancer that introduces nobody is the client itself."""
        of = house(INTRODUCING, "proxy_protocol", location="access = deny all")
        introduced(of, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + get())
        self.assertEqual(["192.0.2.7|51000|192.0.2.7|51000|-"], of.log)

    def test_who_may_introduce(self) -> None:
        """Whoever one of the servers at an address trusts may introduce clients there, and nobody else."""
        of = House(
            "[server a]\nlisten = 80 proxy_protocol\nserver_name = a\nset_real_ip_from = 10.0.0.1\n"
            "[server b]\nlisten = 80 proxy_protocol\nserver_name = b\nset_real_ip_from = 10.0.0.2\n"
        )
        site = of.sites["0.0.0.0:80"]
        door = site.introduced(site)
        hosts = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
        taken = [door.buildProtocol(IPv4Address("TCP", host, 1)) is not None for host in hosts]
        self.assertEqual([True, True, False], taken)

    def test_header_timeout(self) -> None:
        """A balancer has `client_header_timeout` for the header."""
        of = house(INTRODUCING, "proxy_protocol", server="client_header_timeout = 5s")
        transport = introduced(of, LINE[:-1])
        of.wait(4)
        self.assertFalse(transport.disconnected)
        of.wait(1)
        self.assertTrue(transport.disconnected)


class IntroducingTests(SynchronousTestCase):
    def test_header_to_the_server(self) -> None:
        """The server is told first of all whose connection this is, and the connection is not kept."""
        of = house(location="proxy_protocol = on")
        client = of.client()
        for _ in range(2):
            client.send(get())
            server = of.servers.accept()
            self.assertTrue(
                server.received().startswith(b"PROXY TCP4 192.0.2.7 127.0.0.1 51000 8080\r\nGET / HTTP/1.1\r\n")
            )
            server.send(answer())
            self.assertTrue(server.transport.disconnected)
            self.assertEqual(200, status(client.received()))
        self.assertEqual(2, len(of.servers.asked))

    def test_real_client(self) -> None:
        """It is the real client that the server is told of."""
        of = house(TRUSTING, location="proxy_protocol = on")
        of.client().send(get(b"X-Forwarded-For: [2001:db8::7]:1234"))
        request = of.servers.accept().received()
        self.assertTrue(request.startswith(b"PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 1234 8080\r\nGET "))

    def test_kept_connections_are_left_alone(self) -> None:
        """A connection that was kept without a header is not taken where one is to be sent."""
        of = house(location="[location www /told]\nproxy_pass = http://app\nproxy_protocol = on")
        client = of.client()
        client.send(get())
        server = of.servers.accept()
        server.received()
        server.send(answer())
        client.send(get().replace(b"/ ", b"/told ", 1))
        self.assertEqual(b"", server.received())
        self.assertTrue(of.servers.accept().received().startswith(b"PROXY TCP4 "))
