"""A site that moves from HAProxy or Apache, and back: the clients with their live cookies stay on their servers."""

from pathlib import Path

import pytest
import pytest_twisted
from attrs import frozen

from tests.end_to_end.fakes import HOST, FakeServer, answering
from tests.end_to_end.house import House
from tests.end_to_end.jar import Jar
from tests.end_to_end.processes import installed

HAPROXY = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen app
    bind {bind}
    {directive}
{servers}
"""
APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
Mutex file:{folder} default
User nobody
Group nogroup
ServerName {bind}
Listen {bind}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule slotmem_shm_module {modules}/mod_slotmem_shm.so
LoadModule lbmethod_byrequests_module {modules}/mod_lbmethod_byrequests.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LoadModule proxy_balancer_module {modules}/mod_proxy_balancer.so
<Proxy balancer://app>
{servers}
ProxySet {directive}
</Proxy>
Header add Set-Cookie "ROUTEID=.%{{BALANCER_WORKER_ROUTE}}e; path=/" env=BALANCER_ROUTE_CHANGED
ProxyPass / balancer://app/
"""
MODULES = Path("/usr/lib/apache2/modules")


@frozen
class Neighbour:
    """Another proxy: its program, a configuration, and how that names a server."""

    program: str
    options: tuple[str, ...]
    template: str
    server: str

    async def start(self, house: House, folder: Path, servers: list[FakeServer], directive: str) -> int:
        """Start it before the servers; return the port on which it listens."""
        port = house.server(self.program, running=False).port
        lines = "\n".join(self.server.format(name=each.name, address=each.address) for each in servers)
        config = folder / f"{self.program}.conf"
        config.write_text(
            self.template.format(
                folder=folder, bind=f"{HOST}:{port}", modules=MODULES, servers=lines, directive=directive
            )
        )
        await house.listening(port, folder, installed(self.program), *self.options, config)
        return port


HAPROXY_NEIGHBOUR = Neighbour("haproxy", ("-db", "-f"), HAPROXY, "    server {name} {address} cookie {name}")
APACHE_NEIGHBOUR = Neighbour("apache2", ("-X", "-f"), APACHE, "BalancerMember http://{address} route={name}")


WAYS = [
    *(
        (HAPROXY_NEIGHBOUR, directive, directive)
        for directive in (
            "cookie SRV insert",
            "cookie SRV insert indirect nocache",
            "cookie SRV insert maxidle 30m",
            "cookie SRV insert indirect maxidle 30m maxlife 8h",
            "cookie SESSION prefix",
            "cookie SESSION rewrite",
        )
    ),
    (APACHE_NEIGHBOUR, "stickysession=ROUTEID", "stickysession ROUTEID"),
]


def with_session(server: FakeServer) -> None:
    """Let the application set a session cookie."""
    server.answer = answering(200, b"Set-Cookie: SESSION=app; Path=/")


def dialect(directive: str, servers: list[FakeServer]) -> str:
    """Write the configuration of a proxy that speaks a dialect as a neighbour does."""
    lines = "".join(f"    {each.address} cookie={each.name} route={each.name}\n" for each in servers)
    return (
        f"[upstream app]\nserver =\n{lines}{directive}\n"
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://app\n"
    )


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("neighbour", "theirs", "ours"), WAYS)
async def test_there_and_back(house: House, tmp_path: Path, neighbour: Neighbour, theirs: str, ours: str) -> None:
    """Clients come from the neighbour, are told the same in its place, and it takes them back, each on its server."""
    servers = [house.server(name) for name in "abc"]
    for server in servers:
        with_session(server)
    there = await neighbour.start(house, tmp_path, servers, theirs)
    name, _, arguments = ours.partition(" ")
    here = house.proxy(dialect(f"{name} = {arguments}", servers))
    for first, second in ((there, here), (here, there)):
        jars = [Jar(house) for _ in range(4)]
        homes = [(await jar.visit(first)).body for jar in jars]
        assert 3 == len(set(homes))
        for port in (second, second, first, second):
            assert homes == [(await jar.visit(port)).body for jar in jars]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("neighbour", "theirs", "ours"), WAYS)
async def test_for_good(house: House, tmp_path: Path, neighbour: Neighbour, theirs: str, ours: str) -> None:
    """Clients of the neighbour keep their servers when the site speaks another dialect from then on."""
    servers = [house.server(name) for name in "abc"]
    for server in servers:
        with_session(server)
    there = await neighbour.start(house, tmp_path, servers, theirs)
    new = "session_sticky = cookie=new option=indirect"
    moving, after = (house.proxy(dialect(lines, servers)) for lines in (f"{new}\naccept = {ours}", new))
    jars = [Jar(house) for _ in range(4)]
    homes = [(await jar.visit(there)).body for jar in jars]
    assert 3 == len(set(homes))
    assert homes == [(await jar.visit(moving)).body for jar in jars]
    assert all({b"SRV", b"ROUTEID"}.isdisjoint(jar.cookies) for jar in jars)
    for port in (moving, after, after):
        assert homes == [(await jar.visit(port)).body for jar in jars]
