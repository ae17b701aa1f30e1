import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.corpus.mutation import ROWS, check, cut, mutated
from tests.corpus.requests import SMUGGLED


@pytest.mark.parametrize("data", ROWS)
def test_rows(data: bytes) -> None:
    """What holds for spoilt rows holds for the rows themselves."""
    check([data])


@settings(max_examples=250)
@given(st.data())
def test_spoilt_rows(data: st.DataObject) -> None:
    """No bytes are read in two ways, whatever was done to them and however they are cut into segments."""

    def choose(number: int) -> int:
        return data.draw(st.integers(0, number - 1))

    check(cut(mutated(choose), choose))


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
@example(random.Random(1))
def test_badly_spoilt_rows(source: random.Random) -> None:
    """The same, spoilt without hypothesis' liking for what is simple."""
    check(cut(mutated(source.randrange), source.randrange))


@given(st.binary(max_size=200))
def test_noise(noise: bytes) -> None:
    """The same for any bytes, before and behind a sound request."""
    check([noise + SMUGGLED])
    check([SMUGGLED, noise])
