"""Clients in great number, as a process of their own: `crowd.py KIND PORT NUMBER`.

Each kind says on standard output how far it is, and stays until it is killed.
"""

import resource
import signal
import socket
import sys
import time

HOST = "127.0.0.1"
# How many connections are made before the first of them is looked after; fewer than wait in a listener's backlog.
BATCH = 500

# As a browser asks, so that what is kept of a request would show.
REQUEST = (
    b"GET /idle?of=the-crowd HTTP/1.1\r\n"
    b"Host: www.example.org\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Referer: https://www.example.org/somewhere/else/on/this/server\r\n"
    b"Connection: keep-alive\r\n"
    b"Cookie: route=1a79a4d60de6718e8e5b326e338ae533; session=b1946ac92492d2347c6235b4d2611184\r\n"
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"Sec-Fetch-Dest: document\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Priority: u=0, i\r\n"
    b"\r\n"
)


def say(words: str) -> None:
    """Tell the test."""
    print(words, flush=True)


def connect(port: int) -> socket.socket:
    """Connect one client that takes little at a time, for which the kernel holds little, as over a real network."""
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((HOST, port))
    return client


def idle(port: int, number: int) -> None:
    """Ask once, take the answer, and stay: says `N are idle` for each further BATCH."""
    clients: list[socket.socket] = []
    while len(clients) < number:
        batch = [connect(port) for _ in range(min(BATCH, number - len(clients)))]
        for client in batch:
            client.sendall(REQUEST)
        for client in batch:
            answer = b""
            while not answer.endswith(b"\r\n\r\nhello"):
                answer += client.recv(4096)
        clients += batch
        say(f"{len(clients)} are idle")
    signal.pause()


def slow(port: int, number: int) -> None:
    """Say a byte of a request now and then, until all are cut: says `N begin`, and `N are cut, M with 408`."""
    clients = {connect(port) for _ in range(number)}
    say(f"{number} begin")
    refused = 0
    for byte in REQUEST:
        for client in list(clients):
            client.send(bytes([byte]))
            heard = _heard(client)
            if heard is not None:
                refused += heard.startswith(b"HTTP/1.1 408 ")
                client.close()
                clients.remove(client)
        if not clients:
            break
        time.sleep(0.1)
    say(f"{number - len(clients)} are cut, {refused} with 408")
    signal.pause()


def _heard(client: socket.socket) -> bytes | None:
    """Take what has come, b"" where the connection has ended; None if nothing has."""
    try:
        return client.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


def stalled(port: int, number: int) -> None:
    """Ask, and take nothing: says `N have asked`."""
    clients = [connect(port) for _ in range(number)]
    for client in clients:
        client.sendall(REQUEST.replace(b"/idle", b"/large"))
    say(f"{number} have asked")
    signal.pause()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    {"idle": idle, "slow": slow, "stalled": stalled}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
