from collections.abc import Callable

import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import LimitConn, LimitZone
from stickyproxy.config.templates import parse_template

ADDR = LimitZone("addr", parse_template("$remote_addr"))
SITE = LimitZone("site", parse_template("$host"))
NAME = "expected the name of a limit_conn_zone of [http]"
HTTP = "[http]\nlimit_conn_zone =\n    $remote_addr zone=addr:10m\n    $host zone=site:10m\n"


@pytest.mark.parametrize(
    ("http", "location", "expected"),
    [
        ("", "", ()),
        ("limit_conn = addr 9\n", "", (LimitConn(ADDR, 9),)),
        ("limit_conn = addr 9\n", "limit_conn = site 3\n", (LimitConn(SITE, 3),)),
        ("", "limit_conn =\n    addr 1\n    site 2\n", (LimitConn(ADDR, 1), LimitConn(SITE, 2))),
    ],
)
def test_limits(http: str, location: str, expected: tuple[LimitConn, ...]) -> None:
    """A location has its own limits, or else those around it, each with its zone."""
    settings = loads(f"{HTTP}{http}[server www]\n[location www /]\nreturn = 404\n{location}")
    assert expected == settings.servers[0].locations[0].limit_conns


def test_status() -> None:
    """A request too many is answered 503, or whatever is said."""
    text = "[server www]\n{}[location www /]\nreturn = 404"
    for line, expected in (("", 503), ("limit_conn_status = 429\n", 429)):
        assert expected == loads(text.format(line)).servers[0].locations[0].limit_conn_status


@pytest.mark.parametrize(
    ("http", "server", "expected"),
    [
        (
            "limit_conn_zone =\n    $host zone=a:1m\n    $uri zone=a:1m",
            "",
            ['4: [http] limit_conn_zone: zone "a" is there already; expected another name'],
        ),
        (
            "limit_conn_zone = $host zone=addr:1m",
            "limit_conn = adr 1",
            [f'4: [server www] limit_conn: unknown zone "adr"; {NAME}; did you mean "addr"?'],
        ),
        (
            "limit_conn_zone = $host zone=a:1m",
            "limit_conn =\n    a 1\n    a 2",
            ['6: [server www] limit_conn: zone "a" is limited twice; expected one line for it'],
        ),
        (
            "",
            "limit_conn_status = 200",
            ['4: [server www] limit_conn_status: "200" is wrong; expected a whole number from 400 to 599'],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], http: str, server: str, expected: list[str]) -> None:
    """Zones that are not there, or there twice, are faults, and so is a status that is no error."""
    assert expected == faults_of(f"[http]\n{http}\n[server www]\n{server}\n[location www /]\nreturn = 404")
