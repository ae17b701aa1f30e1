import json
from collections.abc import Callable

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.internet.task import Cooperator
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer
from zope.interface.verify import verifyObject

from stickyproxy.proxy import plain
from stickyproxy.proxy.plain import PlainResource
from tests.proxy.house import House, status
from tests.wire import End


class Mirror(Resource):
    """Answers with what it sees of a request."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        verifyObject(IRequest, request)
        request.setHeader(b"content-type", b"application/json")
        request.addCookie(b"seen", b"yes")
        seen = {
            "method": request.method,
            "uri": request.uri,
            "path": request.path,
            "prepath": b"/".join(request.prepath),
            "postpath": b"/".join(request.postpath),
            "args": b",".join(request.args.get(b"q", [])),
            "x": request.getHeader(b"x-y") or b"",
            "cookie": request.getCookie(b"c") or b"",
            "host": request.getRequestHostname(),
            "client": request.getClientAddress().host.encode(),
            "body": request.content.read(),
        }
        return json.dumps({name: value.decode() for name, value in seen.items()}).encode()


class Later(Resource):
    """Keeps its requests for a test to answer."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.ends: list[object] = []

    def render(self, request: Request) -> int:
        self.requests.append(request)
        request.notifyFinish().addBoth(self.ends.append)
        return NOT_DONE_YET


class Broken(Resource):
    isLeaf = True

    def render(self, request: Request) -> bytes:
        raise RuntimeError("secret")


@implementer(IPushProducer)
class Pushing:
    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class Turn:
    def cancel(self) -> None:
        """Nothing waits."""


class Pulled:
    def __init__(self, ask: Callable[[], object]) -> None:
        self.ask = ask

    def resumeProducing(self) -> None:
        self.ask()

    def stopProducing(self) -> None:
        self.stop()


TEXT = """
[http]
log_format = told "$status $request_uri $body_bytes_sent"
access_log = log told
client_max_body_size = 10
[upstream app]
server = 10.0.0.1:80
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
"""


class PlainTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(TEXT)
        self.host = self.house.sites["0.0.0.0:8080"].hosts.default
        self.client: End = self.house.client()

    def hang(self, path: str, resource: Resource) -> None:
        """Put a resource of twisted.web's into the tree, beside the proxied location."""
        self.host.hang(path, PlainResource(self.host.prefix.scope, resource, path))

    def test_an_ordinary_request(self) -> None:
        """A plain Resource sees an ordinary IRequest, with the path that leads to it and the one below it."""
        self.hang("/status", Mirror())
        self.client.send(
            b"POST /status/a%20b?q=1&q=2 HTTP/1.1\r\nHost: www.example\r\nX-Y: z\r\nCookie: c=d\r\n"
            b"Content-Length: 5\r\n\r\nhe",
            b"llo",
        )
        head, _, body = self.client.received().partition(b"\r\n\r\n")
        self.assertEqual(
            {
                "method": "POST",
                "uri": "/status/a%20b?q=1&q=2",
                "path": "/status/a%20b",
                "prepath": "status",
                "postpath": "a b",
                "args": "1,2",
                "x": "z",
                "cookie": "d",
                "host": "www.example",
                "client": "192.0.2.7",
                "body": "hello",
            },
            json.loads(body),
        )
        self.assertIn(b"HTTP/1.1 200 OK\r\n", head)
        self.assertIn(b"\r\nSet-Cookie: seen=yes\r\n", head)
        self.assertIn(b"\r\nContent-Length: %d\r\n" % len(body), head + b"\r\n")
        self.assertEqual([f"200 /status/a%20b?q=1&q=2 {len(body)}"], self.house.log)
        self.assertFalse(self.client.dropped)

    def test_beside_the_proxy(self) -> None:
        """What is not below a plain Resource still goes to the servers."""
        self.hang("/status", Mirror())
        self.client.send(b"GET /statuses HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual([("10.0.0.1", 80)], self.house.servers.asked)

    def test_children(self) -> None:
        """Children of a plain Resource are found by twisted.web's own means; the root can be one too."""
        parent = Resource()
        parent.putChild(b"child", Mirror())
        self.hang("/a/b", parent)
        self.hang("/", parent)
        for path, above in ((b"/a/b/child/x", "a/b/child"), (b"/child", "child")):
            self.client.send(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(above, json.loads(self.client.received().partition(b"\r\n\r\n")[2])["prepath"])

    def test_written_in_parts(self) -> None:
        """An answer written in parts, without a length, is chunked."""
        later = Later()
        self.hang("/later", later)
        self.client.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        (request,) = later.requests
        request.write(b"one")
        self.assertTrue(self.client.received().endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        request.write(b"two")
        request.finish()
        self.assertEqual(b"3\r\ntwo\r\n0\r\n\r\n", self.client.received())
        self.assertEqual((["200 /later 6"], [None]), (self.house.log, later.ends))

    def test_client_leaves(self) -> None:
        """A Resource is told that its client has left."""
        later = Later()
        self.hang("/later", later)
        self.client.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        self.client.close()
        self.assertEqual((1, ["499 /later 0"]), (len(later.ends), self.house.log))

    def test_gives_up(self) -> None:
        """A Resource may cut its connection."""
        later = Later()
        self.hang("/later", later)
        self.client.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        later.requests[0].loseConnection()
        self.assertEqual((True, 1), (self.client.dropped, len(later.ends)))

    def test_push_producer(self) -> None:
        """A push producer goes at the pace of the client."""
        later, producer = Later(), Pushing()
        self.hang("/later", later)
        self.client.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        later.requests[0].registerProducer(producer, True)
        self.client.protocol.pauseProducing()
        self.client.protocol.resumeProducing()
        self.client.close()
        self.assertEqual(["pause", "resume", "stop"], producer.told)

    def test_pull_producer(self) -> None:
        """A pull producer is asked turn by turn, and not while the client cannot take more, however that is told."""
        turns: list[Callable[[], object]] = []
        later, asked = Later(), []
        self.patch(plain, "cooperate", Cooperator(scheduler=lambda turn: turns.append(turn) or Turn()).cooperate)
        self.hang("/later", later)
        self.client.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        request = later.requests[0]
        producer = Pulled(lambda: asked.append(request.write(b"x")))
        request.registerProducer(producer, False)
        turns.pop()()
        self.assertTrue(asked)
        self.client.protocol.pauseProducing()
        self.client.protocol.pauseProducing()
        self.client.protocol.resumeProducing()
        self.client.protocol.resumeProducing()
        before = len(asked)
        turns.pop()()
        self.assertLess(before, len(asked))
        producer.stop = request.unregisterProducer
        self.client.close()
        self.assertEqual((1, 1), (len(later.ends), len(self.house.log)))

    def test_too_large(self) -> None:
        """The limit for bodies holds here too, announced or not."""
        self.hang("/status", Mirror())
        for request in (
            b"POST /status HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
            b"POST /status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n",
        ):
            client = self.house.client()
            client.send(request)
            self.assertEqual(413, status(client.received()))

    def test_broken(self) -> None:
        """A Resource that raises is a plain 500: the client learns nothing of our insides."""
        self.hang("/broken", Broken())
        self.client.send(b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
        response = self.client.received()
        self.assertEqual(500, status(response))
        self.assertNotIn(b"secret", response)
        self.assertNotIn(b"Traceback", response)
        self.flushLoggedErrors(RuntimeError)

    def test_head(self) -> None:
        """HEAD gets the head alone."""
        self.hang("/status", Mirror())
        self.client.send(b"HEAD /status HTTP/1.1\r\nHost: a\r\n\r\n")
        response = self.client.received()
        self.assertTrue(response.endswith(b"\r\n\r\n"))
        self.assertIn(b"Content-Length: ", response)


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (b"198.51.100.9:4711", IPv4Address("TCP", "198.51.100.9", 4711)),
        (b"2001:db8::9", IPv6Address("TCP", "2001:db8::9", 0)),
        (b"nobody", IPv4Address("TCP", "192.0.2.7", 51000)),
    ],
)
def test_client_behind_another_proxy(told: bytes, address: IAddress) -> None:
    """A Resource sees the client that a trusted proxy tells of, and that proxy itself where it tells of none."""
    house = House(TEXT.replace("listen", "set_real_ip_from = 192.0.2.7\nreal_ip_header = X-Client\nlisten"))
    host = house.sites["0.0.0.0:8080"].hosts.default
    later = Later()
    host.hang("/later", PlainResource(host.prefix.scope, later, "/later"))
    client = house.client()
    client.send(b"GET /later HTTP/1.1\r\nHost: a\r\nX-Client: " + told + b"\r\n\r\n")
    assert [address] == [request.getClientAddress() for request in later.requests]
    client.close()
