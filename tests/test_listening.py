import socket
from collections.abc import Generator

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from stickyproxy.config.settings import Listen, Position
from stickyproxy.errors import StartError
from stickyproxy.listening import open_port


def listen(endpoint: str, shown: str) -> Listen:
    return Listen(endpoint, shown, default_server=False, proxy_protocol=False, position=Position("sticky.ini", 7))


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_an_address() -> None:
    """What is listened on is what the endpoint description says, with its backlog."""
    memory = MemoryReactorClock()
    factory = Factory()
    open_port(memory, listen("tcp:8080:interface=127.0.0.1:backlog=7", "127.0.0.1:8080"), factory)
    assert [(8080, factory, 7, "127.0.0.1")] == memory.tcpServers


def test_a_bad_description() -> None:
    """An endpoint that cannot be made of its description is refused in one line."""
    with pytest.raises(StartError, match=r"^sticky.ini:7: listen: cannot listen on tcp:x: "):
        open_port(MemoryReactorClock(), listen("tcp:x", "tcp:x"), Factory())


@pytest_twisted.inlineCallbacks
def test_taken() -> Generator[Deferred[None], None, None]:
    """A port that is taken is refused in one line."""
    port = open_port(reactor, listen("tcp:0:interface=127.0.0.1", "127.0.0.1:0"), Factory())
    number = port.getHost().port
    with pytest.raises(StartError, match=rf"^sticky.ini:7: listen: cannot listen on 127.0.0.1:{number}: .* in use$"):
        open_port(reactor, listen(f"tcp:{number}:interface=127.0.0.1", f"127.0.0.1:{number}"), Factory())
    yield closed(port)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest_twisted.inlineCallbacks
def test_ipv6_beside_ipv4() -> Generator[Deferred[None], None, None]:
    """`[::]:PORT` is for IPv6 alone, so that `PORT` may stand beside it."""
    four = open_port(reactor, listen("tcp:0", "0.0.0.0:0"), Factory())
    number = four.getHost().port
    six = open_port(reactor, listen(rf"tcp:{number}:interface=\:\:", f"[::]:{number}"), Factory())
    assert ("::", number) == (six.getHost().host, six.getHost().port)
    yield closed(six)
    yield closed(four)


def closed(port: IListeningPort) -> "Deferred[None]":
    return maybeDeferred(port.stopListening)
