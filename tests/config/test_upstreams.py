from collections.abc import Callable

import pytest

from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.dialects import HaproxyCookie, JvmRoute, SessionSticky
from stickyproxy.config.load import loads
from stickyproxy.config.settings import Settings, Upstream

SERVER = "\n[server www]\n[location www /]\nreturn = 404\n"
DIRECTIVES = "session_sticky, jvm_route, sticky, cookie, stickysession"


def test_upstream(settings_with: Callable[..., Settings]) -> None:
    """An upstream has its servers in order, and what is said of its connections and its stickiness."""
    upstream = settings_with(
        "[upstream u]\nserver =\n  10.0.0.2\n  10.0.0.1 backup\nkeepalive = 8\nkeepalive_timeout = 5s\n"
        "keepalive_requests = 9\nsession_sticky =\n"
    ).upstreams["u"]
    assert ["10.0.0.2", "10.0.0.1"] == [server.name for server in upstream.servers]
    assert (8, 5.0, 9, SessionSticky()) == (
        upstream.keepalive,
        upstream.keepalive_timeout,
        upstream.keepalive_requests,
        upstream.stickiness,
    )


def test_defaults(settings_with: Callable[..., Settings]) -> None:
    """An upstream that says nothing but its servers has the defaults of the directives."""
    upstream = settings_with("[upstream u]\nserver = 10.0.0.1\n").upstreams["u"]
    assert Upstream("u", upstream.servers, None, 32, 60.0, 1000) == upstream
    assert isinstance(upstream.servers[0].address, InetAddress)


