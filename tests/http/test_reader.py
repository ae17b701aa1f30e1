import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.http.reader import Message, RequestReader
from stickyproxy.http.request import Limits

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
)


def read(*parts: bytes, limits: Limits = Limits()) -> RequestReader:  # noqa: B008 - frozen
    reader = RequestReader(limits)
    for part in parts:
        reader.feed(part)
    return reader


def told(message: Message) -> tuple[bytes, bytes, bool, int | None]:
    return (
        message.head.target,
        b"".join(message.chunks),
        message.complete,
        message.fault.status if message.fault else None,
    )


def test_nothing_is_kept() -> None:
    """Once a request is taken nobody but its head holds its fields."""
    reader = read(GET % 1)
    fields = reader.messages.popleft().head.fields
    assert [fields] == [each for each in gc.get_referrers(fields[0]) if isinstance(each, list | tuple)]


def test_requests_in_one_segment() -> None:
    """Requests that arrive together come out one by one, in order, each with its own body."""
    reader = read(GET % 1 + POST + CHUNKED + GET % 2)
    assert [
        (b"/1", b"", True, None),
        (b"/p", b"hello", True, None),
        (b"/c", b"abcde", True, None),
        (b"/2", b"", True, None),
    ] == [told(message) for message in reader.messages]
    assert not reader.head_begun


@given(st.data())
def test_any_segments(data: st.DataObject) -> None:
    """However the bytes are cut into segments, the same messages come out."""
    stream = GET % 1 + POST + CHUNKED + GET % 2
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1))))
    parts = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [told(message) for message in read(stream).messages] == [told(message) for message in read(*parts).messages]


def test_a_body_that_arrives() -> None:
    """A message is there as soon as its head is, and its body grows."""
    reader = read(POST[:-3])
    (message,) = reader.messages
    assert (b"/p", b"he", False, None) == told(message)
    reader.feed(b"llo")
    assert (b"/p", b"hello", True, None) == told(message)


def test_trailers_are_dropped() -> None:
    """No trailer changes a head (RFC 9110 section 6.5)."""
    (message,) = read(CHUNKED).messages
    assert b"" == message.head.first(b"x-t")


def test_spaces_behind_a_value() -> None:
    """A value ends before the white space that follows it (RFC 9112 section 5.1)."""
    (message,) = read(b"GET / HTTP/1.1\r\nHost: a \t\r\nX: y  \r\n\r\n").messages
    assert (b"a", b"y") == (message.head.host, message.head.first(b"x"))


