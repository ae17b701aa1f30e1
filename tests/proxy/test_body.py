import pytest

from stickyproxy.proxy.body import KEPT, RequestBody


def test_short_body_is_kept() -> None:
    """What came of a short body is there to be sent again, in order, also behind what is sent already."""
    body = RequestBody(False, False)
    body.add([b"a"], False)
    body.sent()
    body.add([b"b", b"c"], False)
    body.sent()
    body.add([b"d"], True)
    assert (True, [b"a", b"b", b"c", b"d"], 4, True) == (body.resendable, body.kept, body.size, body.complete)


@pytest.mark.parametrize(("size", "resendable"), [(KEPT, True), (KEPT + 1, False)])
def test_up_to_the_limit(size: int, resendable: bool) -> None:
    """A body that is longer than is kept cannot be sent again once it is sent, and sits nowhere."""
    body = RequestBody(False, False)
    body.add([b"x" * size], False)
    body.sent()
    assert (resendable, size if resendable else 0) == (body.resendable, sum(map(len, body.kept)))


def test_long_body_waits_whole() -> None:
    """What has not been sent yet is kept though it is too long: another server can still have it all."""
    body = RequestBody(False, False)
    body.add([b"x" * KEPT], False)
    body.add([b"y"], False)
    assert (True, True, KEPT + 1) == (body.full, body.resendable, sum(map(len, body.kept)))


def test_nothing_more_is_kept_of_a_long_body() -> None:
    """A body that cannot be sent again is counted and no more."""
    body = RequestBody(False, False)
    body.add([b"x" * (KEPT + 1)], False)
    body.sent()
    body.add([b"y"], True)
    assert ([], KEPT + 2, False, True) == (body.kept, body.size, body.resendable, body.complete)


@pytest.mark.parametrize(
    ("chunked", "complete", "parts", "expected"),
    [
        (False, False, [b"ab", b"c"], b"abc"),
        (False, True, [b"ab", b"c"], b"abc"),
        (False, True, [], b""),
        (True, False, [b"ab", b"c" * 16], b"2\r\nab\r\n10\r\ncccccccccccccccc\r\n"),
        (True, True, [b"ab"], b"2\r\nab\r\n0\r\n\r\n"),
        (True, True, [], b"0\r\n\r\n"),
        (True, False, [], b""),
        (True, False, [b"", b"a"], b"1\r\na\r\n"),
    ],
)
def test_framed(chunked: bool, complete: bool, parts: list[bytes], expected: bytes) -> None:
    """A chunked body goes on in chunks, the last one where it is complete; another goes on as it is."""
    body = RequestBody(chunked, complete)
    assert expected == b"".join(body.framed(parts))


def test_framed_again() -> None:
    """A chunked body can be framed for a second server as for the first."""
    body = RequestBody(True, False)
    body.add([b"a"], False)
    body.add([b"b"], True)
    assert [b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"] * 2 == [b"".join(body.framed(body.kept)) for _ in range(2)]


def test_no_body() -> None:
    """No body is complete from the start, sends nothing, and can be sent as often as one likes."""
    body = RequestBody(False, True)
    body.sent()
    assert (True, True, 0, []) == (body.complete, body.resendable, body.size, body.framed(body.kept))