def test_jvm_route(settings_with: Callable[..., Settings]) -> None:
    """jvm_route is another stickiness; some servers may be without a name."""
    text = "[upstream u]\nserver =\n  10.0.0.1 srun_id=a.b\n  10.0.0.2 id=a\n  10.0.0.3\njvm_route = $cookie_S\n"
    assert JvmRoute(b"S", b"S") == settings_with(text).upstreams["u"].stickiness


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "keepalive = 1\n",
            ["1: [upstream u] an upstream without servers; expected server = with one server an indented line"],
        ),
        ("server =\n", ["2: [upstream u] server: no argument; expected ADDRESS [PARAMETER...]"]),
        (
            "server = a weight=x\n",
            ['2: [upstream u] server: weight: "x" is wrong; expected a whole number from 1 to 2147483647'],
        ),
        (
            "server =\n  a backup\n  b backup\n",
            ["3: [upstream u] server: only backup servers; expected one at least without backup"],
        ),
        (
            "server =\n  a id=x\n  b\n  c id=x\n",
            ["5: [upstream u] server: id=x names the server of line 3 too; expected each id once"],
        ),
        (
            "server =\n  a srun_id=x id=1\n  b srun_id=x id=2\n",
            ["4: [upstream u] server: srun_id=x names the server of line 3 too; expected each srun_id once"],
        ),
        (
            "server = a id=x\nsession_sticky =\njvm_route = $cookie_S\n",
            ["4: [upstream u] jvm_route: stands beside session_sticky; expected one of them"],
        ),
        (
            "server =\n  a route=x cookie=y\n  b route=x cookie=y\n",
            [
                f"4: [upstream u] server: {name} names the server of line 3 too; expected each {name[:-2]} once"
                for name in ("cookie=y", "route=x")
            ],
        ),
        (
            "server = a\nsticky = cookie s\ncookie = SRV\nstickysession = R\n",
            [
                "4: [upstream u] cookie: stands beside sticky; expected one of them",
                "5: [upstream u] stickysession: stands beside sticky; expected one of them",
            ],
        ),
        (
            "server =\n  a cookie=x\n  b id=x\n  c id=y route=z\n  d id=z\ncookie = SRV\naccept = stickysession R\n",
            [
                "4: [upstream u] server: id=x is the cookie= of another server; expected another name",
                "6: [upstream u] server: id=z is the route= of another server; expected another name",
            ],
        ),
        *(
            (
                f"server =\n  unix:/a~b\n  unix:/c~d id=c\n{directive}\n",
                [
                    (
                        '3: [upstream u] server: its address is its name in the cookie: "unix:/a~b" holds "~"; '
                        'expected printable ASCII without spaces and |~;,"=\\, or id='
                    )
                ],
            )
            for directive in ("session_sticky = mode=prefix hash=plain", "cookie = SRV prefix", "stickysession = R")
        ),
        (
            "server = a id=x\nsticky = route $cookie_S\n",
            ["3: [upstream u] sticky: no server has a name to be found by; expected route= in server"],
        ),
        (
            "server = a\naccept = cookie SRV\n",
            [f"3: [upstream u] accept: no dialect to move to; expected one of {DIRECTIVES} beside it"],
        ),
        (
            (
                "server = a\ncookie = SRV\naccept =\n  jvm_route $cookie_S\n  cookie SRV\n  sticky route $cookie_S\n"
                "  sticky learn create=$upstream_cookie_S lookup=$cookie_S zone=z:1m\n  cookie a;b\n"
            ),
            [
                "5: [upstream u] accept: no server has a name to be found by; expected srun_id= or id= in server",
                "6: [upstream u] accept: is what is written, too; expected another dialect",
                "7: [upstream u] accept: no server has a name to be found by; expected route= in server",
                (
                    "8: [upstream u] accept: sticky learn has its sessions in the memory of another process; "
                    "expected another dialect"
                ),
                '9: [upstream u] accept: "a;b" is no token; expected letters, digits and !#$%&\'*+-.^_`|~',
            ],
        ),
        (
            (
                "server = a\nsession_sticky = cookie=S maxidle=30m\naccept =\n  cookie S\n  cookie S rewrite\n"
                "  cookie S maxlife 1h\n  cookie S prefix\n  cookie T\n"
            ),
            [
                (
                    f"{line}: [upstream u] accept: takes the cookie that is written whatever its dates are; "
                    "expected maxidle or maxlife with it"
                )
                for line in (5, 6)
            ],
        ),
        (
            "server =\n  10.0.0.1\n  10.0.0.2 id=10.0.0.1:80\n  10.0.0.3:81 id=c\n  10.0.0.4 id=10.0.0.3:81\n",
            [
                (
                    "4: [upstream u] server: id=10.0.0.1:80 is the address of another server, which goes by that; "
                    "expected another name"
                )
            ],
        ),
        (
            "server =\n  a\n  b\njvm_route = $cookie_S\n",
            ["5: [upstream u] jvm_route: no server has a name to be found by; expected srun_id= or id= in server"],
        ),
        (
            "server = a srun_id=x/y\njvm_route = $cookie_S\n",
            ['2: [upstream u] server: jvm_route ends a name in a URL at "/"; expected another name than "x/y"'],
        ),
        (
            "server =\n  a srun_id=x\n  b id=x\njvm_route = $cookie_S\n",
            ["4: [upstream u] server: id=x is the srun_id of another server, found before it; expected another name"],
        ),
        (
            "server =\n  a srun_id=x\n  b srun_id=x.y\njvm_route = $cookie_S forward\n",
            ['4: [upstream u] server: jvm_route forward finds "x" before "x.y"; expected another name'],
        ),
        (
            "server = a\nbalance = hash\n",
            ['3: [upstream u] balance: "hash" is wrong; expected hash KEY [consistent]'],
        ),
        (
            "server =\n  a weight=1000\n  b weight=1001\nbalance = hash $uri consistent\n",
            ["4: [upstream u] server: weight=1001 is too many points on the ring; expected at most 1000"],
        ),
        (
            "server =\n  a slow_start=1s\n  b slow_start=0\n  c slow_start=1m backup\nbalance = hash $uri consistent\n",
            [
                (
                    f"{line}: [upstream u] server: slow_start= does not go with balance = hash consistent; "
                    "expected round_robin, least_conn, least_time or fair with it"
                )
                for line in (3, 5)
            ],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    """An upstream that could not serve, or whose servers could not be told apart, is refused."""
    assert expected == faults_of(f"[upstream u]\n{text}{SERVER}")


def test_accepted() -> None:
    """What is accepted is kept in the order in which it is read."""
    (upstream,) = loads(
        f"[upstream u]\nserver = a id=x\nsession_sticky =\naccept =\n  cookie SRV\n  jvm_route $cookie_S\n{SERVER}"
    ).upstreams.values()
    assert (SessionSticky(), (HaproxyCookie(b"SRV"), JvmRoute(b"S", b"S"))) == (upstream.stickiness, upstream.accepted)
