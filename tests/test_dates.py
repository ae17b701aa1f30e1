from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.dates import imf_fixdate


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (784111777, b"Sun, 06 Nov 1994 08:49:37 GMT"),
        (951782400, b"Tue, 29 Feb 2000 00:00:00 GMT"),
        (4102444799, b"Thu, 31 Dec 2099 23:59:59 GMT"),
    ],
)
def test_imf_fixdate(seconds: int, expected: bytes) -> None:
    """Dates have the fixed form of HTTP, with four digits for the year."""
    assert expected == imf_fixdate(seconds)


@given(seconds=st.integers(min_value=0, max_value=253402300799))
def test_imf_fixdate_agrees_with_the_library(seconds: int) -> None:
    """Every date is the one that the standard library writes."""
    expected = format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True).encode()
    assert expected == imf_fixdate(seconds)
