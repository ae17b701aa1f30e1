"""The table of types: what is said to a server in a check of each."""

from collections.abc import Callable

from stickyproxy.config.settings import Check
from stickyproxy.health.ajp import Ajp
from stickyproxy.health.fastcgi import FastCgi, request
from stickyproxy.health.http import Http
from stickyproxy.health.mysql import MySql
from stickyproxy.health.tcp import Tcp
from stickyproxy.health.tls import SslHello, client_hello
from stickyproxy.health.words import Conversation


def _http(check: Check) -> Http:
    return Http(check.send, check.alive, _keeps(check))


def _fastcgi(check: Check) -> FastCgi:
    return FastCgi(request(check.fastcgi_params, _keeps(check)), check.alive, _keeps(check))


def _keeps(check: Check) -> bool:
    return check.keepalive_requests > 1


TYPES: dict[str, Callable[[Check], Conversation]] = {
    "tcp": lambda check: Tcp(),
    "http": _http,
    # The same, said over TLS.
    "https": _http,
    "ssl_hello": lambda check: SslHello(client_hello()),
    "mysql": lambda check: MySql(),
    "ajp": lambda check: Ajp(),
    "fastcgi": _fastcgi,
}


def conversation(check: Check) -> Conversation:
    """Return what is said to a server in each of its checks."""
    return TYPES[check.type](check)
