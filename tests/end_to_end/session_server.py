"""A server in a process of its own that keeps sessions in memory, and counts the visits of each.

    python session_server.py NAME PORT

A GET is answered by `NAME VISITS`. Whoever has no session here gets one, in the cookie `SESSION`, and beside it the
cookie `stick`, as an application sets it that asks for its clients to come back.
"""

import sys
from collections import Counter
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex


class Page(BaseHTTPRequestHandler):
    """One connection: visits, and the HEAD of a health check, which are none."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers["Cookie"]).get("SESSION")
        session = cookie.value if cookie and cookie.value in self.server.visits else token_hex()
        self.server.visits[session] += 1
        visits = self.server.visits[session]
        body = f"{self.server.name} {visits}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if visits == 1:
            self.send_header("Set-Cookie", f"SESSION={session}; Path=/")
            self.send_header("Set-Cookie", "stick=please; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of single requests."""


class Server(ThreadingHTTPServer):
    """Knows how often each session was visited. Many clients may wait while it is stopped."""

    request_queue_size = 128

    def __init__(self, name: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Page)
        self.name = name
        self.visits: Counter[str] = Counter()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that are gone by the time they are answered."""


if __name__ == "__main__":
    Server(sys.argv[1], int(sys.argv[2])).serve_forever()
