from collections.abc import Callable

import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import Listen, Position, Return, VirtualServer
from stickyproxy.config.templates import parse_template

BOTH = frozenset({"TLSv1.2", "TLSv1.3"})


def server_of(text: str) -> VirtualServer:
    """Load a configuration with a single server."""
    (server,) = loads(f"[server www]\n{text}").servers
    return server


def test_defaults() -> None:
    """A server that says nothing listens on port 80 for requests without a host, and answers 404."""
    position = Position("sticky.ini", 1)
    server = server_of("")
    listens = (Listen("tcp:80", "0.0.0.0:80", default_server=False, proxy_protocol=False, position=position),)
    assert VirtualServer("www", listens, ("",), (), server.fallback, 60.0, 75.0, 1000, None, BOTH) == server
    assert ("/", Return(404), position) == (server.fallback.path, server.fallback.return_, server.fallback.position)


def test_all_that_is_said() -> None:
    """Every directive of a server finds its place; a name that is there twice is there once."""
    server = server_of(
        """\
listen =
    127.0.0.1:8080 default_server
    unix:/run/a.sock
server_name =
    example.org .example.org
    www.example.*
client_header_timeout = 1
keepalive_timeout = 2
keepalive_requests = 3
"""
    )
    assert (
        Listen("tcp:8080:interface=127.0.0.1", "127.0.0.1:8080", True, False, Position("sticky.ini", 3)),
        Listen("unix:/run/a.sock", "unix:/run/a.sock", False, False, Position("sticky.ini", 4)),
    ) == server.listens
    assert ("example.org", "*.example.org", "www.example.*") == server.server_names
    assert (1.0, 2.0, 3) == (server.client_header_timeout, server.keepalive_timeout, server.keepalive_requests)


def test_fallback_inherits() -> None:
    """What no location covers is answered 404 with what the server says of headers, logs and pages."""
    fallback = server_of("add_header = X y\nerror_page = 404 /none\naccess_log = a.log\n").fallback
    assert Return(404) == fallback.return_
    assert (1, 1, 1) == (len(fallback.add_headers), len(fallback.error_pages), len(fallback.access_logs))


def test_server_that_returns() -> None:
    """The `return` of a server is its answer to everything."""
    assert Return(301, parse_template("https://$host/")) == server_of("return = 301 https://$host/\n").fallback.return_


def test_shared_backlog() -> None:
    """Servers at one address have one endpoint, with the backlog that any of them gives."""
    settings = loads("[server a]\nlisten = 80\n[server b]\nlisten = 80 backlog=64\nserver_name = b\n")
    assert ["tcp:80:backlog=64"] * 2 == [server.listens[0].endpoint for server in settings.servers]


@pytest.mark.parametrize(
    "text",
    [
        "[server a]\nlisten =\n  80\n  [::]:80\n  443\n",
        "[server a]\nlisten = 80\nserver_name = a\n[server b]\nlisten = 80 default_server\nserver_name = b\n",
        "[server a]\nlisten = 80\n[server b]\nlisten = 81\n",
        "[server a]\nlisten =\n  127.0.0.1:80\n  127.0.0.2:80\n",
        "[server a]\nlisten = unix:/a\n[server b]\nlisten = unix:/b\n",
        "[server a]\nlisten =\n  [::1]:80\n  0.0.0.0:80\n",
        (
            "[http]\nset_real_ip_from = ::1\n[server a]\nlisten =\n  80\n  81 proxy_protocol\n"
            "[server b]\nlisten = 81 proxy_protocol\nserver_name = b\n"
        ),
    ],
)
def test_sound_addresses(faults_of: Callable[[str], list[str]], text: str) -> None:
    """Servers may share an address by name, and have as many addresses as they like."""
    assert [] == faults_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[server a]\nlisten =\n  80\n  *:80\n",
            ["4: [server a] listen: 0.0.0.0:80 is there already at sticky.ini:3; expected it once"],
        ),
        (
            "[server a]\nlisten = 80 default_server\n[server b]\nlisten = 80 default_server\nserver_name = b\n",
            ["4: [server b] listen: 0.0.0.0:80 has its default_server in [server a]; expected one an address"],
        ),
        (
            "[server a]\n[server b]\n",
            ['2: [server b] server_name: "" at 0.0.0.0:80 is a name of [server a]; expected each name once'],
        ),
        (
            "[server a]\nserver_name = x.org y.org\n[server b]\nserver_name =\n  z.org\n  X.org\n",
            ['6: [server b] server_name: "x.org" at 0.0.0.0:80 is a name of [server a]; expected each name once'],
        ),
        (
            "[server a]\nlisten = 80 backlog=5\n[server b]\nlisten = 80 backlog=6\nserver_name = b\n",
            ["4: [server b] listen: 0.0.0.0:80 has backlog=5 elsewhere; expected one backlog an address"],
        ),
        (
            "[server a]\nlisten =\n  80\n  127.0.0.1:80\n",
            ["4: [server a] listen: 127.0.0.1:80 is within 0.0.0.0:80, listened at too; expected one of the two"],
        ),
        (
            "[server a]\nlisten =\n  80\n  81 proxy_protocol\n",
            [
                (
                    "4: [server a] listen: proxy_protocol, but nobody is trusted with it; "
                    "expected set_real_ip_from beside it"
                )
            ],
        ),
        (
            (
                "[http]\nset_real_ip_from = ::1\n[server a]\nlisten = 80\n"
                "[server b]\nlisten = 80 proxy_protocol\nserver_name = b\n"
            ),
            [
                (
                    "6: [server b] listen: 0.0.0.0:80 is there with and without proxy_protocol; "
                    "expected it in all listen lines, or in none"
                )
            ],
        ),
        (
            "[server a]\nlisten = [::1]:80\n[server b]\nlisten = [::]:80\n",
            ["2: [server a] listen: [::1]:80 is within [::]:80, listened at too; expected one of the two"],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    """Two servers that could not be told apart, and addresses that could not both be had, are refused."""
    assert expected == faults_of(text)


def test_faulty_lines_bring_no_further_faults(faults_of: Callable[[str], list[str]]) -> None:
    """A server whose address or name is faulty is not taken for one without."""
    text = "[server a]\n[server b]\nlisten = x\n[server c]\nserver_name = ~x\n"
    assert ["3", "5"] == [line.partition(":")[0] for line in faults_of(text)]
