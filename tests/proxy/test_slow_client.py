import pytest

from stickyproxy.config.buffering import Buffering
from stickyproxy.http.response import ResponseHead
from stickyproxy.proxy.slow_client import SlowClient, reads_ahead


class Ends:
    """As the channel and the server's connection: what the client got, and what the server was told."""

    def __init__(self) -> None:
        self.got = b""
        self.told: list[str] = []
        self.takes = 0

    def write(self, chunks: list[bytes]) -> None:
        self.got += b"".join(chunks)

    def flush(self) -> None:
        self.takes -= 1
        self.client.full = self.takes == 0

    def hold(self) -> None:
        self.told.append("hold")

    def release(self) -> None:
        self.told.append("release")


def slow_client() -> tuple[SlowClient, Ends]:
    """A client for whom 10 bytes may wait, and who gets 4 at a time."""
    ends = Ends()
    ends.client = SlowClient(ends, Buffering(True, 10, 4, 0, None))
    return ends.client, ends


def test_all_that_waits() -> None:
    """What comes while the client takes nothing waits, and is handed over when it takes something again."""
    client, ends = slow_client()
    client.put([b"abc", b"def"], ends)
    assert (b"", True) == (ends.got, client.waiting)
    client.full = False
    assert (6, b"abcdef", False) == (client.catch_up(ends), ends.got, client.waiting)


def test_a_part_of_it() -> None:
    """A client that takes no more in the midst of it gets the rest later."""
    client, ends = slow_client()
    client.put([b"abcdefgh"], ends)
    client.full, ends.takes = False, 1
    assert (4, b"abcd", True) == (client.catch_up(ends), ends.got, client.waiting)
    assert 0 == client.catch_up(ends)


def test_the_server_waits() -> None:
    """The server is held while there is no room for more, and let go on as soon as there is."""
    client, ends = slow_client()
    client.put([bytes(10)], ends)
    assert [] == ends.told
    client.put([b"x"], ends)
    assert ["hold"] == ends.told
    client.full, ends.takes = False, 2
    client.catch_up(ends)
    assert ["hold"] == ends.told
    client.full, ends.takes = False, 1
    client.catch_up(ends)
    assert ["hold", "release"] == ends.told
    client.close()


def test_a_server_that_is_done() -> None:
    """A server whose answer has ended is not waited for."""
    client, ends = slow_client()
    client.put([bytes(30)], None)
    client.full = False
    assert (30, []) == (client.catch_up(None), ends.told)


@pytest.mark.parametrize(
    ("on", "said", "expected"),
    [
        (True, None, True),
        (False, None, False),
        (True, b"no", False),
        (True, b"No", False),
        (False, b"yes", True),
        (True, b"maybe", True),
        (False, b"maybe", False),
    ],
)
def test_who_says_so(on: bool, said: bytes | None, expected: bool) -> None:
    """The configuration says whether an answer is read ahead, but the server knows better."""
    fields = () if said is None else ((b"x-accel-buffering", b"X-Accel-Buffering", said),)
    response = ResponseHead(200, b"OK", fields)
    assert expected is reads_ahead(Buffering(on, 1, 1, 0, None), response)


def test_before_the_answer() -> None:
    """What the server says does not count before it has said it."""
    assert reads_ahead(Buffering(True, 1, 1, 0, None), None)
