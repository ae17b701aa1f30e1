"""The PROXY protocol with those who speak it: HAProxy and nginx, before the proxy and behind it."""

from pathlib import Path

import pytest
import pytest_twisted

from tests.end_to_end.fakes import HOST
from tests.end_to_end.house import House
from tests.end_to_end.processes import installed

# An address of loopback's that nothing else comes from.
CLIENT = "127.0.0.77"
GET = b"GET / HTTP/1.1"
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")

HAPROXY_BEFORE = """
global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen before
    bind {bind}
    server proxy {to} {how}
"""

HAPROXY_BEHIND = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen behind
    bind {bind} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src]"
"""

NGINX_BEFORE = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
load_module {module};
events {{ }}
stream {{
    server {{
        listen {bind};
        proxy_pass {to};
        proxy_protocol on;
    }}
}}
"""

NGINX_BEHIND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1;
    proxy_temp_path {folder}/2;
    fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4;
    scgi_temp_path {folder}/5;
    server {{
        listen {bind} proxy_protocol;
        location / {{ return 200 $proxy_protocol_addr; }}
    }}
}}
"""


OPTIONS = {"haproxy": ["-db", "-f"], "nginx": ["-c"]}


async def run(house: House, folder: Path, program: str, template: str, **words: str) -> int:
    """Start a program with that configuration, on a port that is given back when it listens there."""
    port = house.server(program, running=False).port
    config = folder / f"{program}.conf"
    config.write_text(template.format(folder=folder, bind=f"{HOST}:{port}", module=STREAM, **words))
    needed = [STREAM] if "{module}" in template else []
    await house.listening(port, folder, installed(program, *needed), *OPTIONS[program], config)
    return port


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("program", "template", "how"),
    [
        ("haproxy", HAPROXY_BEFORE, "send-proxy"),
        ("haproxy", HAPROXY_BEFORE, "send-proxy-v2"),
        ("nginx", NGINX_BEFORE, ""),
    ],
)
async def test_before_the_proxy(house: House, tmp_path: Path, program: str, template: str, how: str) -> None:
    """The server is told the address of the client that came to the balancer, for every request of its connection."""
    server = house.server("a")
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[server www]\nlisten = {HOST}:0 proxy_protocol\nset_real_ip_from = {HOST}\nreal_ip_header = proxy_protocol\n"
        f"[location www /]\nproxy_pass = http://{server.address}\n"
    )
    _, port = await house.start(config)
    balancer = await run(house, tmp_path, program, template, to=f"{HOST}:{port}", how=how)
    client = await house.client(balancer, source=CLIENT)
    for request in (GET, GET + b"\nX-Forwarded-For: 10.9.9.9"):
        assert 200 == (await client.request(request)).status
        seen = server.requests[-1]
        assert [CLIENT.encode()] == seen.values(b"x-real-ip")
        assert [CLIENT.encode()] == seen.values(b"x-forwarded-for")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("program", "template"),
    [
        ("haproxy", HAPROXY_BEHIND),
        ("nginx", NGINX_BEHIND),
    ],
)
async def test_behind_the_proxy(house: House, tmp_path: Path, program: str, template: str) -> None:
    """A server that asks for the PROXY protocol is told by it who the client is, also after another client."""
    behind = await run(house, tmp_path, program, template)
    config = tmp_path / "sticky.ini"
    config.write_text(
        f"[server www]\nlisten = {HOST}:0\n[location www /]\nproxy_pass = http://{HOST}:{behind}\nproxy_protocol = on\n"
    )
    _, port = await house.start(config)
    for source in (CLIENT, "127.0.0.78"):
        client = await house.client(port, source=source)
        for _ in range(2):
            assert source.encode() == (await client.request(GET)).body
