"""Requests that nobody thought of: rows of the corpus put together and spoilt, and what must hold for all of them.

Whoever mutates says by `choose(n)`, a number below `n`, where and how: hypothesis, a seeded `random`, or a fuzzer.
"""

from collections.abc import Callable
from contextlib import suppress

from twisted.logger import LogEvent, globalLogPublisher

from tests.corpus import strict
from tests.corpus.relay import CLEAN, Relay
from tests.corpus.requests import PASSED, REFUSED, SMUGGLED
from tests.end_to_end.messages import Message, message_of

Choose = Callable[[int], int]

# Rows about what is too large say nothing more when they are spoilt, and take long.
ROWS = [row.data for row in [*PASSED, *REFUSED] if len(row.data) < 2000]

# What makes a difference on the wire.
PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"\0",
        b":",
        b";",
        b",",
        b"0",
        b"5",
        b"a",
        b"\xff",
        b"0\r\n\r\n",
        b"\r\n\r\n",
    ),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n"),
    *(
        b"Connection: upgrade\r\nUpgrade: x\r\n",
        b"HEAD",
        b"HTTP/1.0",
        b"http://b",
        b"Expect: 100-continue\r\n",
        SMUGGLED,
    ),
]


def mutated(choose: Choose) -> bytes:
    """Put one to three rows together and spoil them up to four times."""
    data = b"".join(ROWS[choose(len(ROWS))] for _ in range(1 + choose(3)))
    for _ in range(choose(5)):
        data = _SPOILERS[choose(len(_SPOILERS))](data, choose)
    return data


def cut(data: bytes, choose: Choose) -> list[bytes]:
    """Cut bytes into up to five segments, or into single bytes."""
    if not choose(4):
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(choose(len(data) + 1) for _ in range(choose(5)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _slice(data: bytes, choose: Choose) -> tuple[int, int]:
    start = choose(len(data) + 1)
    return start, min(len(data), start + choose(20))


def _delete(data: bytes, choose: Choose) -> bytes:
    start, end = _slice(data, choose)
    return data[:start] + data[end:]


def _duplicate(data: bytes, choose: Choose) -> bytes:
    start, end = _slice(data, choose)
    return data[:end] + data[start:]


def _insert(data: bytes, choose: Choose) -> bytes:
    at = choose(len(data) + 1)
    return data[:at] + PIECES[choose(len(PIECES))] + data[at:]


def _replace(data: bytes, choose: Choose) -> bytes:
    at = choose(len(data) + 1)
    return data[:at] + bytes([choose(256)]) + data[at + 1 :]


def _splice(data: bytes, choose: Choose) -> bytes:
    other = ROWS[choose(len(ROWS))]
    return data[: choose(len(data) + 1)] + other[choose(len(other) + 1) :]


_SPOILERS = (_delete, _duplicate, _insert, _replace, _splice)


def check(segments: list[bytes]) -> None:
    """Send segments through the proxy and see to what must hold, whatever they are.

    The servers get the requests that the strict reader finds in them, from the first on, each once and as it reads
    them, and no other; each gets its own answer, and so does the next clean request; nothing is raised.
    """
    expected, rest = _expected(b"".join(segments))
    failures: list[LogEvent] = []
    globalLogPublisher.addObserver(failures.append)
    try:
        relay = Relay()
        client = relay.connect()
        relay.send(client, segments)
        reused = not client.end.dropped and not rest
        if not reused:
            client.end.close()
        following = client if reused else relay.connect()
        relay.send(following, [CLEAN])
    finally:
        globalLogPublisher.removeObserver(failures.append)
    assert [] == [event for event in failures if "log_failure" in event]
    *got, clean = [_understood(request) for request in relay.requests]
    assert (b"GET", b"/clean", b"www.example", b"") == clean
    assert expected[: len(got)] == got
    answers = _answers(b"".join(client.got), [method for method, *_ in [*expected, (b"",)]])
    if following is client:
        assert [b"/clean"] == answers.pop().values(b"x-target")
    else:
        assert b"X-Target: /clean\r\n" in b"".join(following.got)
    assert [target for _, target, _, _ in got] == [
        b"".join(answer.values(b"x-target")) for answer in answers[: len(got)]
    ]
    refused = answers[len(got) :]
    assert len(refused) <= 1, "more answers than requests"
    assert all(answer.status >= 400 and client.end.dropped for answer in refused)
    assert refused or len(got) == len(expected), "a request was lost"


def _expected(data: bytes) -> tuple[list[tuple[bytes, bytes, bytes, bytes]], bytes]:
    """Read what is to be understood of all these bytes, and what is left that is no whole request."""
    expected: list[tuple[bytes, bytes, bytes, bytes]] = []
    with suppress(strict.Refused):
        while found := strict.read_request(data):
            request, data = found
            expected.append((request.method, request.target, request.host or b"app", request.body))
            if request.last:
                break
    return expected, data


def _understood(request: Message) -> tuple[bytes, bytes, bytes, bytes]:
    method, target, version = request.first.split(b" ")
    assert b"HTTP/1.1" == version
    (host,) = request.values(b"host")
    return method, target, host, request.body


def _answers(data: bytes, methods: list[bytes]) -> list[Message]:
    """Read the answers to requests of these methods; the last is for what may have been any."""
    answers: list[Message] = []
    while data:
        method = methods[min(len(answers), len(methods) - 1)]
        found = message_of(data, bodiless=method == b"HEAD") or message_of(data, bodiless=True)
        assert found is not None, f"not a whole answer: {data!r}"
        answer, data = found
        if answer.status != 100:
            answers.append(answer)
    return answers