@pytest.mark.parametrize(
    ("status", "stream"),
    [
        (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
        (400, b"GET / HTTP/1.1\nHost: a\n\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (400, b"G\xffT / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (405, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
        (501, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n"),
    ],
)
def test_faults(status: int, stream: bytes) -> None:
    """What is no request is a message with a fault, after those that were sound; nothing behind it is read."""
    reader = read(GET % 1 + stream + GET % 2)
    reader.feed(GET % 3)
    sound, faulty = reader.messages
    assert ((b"/1", None), status) == (told(sound)[::3], faulty.fault and faulty.fault.status)
    assert (False, False, True) == (faulty.complete, faulty.head.keep_alive, reader.finished)


def test_a_fault_in_a_body() -> None:
    """A body that cannot be read on spoils its own message."""
    reader = read(CHUNKED[:-20], b"zz\r\n")
    (message,) = reader.messages
    assert (400, False) == (message.fault and message.fault.status, message.complete)


@pytest.mark.parametrize(
    ("status", "stream"),
    [
        (414, b"GET /" + b"x" * 300),
        (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 300),
    ],
)
def test_a_head_without_end(status: int, stream: bytes) -> None:
    """A head that only grows is refused when it is over the limit, not when memory is."""
    reader = read(*(stream[at : at + 50] for at in range(0, len(stream), 50)), limits=Limits(head=200))
    assert status == reader.messages[0].fault.status


def test_after_close() -> None:
    """What follows a request that closes the connection belongs to nothing."""
    reader = read(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % 1, GET % 2)
    assert [(b"/", b"", True, None)] == [told(message) for message in reader.messages]


UPGRADE = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: %b\r\nUpgrade: %b\r\n\r\n"


def test_an_upgrade_that_is_not_for_others_to_grant() -> None:
    """A request to change to another HTTP is an ordinary one, and the next follows (RFC 9110 section 7.8)."""
    upgrade = UPGRADE % (b"Upgrade", b"h2c")
    assert [b"/u", b"/1"] == [message.head.target for message in read(upgrade + GET % 1).messages]


@pytest.mark.parametrize("connection", [b"Upgrade", b"keep-alive, upgrade", b"close, upgrade"])
def test_an_upgrade(connection: bytes) -> None:
    """What follows a request for an upgrade is left until that is answered; then it is the next request, if any."""
    reader = RequestReader(Limits())
    behind = GET % 1 + b"and more"
    assert behind == reader.feed(UPGRADE % (connection, b"websocket, h2c") + behind)
    assert behind == reader.feed(behind)
    message = reader.messages.popleft()
    assert (b"/u", b"websocket", True) == (message.head.target, message.head.upgrade, message.complete)
    assert b"" == reader.feed(GET % 2)
    assert [b"/2"] == [message.head.target for message in reader.messages]


def test_an_upgrade_behind_another_request() -> None:
    """Requests before one for an upgrade are read, what is behind it is not."""
    reader = RequestReader(Limits())
    assert b"?" == reader.feed(GET % 1 + UPGRADE % (b"upgrade", b"x") + b"?")
    assert [b"/1", b"/u"] == [message.head.target for message in reader.messages]


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"Content-Length: 5", b"hello"), (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n")],
)
def test_an_upgrade_with_a_body(framing: bytes, body: bytes) -> None:
    """The body of a request that asks for an upgrade is its body."""
    head = b"POST /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n" + framing + b"\r\n\r\n"
    for reader in (
        read(head + body),
        read(head, body),
        read(*[bytes([byte]) for byte in head + body]),
    ):
        (message,) = reader.messages
        assert (b"/u", b"hello", True, None) == told(message)


def test_many_upgrades() -> None:
    """Requests for upgrades are ordinary ones however many come, and what is wrong behind them is found."""
    upgrade = UPGRADE % (b"upgrade", b"h2c")
    *sound, faulty = read(upgrade * 2000 + b"GET / HTTP/1.1\r\n\r\n").messages
    assert (2000, 400) == (len(sound), faulty.fault.status)


def test_a_fault_while_another_is_handled() -> None:
    """What is wrong with a request is told whatever else is wrong at that moment."""
    try:
        {}["nothing"]
    except KeyError:
        (message,) = read(b"GET / HTTP/1.1\r\n\r\n").messages
    assert 400 == message.fault.status


@pytest.mark.parametrize("endless", [b"0\r\nX: " + b"x" * 300, b"0\r\n" + b"X: x\r\n" * 60])
def test_trailers_without_end(endless: bytes) -> None:
    """Trailers have the limit of a head."""
    start = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    reader = read(start, *(endless[at : at + 50] for at in range(0, len(endless), 50)), limits=Limits(head=200))
    assert 431 == reader.messages[0].fault.status


def test_a_large_body_is_no_large_head() -> None:
    """A body may be as long as it likes, in few segments or many."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 500 + b"0\r\n\r\n"
    for stream in (head + b"x" * 5000, chunked):
        for size in (1, 50, 10000):
            parts = [stream[at : at + size] for at in range(0, len(stream), size)]
            (message,) = read(*parts, limits=Limits(head=200)).messages
            assert (True, None) == (message.complete, message.fault)


def test_a_head_that_begins_behind_a_request() -> None:
    """A head that begins in the segment in which the request before ends has begun."""
    assert read(GET % 1 + b"GET /2").head_begun
    assert not read(GET % 1).head_begun


def test_fail() -> None:
    """Whoever gives up on what is arriving leaves a message with that fault."""
    from stickyproxy.errors import ClientFault

    reader = read(b"GET / HT")
    assert reader.head_begun
    reader.fail(ClientFault(408, "too late"))
    reader.fail(ClientFault(400, "nobody hears this"))
    assert [408] == [message.fault.status for message in reader.messages]
    assert not reader.head_begun


def test_many_small_chunks() -> None:
    """What comes at once is held in one piece: thousands of chunks of two bytes would take up thirty times as much."""
    reader = RequestReader(Limits())
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"2\r\nab\r\n" * 1000)
    assert [b"ab" * 1000] == reader.messages[0].chunks
