"""What a request costs in function calls: the measure of speed that is the same on every machine, in every run."""

import gc
import sys
from collections import Counter
from types import FrameType

import pytest
from twisted.internet.protocol import Protocol

from tests.calls import calls_of_a_sticky_request, count_calls, sticky_request
from tests.wire import End

# How many calls one sticky request makes on connections that are kept. `python -m bench.profiling` lists them.
CALLS = 214

_MOST_OFF = 0.1


def test_a_request_makes_no_more_calls_than_it_did() -> None:
    """A sticky request makes as many calls as is written down here, within a tenth either way."""
    calls = calls_of_a_sticky_request().total()
    assert calls <= CALLS * (1 + _MOST_OFF), (
        f"a request now makes {calls} function calls, not {CALLS}; `python -m bench.profiling` lists them. "
        f"If what they do is worth them, write {calls} into CALLS"
    )
    assert calls >= CALLS * (1 - _MOST_OFF), (
        f"a request now makes only {calls} function calls, not {CALLS}: write {calls} into CALLS, so that it stays so"
    )


def test_the_count_is_the_same_each_time() -> None:
    """Two counts of the same work agree in each function."""
    assert calls_of_a_sticky_request() == calls_of_a_sticky_request()


def test_a_request_leaves_no_garbage() -> None:
    """What a request has made is gone with it: nothing stays that keeps itself alive until it is looked for."""
    ask = sticky_request()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            ask()
        left = gc.collect()
    finally:
        gc.enable()
    assert 0 == left


@pytest.mark.parametrize("locations", [10, 1_000, 10_000])
def test_the_cost_does_not_grow_with_locations(locations: int) -> None:
    """A location among ten thousand is found by as many calls as one among two."""
    few, many = (
        calls_of_a_sticky_request(locations=number, path=f"/applications/{number - 1}/page").total()
        for number in (2, locations)
    )
    assert pytest.approx(few, rel=_MOST_OFF) == many


@pytest.mark.parametrize("servers", [10, 100, 1_000])
def test_the_cost_does_not_grow_with_servers(servers: int) -> None:
    """The server of a session is found among a thousand by as many calls as among two."""
    few, many = (calls_of_a_sticky_request(servers=number).total() for number in (2, servers))
    assert pytest.approx(few, rel=_MOST_OFF) == many


def test_another_profiler_changes_nothing() -> None:
    """Whatever watched before counts for nothing, and goes on afterwards."""

    def other(frame: FrameType, event: str, argument: object) -> None:
        """Watch."""

    expected = calls_of_a_sticky_request()
    before = sys.getprofile()
    sys.setprofile(other)
    try:
        calls, after = calls_of_a_sticky_request(), sys.getprofile()
    finally:
        sys.setprofile(before)
    assert expected == calls
    assert other is after


def test_what_is_not_the_proxys_does_not_count() -> None:
    """The ends of the wire call nothing that counts."""
    assert Counter() == count_calls(End(Protocol()).received)
