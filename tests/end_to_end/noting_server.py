"""A server in a process of its own: notes what it is asked in a file, and only then answers.

    python noting_server.py PORT FILE

Each note is one write, so that none is lost or in part when the process is killed; so is each answer.
"""

import os
import socketserver
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# How long it takes over each, in seconds: when it is killed, some have been noted that are not answered.
MOMENT = 0.005


class Connection(socketserver.StreamRequestHandler):
    """One connection: requests without a body, one after the other."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while first := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                """The fields say nothing here."""
            os.write(self.server.notes, first)
            time.sleep(MOMENT)
            self.request.sendall(ANSWER)


class Server(socketserver.ThreadingTCPServer):
    """Takes connections again at once on a port that was used before."""

    allow_reuse_address = True
    daemon_threads = True


def main(port: str, path: str) -> None:
    """Serve until the process is killed."""
    with Server(("127.0.0.1", int(port)), Connection) as server:
        server.notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
