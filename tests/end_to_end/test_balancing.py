"""Where new sessions go, beside nginx: the same keys to the same servers, one after the other."""

from pathlib import Path
from random import Random

import pytest
import pytest_twisted

from tests.end_to_end.fakes import HOST, Client, eventually, silent
from tests.end_to_end.house import House
from tests.end_to_end.processes import installed

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ }}
http {{
    access_log off;
    keepalive_requests 100000;
    client_body_temp_path {folder}/1;
    proxy_temp_path {folder}/2;
    fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4;
    scgi_temp_path {folder}/5;
    upstream app {{
        {balance};
        {servers}
    }}
    server {{
        listen {bind};
        set_real_ip_from {host};
        real_ip_header X-Forwarded-For;
        location / {{ proxy_pass http://app; }}
    }}
    {backends}
}}
"""
BACKEND = "server {{ listen {host}:{port}; return 200 $server_port; }}\n"
PROXY = """
[upstream app]
server =
    {servers}
balance = {balance}
[server www]
listen = {host}:0
keepalive_requests = 100000
set_real_ip_from = {host}
real_ip_header = X-Forwarded-For
[location www /]
proxy_pass = http://app
"""

RANDOM = Random(7)
KEYS = [f"user-{RANDOM.randrange(10**9)}" for _ in range(1500)]
ADDRESSES = [f"{RANDOM.randrange(1, 224)}.{RANDOM.randrange(256)}.{RANDOM.randrange(256)}.1" for _ in range(1000)]
ADDRESSES += [f"2001:db8::{RANDOM.randrange(65536):x}:{RANDOM.randrange(65536):x}" for _ in range(500)]

# What stands behind the address of each server. `dead`: nothing listens there.
GROUPS = {
    "equal": ["", "", ""],
    "weights": ["weight=3", "", "weight=2", "weight=5"],
    "down": ["weight=2 down", "", "weight=3", ""],
    "dead": ["", "fail_timeout=1h", "weight=2", "weight=2"],
    # Few that can be found within 21 attempts.
    "hardly any": [*["down"] * 9, "", ""],
}


def asking(name: str, value: str) -> bytes:
    """Write a request with that field."""
    return f"GET / HTTP/1.1\r\nHost: example.org\r\n{name}: {value}\r\n\r\n".encode()


async def ports(client: Client, requests: list[bytes]) -> list[bytes]:
    """Send these requests, one right behind the other, and list the ports that answered."""
    client.send(b"".join(requests))
    return [(await client.response()).body for _ in requests]


async def nginx(house: House, folder: Path, balance: str, lines: list[str], backends: str = "") -> int:
    """Start nginx before servers with those lines, and perhaps as these too; return its port."""
    front = house.server("nginx", running=False).port
    servers = "".join(f"server {line};" for line in lines)
    config = folder / "nginx.conf"
    config.write_text(
        NGINX.format(
            folder=folder, host=HOST, bind=f"{HOST}:{front}", balance=balance, servers=servers, backends=backends
        )
    )
    await house.listening(front, folder, installed("nginx"), "-c", config)
    return front


def proxy(house: House, balance: str, lines: list[str]) -> int:
    """Start a proxy before servers with those lines; return its port."""
    return house.proxy(PROXY.format(host=HOST, balance=balance, servers="\n    ".join(lines)))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("balance", ["ip_hash", "hash $http_key", "hash $http_key consistent", "least_conn"])
@pytest_twisted.ensureDeferred
async def test_as_nginx_chooses(house: House, tmp_path: Path, balance: str, group: str) -> None:
    """Each key leads to the server that nginx chooses for it, whatever the weights and whoever is out."""
    parameters = GROUPS[group]
    servers = [house.server(str(number), running=False) for number in range(len(parameters))]
    lines = [f"{server.address} {words}" for server, words in zip(servers, parameters, strict=True)]
    backends = [
        BACKEND.format(host=HOST, port=server.port)
        for server, words in zip(servers, parameters, strict=True)
        if "fail_timeout" not in words
    ]
    theirs = await house.client(await nginx(house, tmp_path, balance, lines, "".join(backends)))
    ours = await house.client(proxy(house, balance, lines))
    if balance == "ip_hash":
        requests = [asking("X-Forwarded-For", address) for address in ADDRESSES]
    else:
        requests = [asking("Key", key) for key in KEYS]
    expected = await ports(theirs, requests)
    assert expected == await ports(ours, requests)
    assert len(set(expected)) == len([words for words in parameters if not words.endswith(("down", "1h"))])


@pytest_twisted.ensureDeferred
async def test_as_nginx_counts_connections(house: House, tmp_path: Path) -> None:
    """Under least_conn requests that last go where nginx sends them, also after some of their clients have left."""
    servers = [house.server(str(number)) for number in range(3)]
    for server in servers:
        server.answer = silent
    lines = [f"{server.address} weight={weight}" for server, weight in zip(servers, (3, 1, 2), strict=True)]

    async def counts(port: int) -> list[list[int]]:
        """Ask and leave, and list how many requests each server then has."""
        clients: list[Client] = []
        seen = []
        for leaving in (0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0):
            for client in clients[:leaving]:
                await client.close()
            del clients[:leaving]
            await eventually(lambda: len(clients) == sum(len(server.connections) for server in servers))
            clients.append(await house.client(port))
            clients[-1].send(asking("Key", "any"))
            await eventually(lambda: len(clients) == sum(len(server.connections) for server in servers))
            seen.append([len(server.connections) for server in servers])
        for client in clients:
            await client.close()
        await eventually(lambda: not any(server.connections for server in servers))
        return seen

    expected = await counts(await nginx(house, tmp_path, "least_conn", lines))
    assert expected == await counts(proxy(house, "least_conn", lines))
