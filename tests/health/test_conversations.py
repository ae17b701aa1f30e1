import pytest
from attrs import evolve

from stickyproxy.config.checking import TYPES as CONFIGURED
from stickyproxy.config.settings import Check
from stickyproxy.health.ajp import Ajp
from stickyproxy.health.conversations import TYPES, conversation
from stickyproxy.health.fastcgi import FastCgi, request
from stickyproxy.health.http import Http
from stickyproxy.health.mysql import MySql
from stickyproxy.health.tcp import Tcp
from stickyproxy.health.tls import SslHello

CHECK = Check(send=b"HEAD / HTTP/1.0\r\n\r\n", alive=frozenset({2}), fastcgi_params=((b"A", b"b"),))


def test_every_type_is_known() -> None:
    """Each type that a configuration may name has its conversation."""
    assert set(CONFIGURED) == set(TYPES)


@pytest.mark.parametrize(("type", "expected"), [("tcp", Tcp()), ("mysql", MySql()), ("ajp", Ajp())])
def test_simple(type: str, expected: object) -> None:  # noqa: A002 - the directive's word
    """These know all by themselves."""
    assert expected == conversation(evolve(CHECK, type=type))


@pytest.mark.parametrize(("requests", "keep"), [(1, False), (2, True)])
@pytest.mark.parametrize("type", ["http", "https"])
def test_http(type: str, requests: int, keep: bool) -> None:  # noqa: A002 - the directive's word
    """The request and the statuses are those of the configuration; a connection for several checks is kept."""
    check = evolve(CHECK, type=type, keepalive_requests=requests)
    assert Http(CHECK.send, CHECK.alive, keep) == conversation(check)


@pytest.mark.parametrize(("requests", "keep"), [(1, False), (2, True)])
def test_fastcgi(requests: int, keep: bool) -> None:
    """So they are with FastCGI, where the request says whether to keep the connection."""
    check = evolve(CHECK, type="fastcgi", keepalive_requests=requests)
    assert FastCgi(request(CHECK.fastcgi_params, keep), CHECK.alive, keep) == conversation(check)


def test_ssl_hello() -> None:
    """A hello is made for each upstream."""
    one, other = (conversation(evolve(CHECK, type="ssl_hello")) for _ in range(2))
    assert isinstance(one, SslHello)
    assert one.opening != other.opening
