from pathlib import Path

import pytest

from stickyproxy.config.buffering import RequestBuffering
from stickyproxy.http.request import RequestHead
from stickyproxy.proxy.body import EMPTY_BODY, NO_BODY, PIECE, CollectedBody, RequestBody, StreamedBody, request_body

LIMIT = 1000
SETTINGS = RequestBuffering(True, LIMIT, None)


def head(length: int | None, chunked: bool = False) -> RequestHead:
    return RequestHead(b"POST", b"/", True, (), keep_alive=True, length=length, chunked=chunked)


def streamed(length: int | None = None) -> StreamedBody:
    return StreamedBody(head(length, length is None), LIMIT)


class Ends:
    """As the channel and the connection: `calls` notes what either was told, `sent` what went to the server."""

    def __init__(self, body: RequestBody) -> None:
        self.body = body
        self.calls: list[str] = []
        self.sent: list[bytes] = []
        self.full_after = 0

    def want_body(self) -> None:
        self.calls.append("want")

    def hold_body(self) -> None:
        self.calls.append("hold")

    def finish(self) -> None:
        self.calls.append("finish")

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        if len(self.sent) == self.full_after:
            self.body.server_paused(self)


@pytest.mark.parametrize(
    ("length", "chunked", "whole", "expected"),
    [
        (None, False, True, NO_BODY),
        (0, False, True, EMPTY_BODY),
        (0, False, False, EMPTY_BODY),
        (5, False, True, CollectedBody),
        (None, True, True, CollectedBody),
        (5, False, False, StreamedBody),
        (None, True, False, StreamedBody),
    ],
)
def test_which(length: int | None, chunked: bool, whole: bool, expected: object) -> None:
    """A body is collected or passed on as it comes, as configured; where there is none nothing is kept."""
    body = request_body(head(length, chunked), RequestBuffering(whole, LIMIT, None))
    assert expected in (body, type(body))


@pytest.mark.parametrize(("body", "framing"), [(NO_BODY, b"\r\n"), (EMPTY_BODY, b"Content-Length: 0\r\n\r\n")])
def test_no_body(body: RequestBody, framing: bytes) -> None:
    """No body is given from the start, and can be sent as often as one likes."""
    assert (framing, True, True, True, []) == (
        body.framing,
        body.ready,
        body.resendable,
        body.given,
        body.begin(),
    )


# -- as it comes -------------------------------------------------------------------------------------------------------


def test_short_body_is_kept() -> None:
    """What came of a short body is there to be sent again, in order, also behind what is sent already."""
    body = streamed(4)
    body.add([b"a"], False)
    assert [b"a"] == body.begin()
    body.add([b"b", b"c"], False)
    body.pass_on([b"b", b"c"], Ends(body))
    body.add([b"d"], True)
    assert (True, [b"a", b"b", b"c", b"d"], True) == (body.resendable, body.begin(), body.given)


@pytest.mark.parametrize(("size", "resendable"), [(LIMIT, True), (LIMIT + 1, False)])
def test_up_to_the_limit(size: int, resendable: bool) -> None:
    """A body that is longer than is kept cannot be sent again once it is sent, and sits nowhere."""
    body = streamed(size)
    body.add([b"x" * size], False)
    assert [b"x" * size] == body.begin()
    assert (resendable, size if resendable else 0) == (body.resendable, sum(map(len, body.begin())))


def test_long_body_waits_whole() -> None:
    """What has not been sent yet is kept though it is too long: another server can still have it all."""
    body = streamed(LIMIT + 1)
    body.add([b"x" * LIMIT], False)
    body.add([b"y"], False)
    assert (True, LIMIT + 1) == (body.resendable, sum(map(len, body.begin())))


@pytest.mark.parametrize(
    ("length", "complete", "parts", "expected", "calls"),
    [
        (9, False, [b"ab", b"c"], b"abc", []),
        (9, True, [b"ab", b"c"], b"abc", ["finish"]),
        (9, True, [], b"", ["finish"]),
        (None, False, [b"ab", b"c" * 16], b"2\r\nab\r\n10\r\ncccccccccccccccc\r\n", []),
        (None, True, [b"ab"], b"2\r\nab\r\n0\r\n\r\n", ["finish"]),
        (None, True, [], b"0\r\n\r\n", ["finish"]),
        (None, False, [], b"", []),
        (None, False, [b"", b"a"], b"1\r\na\r\n", []),
    ],
)
def test_passed_on(length: int | None, complete: bool, parts: list[bytes], expected: bytes, calls: list[str]) -> None:
    """A chunked body goes on in chunks, the last one where it is complete; another goes on as it is."""
    body = streamed(length)
    ends = Ends(body)
    body.add(parts, complete)
    body.pass_on(parts, ends)
    assert ([expected], calls) == (ends.sent, ends.calls)


