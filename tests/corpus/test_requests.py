from contextlib import suppress

import pytest

from tests.corpus import strict
from tests.corpus.relay import Relay, clean_request_is_answered, segmented
from tests.corpus.requests import PASSED, REFUSED, Passed, Refused
from tests.end_to_end.messages import Message


def understood(request: Message) -> tuple[bytes, bytes, bytes, bytes]:
    """Say what a server understands: method, target, host and body."""
    method, target, version = request.first.split(b" ")
    (host,) = request.values(b"host")
    assert b"HTTP/1.1" == version
    return method, target, host, request.body


def names(rows: list[Refused] | list[Passed]) -> list[str]:
    return [row.name for row in rows]


def test_size() -> None:
    """The corpus is large, and each of its rows has a name of its own."""
    assert len(REFUSED) >= 100
    assert len(REFUSED) + len(PASSED) == len({row.name for row in [*REFUSED, *PASSED]})


@pytest.mark.parametrize("row", REFUSED, ids=names(REFUSED))
def test_refused(row: Refused) -> None:
    """However it arrives it is answered with its status and a close, no server gets it, and the next is served."""
    for cut, segments in segmented(row.data):
        relay = Relay()
        client = relay.connect()
        relay.send(client, segments)
        assert [] == relay.requests, cut
        *_, answer = client.answers
        assert answer.status in row.statuses, (cut, answer)
        assert (True, [b"close"]) == (client.end.dropped, answer.values(b"connection")), cut
        clean_request_is_answered(relay, client)


@pytest.mark.parametrize("row", REFUSED, ids=names(REFUSED))
def test_refused_behind_another(row: Refused) -> None:
    """What comes before a malformed request on its connection is served."""
    relay = Relay()
    client = relay.connect()
    relay.send(client, [b"GET /before HTTP/1.1\r\nHost: a\r\n\r\n" + row.data])
    assert [b"GET /before HTTP/1.1"] == [request.first for request in relay.requests]
    before, answer = client.answers
    assert (200, [b"/before"], True) == (before.status, before.values(b"x-target"), client.end.dropped)
    assert answer.status in row.statuses


@pytest.mark.parametrize("row", PASSED, ids=names(PASSED))
def test_passed(row: Passed) -> None:
    """However it arrives one server gets it, once, as it is to be understood, and the next one follows."""
    for cut, segments in segmented(row.data):
        relay = Relay()
        client = relay.connect()
        relay.send(client, segments)
        assert [row.read] == [understood(request) for request in relay.requests], cut
        *interim, answer = client.answers
        assert [] == [told for told in interim if told.status != 100], cut
        assert (200, [row.read[1]]) == (answer.status, answer.values(b"x-target")), cut
        clean_request_is_answered(relay, client)
        assert 2 == len(relay.requests), cut


@pytest.mark.parametrize("row", PASSED, ids=names(PASSED))
def test_strict_reader_reads_the_same(row: Passed) -> None:
    """The second reader, which judges mutations, agrees on what is sound."""
    found = strict.read_request(row.data + b"GET")
    assert found is not None
    request, rest = found
    assert (*row.read[:2], row.read[2].replace(b"app", b""), row.read[3], b"GET") == (
        request.method,
        request.target,
        request.host,
        request.body,
        rest,
    )


@pytest.mark.parametrize("row", REFUSED, ids=names(REFUSED))
def test_strict_reader_refuses_the_same(row: Refused) -> None:
    """The second reader reads no whole request where the proxy must not, but for what is only too large."""
    if 413 in row.statuses:
        return
    with suppress(strict.Refused):
        assert strict.read_request(row.data) is None
