import pytest

from tests.corpus.relay import Client, Relay, segmented
from tests.corpus.responses import FAULTY, SOUND, Response, ok, sized
from tests.end_to_end.messages import Message, message_of
from tests.wire import End

ROWS = [*FAULTY, *SOUND]


def ask(row: Response, segments: list[bytes]) -> tuple[Relay, Client, End]:
    """Have a client ask, and the server answer in segments as long as it is listened to."""
    relay = Relay()
    client = relay.connect()
    client.end.send(b"%b /x HTTP/1.%d\r\nHost: a\r\n\r\n" % (row.method, not row.http10))
    server = relay.house.servers.accept()
    server.received()
    for segment in segments:
        if segment and not server.dropped:
            server.send(segment)
    if row.ends and not server.dropped:
        server.close() if row.ends == "close" else server.reset()
    return relay, client, server


def whole(client: Client, row: Response) -> Message:
    """Read the one answer that the client got."""
    found = message_of(client.end.received(), bodiless=row.method == b"HEAD", closed=client.end.dropped)
    assert found is not None
    answer, rest = found
    assert b"" == rest
    return answer


def test_size() -> None:
    """The corpus is large, and each of its rows has a name of its own."""
    assert len(FAULTY) >= 40
    assert len(ROWS) == len({row.name for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_response(row: Response) -> None:
    """However it arrives, the client gets what it may get, and the next request its own answer."""
    for cut, segments in segmented(row.data):
        relay, client, server = ask(row, segments)
        if client.end.transport.disconnected:
            assert row.cut, cut
            assert not client.end.received().endswith(b"\r\n0\r\n\r\n"), cut
        else:
            # What is broken before anything of it went out is as good as no response.
            nothing_sent = row.cut and cut == "whole"
            answer = whole(client, row)
            assert (502 if nothing_sent else row.status) == answer.status, (cut, answer)
            assert answer.status == 502 or row.body == answer.body, (cut, answer)
            assert [] == answer.values(b"x-forged") + answer.values(b"upgrade"), cut
        assert row.reused == (not server.dropped and not row.ends), cut
        following = relay.connect() if client.end.dropped else client
        following.end.send(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        if not row.reused:
            server = relay.house.servers.accept()
        assert server.received().startswith(b"GET /next "), cut
        server.send(b"HTTP/1.1 200 OK\r\nX-Target: /next\r\nContent-Length: 0\r\n\r\n")
        assert b"X-Target: /next\r\n" in following.end.received(), cut


@pytest.mark.parametrize("status", [102, 103])
def test_interim(status: int) -> None:
    """A 102 or 103 reaches an HTTP/1.1 client at once but for what is hop by hop; the answer follows (RFC 8297)."""
    interim = ok(b"Link: </a.css>", b"Keep-Alive: 5", line=b"HTTP/1.1 %d Early" % status)
    for cut, segments in segmented(interim):
        _, client, server = ask(Response("", b"", ""), segments)
        assert b"HTTP/1.1 %d Early\r\nLink: </a.css>\r\n\r\n" % status == client.end.received(), cut
        server.send(sized(5, b"hello"))
        answer, _ = message_of(client.end.received()) or (None, None)
        assert answer is not None
        assert (200, b"hello", []) == (answer.status, answer.body, answer.values(b"link")), cut


def test_interim_to_http10() -> None:
    """An HTTP/1.0 client knows of no interim responses and gets none (RFC 9110 section 15.2)."""
    row = Response("", b"", "", http10=True)
    _, client, server = ask(row, [ok(b"Link: x", line=b"HTTP/1.1 103 Early Hints")])
    assert b"" == client.end.received()
    server.send(sized(5, b"hello"))
    assert (200, b"hello") == ((answer := whole(client, row)).status, answer.body)


def test_silence() -> None:
    """A server that answers nothing in time is a 504."""
    relay, client, server = ask(Response("", b"", ""), [])
    relay.house.wait(62)
    assert (True, b"HTTP/1.1 504 ") == (server.dropped, client.end.received()[:13])


def test_client_that_gets_a_fault_in_pieces() -> None:
    """What was sound of a broken body has gone out when the break is found."""
    _, client, _ = ask(Response("", b"", ""), [ok(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"), b"zz\r\n"])
    assert client.end.received().endswith(b"\r\n\r\n5\r\nhello\r\n")
    assert client.end.transport.disconnected
