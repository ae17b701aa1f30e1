import pytest
from attrs import evolve

from stickyproxy.frozen import frozen_by_type
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.sticky.words import NO_CLAIM
from tests.proxy.facts import facts


@frozen_by_type
class Pair:
    first: int
    second: int = 2


def test_values() -> None:
    """Such a value is made, compared and copied as any of attrs'."""
    assert Pair(1) == Pair(first=1, second=2) == evolve(Pair(3), first=1)
    assert Pair(1) != Pair(2)


@pytest.mark.parametrize(
    "value", [RequestHead(b"GET", b"/", True, ()), ResponseHead(200, b"OK", ()), facts(), NO_CLAIM], ids=type
)
def test_nothing_is_added(value: RequestHead | ResponseHead | Outcome) -> None:
    """What is known of a request is in the fields that are written down, and nobody hangs anything on it."""
    with pytest.raises(AttributeError):
        value.more = 1  # type: ignore[union-attr]
