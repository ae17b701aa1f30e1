from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.house import House
from tests.wire import connect

TEXT = """
[server first]
listen =
    8080
    8081
server_name = first.example
[location first /]
return = 200 first
[server second]
listen = 8080
server_name = second.example *.second.example
[location second /]
return = 200 second
[server third]
listen = 8081 default_server
server_name = third.example
[location third /]
return = 200 third
"""


class SiteTests(SynchronousTestCase):
    def answered(self, address: str, host: bytes, target: bytes = b"/") -> bytes:
        house = House(TEXT)
        client = house.client(address)
        client.send(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        return client.received().rpartition(b"\r\n\r\n")[2]

    def test_by_name(self) -> None:
        """A request goes to the server that has its name, in any case, with or without a port."""
        for host, expected in (
            (b"first.example", b"first"),
            (b"SECOND.example:8080", b"second"),
            (b"www.second.example", b"second"),
        ):
            self.assertEqual(expected, self.answered("0.0.0.0:8080", host))

    def test_default(self) -> None:
        """An unknown name goes to the default server of the address: the one marked so, else the first."""
        self.assertEqual(b"first", self.answered("0.0.0.0:8080", b"unknown.example"))
        self.assertEqual(b"third", self.answered("0.0.0.0:8081", b"unknown.example"))

    def test_only_where_it_listens(self) -> None:
        """A server answers only at the addresses that it listens on."""
        self.assertEqual(b"third", self.answered("0.0.0.0:8081", b"second.example"))

    def test_drain(self) -> None:
        """At the end those are closed too who have not been introduced yet."""
        house = House(
            "[server www]\nlisten = 80 proxy_protocol\nset_real_ip_from = unix:\n[location www /]\nreturn = 404"
        )
        (site,) = house.sites.values()
        client = connect(site.introduced(site))
        self.successResultOf(site.drain())
        self.assertTrue(client.transport.disconnected)

    def test_absolute_target(self) -> None:
        """An absolute target names the server, whatever Host says (RFC 9112 section 3.2.2)."""
        self.assertEqual(b"second", self.answered("0.0.0.0:8080", b"first.example", b"http://second.example/"))
