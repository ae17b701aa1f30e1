import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.health.standing import Standing


@pytest.mark.parametrize(
    ("rise", "fall", "up", "checks", "expected"),
    [
        (2, 3, True, "---", "UUD"),
        (2, 3, True, "--+--+---", "UUUUUUUUD"),
        (2, 3, False, "++", "DU"),
        (2, 3, False, "+-++", "DDDU"),
        (2, 3, False, "++---++", "DUUUDDU"),
        (1, 1, False, "+-+-", "UDUD"),
        (3, 1, False, "++-+++-", "DDDDDUD"),
    ],
)
def test_state(rise: int, fall: int, up: bool, checks: str, expected: str) -> None:
    """So many passes in a row bring a server up, so many failures take it down, and one of the others begins anew."""
    standing = Standing(rise, fall, up)
    states = ""
    for check in checks:
        if check == "+":
            standing.passed()
        else:
            standing.failed("no")
        states += "U" if standing.up else "D"
    assert expected == states


def test_counts() -> None:
    """A pass adds to rise and zeroes fall, a failure the other way round; a reason is there only after a failure."""
    standing = Standing(2, 2, False)
    counts = []
    for reason in ("refused", "", "", "late", ""):
        if reason:
            standing.failed(reason)
        else:
            standing.passed()
        counts.append((standing.rise, standing.fall, standing.reason))
    assert [(0, 1, "refused"), (1, 0, ""), (2, 0, ""), (0, 1, "late"), (1, 0, "")] == counts


@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), st.lists(st.booleans()))
def test_state_is_that_of_the_last_run(rise: int, fall: int, up: bool, checks: list[bool]) -> None:
    """A server is what the last run of passes or failures that was long enough has made of it."""
    standing = Standing(rise, fall, up)
    run = 0
    for index, passes in enumerate(checks):
        run = run + 1 if index and checks[index - 1] == passes else 1
        if passes:
            standing.passed()
        else:
            standing.failed("no")
        if run >= (rise if passes else fall):
            up = passes
        assert (up, run if passes else 0, 0 if passes else run) == (standing.up, standing.rise, standing.fall)
