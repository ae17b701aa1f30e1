"""The demonstration servers: what they answer."""

import pytest
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.demo import Demos, start_demo
from tests.test_service import Reactor
from tests.wire import connect


def answer(request: bytes) -> tuple[list[bytes], bytes]:
    """Give the head and the body with which a server `demo:a` answers."""
    reactor = MemoryReactorClock()
    start_demo(reactor, "a")
    ((_, site, _, _),) = reactor.tcpServers
    client = connect(site)
    client.send(request)
    head, _, body = client.received().partition(b"\r\n\r\n")
    client.close()
    return head.split(b"\r\n"), body


def test_demo_listens_on_loopback() -> None:
    """A demonstration server is for this machine alone, on whatever port is free."""
    reactor = MemoryReactorClock()
    start_demo(reactor, "a")
    assert [(0, "127.0.0.1")] == [(port, interface) for port, _, _, interface in reactor.tcpServers]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            b"GET /any/path?q=1 HTTP/1.1\r\nHost: www.example\r\nCookie: route=a\r\n\r\n",
            b"server a\n\nGET /any/path?q=1 HTTP/1.1\nHost: www.example\nCookie: route=a\n",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: www.example\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n",
            b"server a\n\nGET / HTTP/1.1\nHost: www.example\nX-Twice: 1\nX-Twice: 2\n",
        ),
        (
            b"BREW /pot HTTP/1.1\r\nHost: www.example\r\nContent-Length: 5\r\n\r\nwater",
            b"server a\n\nBREW /pot HTTP/1.1\nHost: www.example\nContent-Length: 5\n\nand a body of 5 bytes\n",
        ),
    ],
)
def test_demo_says_its_name_and_what_it_was_sent(request_: bytes, expected: bytes) -> None:
    """Any request is answered with the server's name, the request as it came, and how long its body was."""
    head, body = answer(request_)
    assert b"HTTP/1.1 200 OK" == head[0]
    assert b"Content-Type: text/plain; charset=utf-8" in head
    assert expected == body


def test_head_has_no_body() -> None:
    """HEAD is answered with the head alone, which says how long the rest would be."""
    head, body = answer(b"HEAD / HTTP/1.1\r\nHost: www.example\r\n\r\n")
    assert b"Content-Length: %d" % len(b"server a\n\nHEAD / HTTP/1.1\nHost: www.example\n") in head
    assert b"" == body


def test_demo_gives_up_an_idle_client() -> None:
    """A connection on which nothing is asked for a minute is closed, by the clock of the reactor that listens."""
    reactor = MemoryReactorClock()
    start_demo(reactor, "a")
    client = connect(reactor.tcpServers[0][1])
    reactor.advance(59)
    assert not client.dropped
    reactor.advance(1)
    assert client.dropped


def test_demo_is_silent(told: list[str]) -> None:
    """A demonstration server logs nothing: what there is to tell of a request the proxy tells."""
    answer(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
    assert [] == told


def test_demos_are_started_once() -> None:
    """Each name has one server, which stops when it is not wanted any more."""
    reactor = Reactor()
    demos = Demos(reactor)
    a, b = demos.find("a"), demos.find("b")
    assert (a, 2, 2) == (demos.find("a"), len(demos), len(reactor.ports))
    demos.keep_only({"b"})
    assert [b.port] == [port.getHost().port for port in reactor.ports]
    demos.keep_only()
    assert (0, []) == (len(demos), reactor.ports)
