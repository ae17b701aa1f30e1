import json

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.house import House
from tests.wire import End

TEXT = """
[upstream app]
server =
    10.0.0.1:80 id=a
    10.0.0.2:80 down
[upstream other]
server = unix:/run/o
[server www]
listen = 8080
[location www = /status]
check_status = {}
[location www /app]
proxy_pass = http://app
"""


def ask(client: End, target: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """Give status, fields and body of an answer."""
    client.send(f"{method} {target} HTTP/1.1\r\nHost: www\r\n\r\n".encode())
    head, _, body = client.received().decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


CSV = "0,app,10.0.0.1:80,up,0,0,none,0\n1,app,10.0.0.2:80,down,0,0,none,0\n2,other,unix:/run/o,up,0,0,none,0\n"


class StatusPageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(TEXT.format("csv"))
        self.client: End = self.house.client()

    def test_all_servers(self) -> None:
        """The servers of all upstreams are shown, in the format that the location says."""
        status, fields, body = ask(self.client, "/status")
        self.assertEqual((200, CSV), (status, body))
        self.assertEqual(
            ("text/plain; charset=utf-8", "no-store", "stickyproxy"),
            (fields["Content-Type"], fields["Cache-Control"], fields["Server"]),
        )

    def test_head(self) -> None:
        """HEAD gets the same fields and no body."""
        status, fields, body = ask(self.client, "/status", "HEAD")
        self.assertEqual((200, str(len(CSV)), ""), (status, fields["Content-Length"], body))

    def test_other_methods(self) -> None:
        """Nothing but GET and HEAD is answered."""
        status, fields, _ = ask(self.client, "/status", "POST")
        self.assertEqual((405, {"GET", "HEAD"}), (status, set(fields["Allow"].split(", "))))

    def test_format_is_asked_for(self) -> None:
        """`?format=` overrides what the location says."""
        types = {
            "html": "text/html; charset=utf-8",
            "csv": "text/plain; charset=utf-8",
            "json": "application/json",
            "prometheus": "text/plain; version=0.0.4; charset=utf-8",
        }
        for name, content_type in types.items():
            status, fields, _ = ask(self.client, f"/status?format={name}")
            self.assertEqual((200, content_type), (status, fields["Content-Type"]))

    def test_filter(self) -> None:
        """`?status=` shows only those, by the numbers that they have among all; the counts are of what is shown."""
        lines = CSV.splitlines(keepends=True)
        self.assertEqual(lines[0] + lines[2], ask(self.client, "/status?status=up")[2])
        self.assertEqual(lines[1], ask(self.client, "/status?status=down")[2])
        found = json.loads(ask(self.client, "/status?format=json&status=down")[2])["servers"]
        self.assertEqual((1, 0, 1), (found["total"], found["up"], found["down"]))

    def test_what_is_asked_wrongly(self) -> None:
        """A format or state that is not there is refused, and told what there is."""
        self.assertEqual(
            (400, '"jso" is unknown; expected html, csv, json or prometheus; did you mean "json"?\n'),
            ask(self.client, "/status?format=jso")[::2],
        )
        self.assertEqual(
            (400, '"gone" is unknown; expected up or down\n'), ask(self.client, "/status?status=gone")[::2]
        )

    def test_requests_are_counted(self) -> None:
        """What went through the proxy is on the page as soon as it is over."""
        self.client.send(b"GET /app HTTP/1.1\r\nHost: www\r\n\r\n")
        server = self.house.servers.accept()
        server.received()
        row = self.house.survey.rows()[0]
        self.assertEqual((0, 1), (row.requests, row.in_progress))
        server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        row = self.house.survey.rows()[0]
        self.assertEqual((1, 0), (row.requests, row.in_progress))


@pytest.mark.parametrize(("written", "kind"), [("", "text/html"), ("json", "application/json")])
def test_format_of_the_location(written: str, kind: str) -> None:
    """The location says which format is shown unasked, html if it says none."""
    _, fields, _ = ask(House(TEXT.format(written)).client(), "/status")
    assert kind == fields["Content-Type"].partition(";")[0]