def test_framed_again() -> None:
    """A chunked body can be framed for a second server as for the first."""
    body = streamed()
    body.add([b"a"], False)
    body.add([b"b"], True)
    assert b"Transfer-Encoding: chunked\r\n\r\n" == body.framing
    assert [b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"] * 2 == [b"".join(body.begin()) for _ in range(2)]


def test_a_streaming_client_waits_for_the_server() -> None:
    """The client is asked for more, held while the server takes nothing, and let go on; not once all is here."""
    body = streamed(9)
    ends = Ends(body)
    body.go_on(ends, ends)
    body.server_paused(ends)
    body.server_resumed(ends, ends)
    body.add([b"123456789"], True)
    body.server_paused(ends)
    body.server_resumed(ends, ends)
    assert ["want", "hold", "want"] == ends.calls


def test_a_streaming_client_waits_for_a_server_that_is_full_at_once() -> None:
    """The client is not asked for more while the server does not even take the head."""
    body = streamed(9)
    ends = Ends(body)
    body.begin()
    body.server_paused(ends)
    body.go_on(ends, ends)
    assert ["hold"] == ends.calls
    body.server_resumed(ends, ends)
    assert ["hold", "want"] == ends.calls
    body.begin()
    body.go_on(ends, ends)
    assert ["hold", "want", "want"] == ends.calls


# -- collected ---------------------------------------------------------------------------------------------------------


def test_collected_in_memory() -> None:
    """A short body is ready when it is whole; it goes out with its length at once, as often as there are servers."""
    body = CollectedBody(SETTINGS)
    body.add([b"ab"], False)
    assert (False, False) == (body.complete, body.given)
    body.add([b"c", b"d"], True)
    assert (True, b"Content-Length: 4\r\n\r\n") == (body.ready, body.framing)
    assert [b"abcd"] * 2 == [b"".join(body.begin()) for _ in range(2)]
    assert (True, True) == (body.given, body.resendable)


def test_collected_in_a_file() -> None:
    """A long body goes out piece by piece, as the server takes it; a second server gets it from its beginning."""
    whole = bytes(range(256)) * (3 * PIECE // 256) + b"end"
    body = CollectedBody(SETTINGS)
    for at in range(0, len(whole), 10_000):
        body.add([whole[at : at + 9_000], whole[at + 9_000 : at + 10_000]], at + 10_000 >= len(whole))
    assert (True, b"Content-Length: %d\r\n\r\n" % len(whole)) == (body.complete, body.framing)
    for _ in range(2):
        ends = Ends(body)
        ends.full_after = 2
        first = body.begin()
        assert (PIECE, False) == (len(b"".join(first)), body.given)
        body.go_on(ends, ends)
        assert ([PIECE, PIECE], []) == ([len(part) for part in ends.sent], ends.calls)
        body.server_resumed(ends, ends)
        assert (whole, ["finish"], True) == (b"".join(first + ends.sent), ends.calls, body.given)
    body.close()


def test_a_server_that_is_full_at_once() -> None:
    """Nothing follows the head while the server does not take it."""
    body = CollectedBody(SETTINGS)
    body.add([b"x" * (2 * PIECE)], True)
    ends = Ends(body)
    body.begin()
    body.server_paused(ends)
    body.go_on(ends, ends)
    assert ([], []) == (ends.sent, ends.calls)
    body.close()


def test_a_server_that_catches_up_behind_the_end() -> None:
    """All is given: a server that takes more gets nothing more."""
    body = CollectedBody(SETTINGS)
    body.add([b"x"], True)
    ends = Ends(body)
    body.begin()
    body.server_paused(ends)
    body.server_resumed(ends, ends)
    assert ([], []) == (ends.sent, ends.calls)


def test_no_room_on_disk(tmp_path: Path) -> None:
    """A body that can neither be kept in memory nor in a file is refused where it is added."""
    body = CollectedBody(RequestBuffering(True, LIMIT, str(tmp_path / "missing")))
    body.add([b"x" * LIMIT], False)
    with pytest.raises(OSError, match="No such file"):
        body.add([b"y"], True)
