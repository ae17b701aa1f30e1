import pytest

from bench.report import FLOORS, Section, floors_table, growth_table, put_into, section_table, table
from bench.results import Summary
from bench.rows import ROWS, Row

BEGIN, END = "<!-- measured: what follows is written by bench/compare.py -->", "<!-- /measured -->"


def summary(rate: float, ratio: float = 1.0, cpu: float = 50e-6) -> Summary:
    return Summary(rate, rate * 1024, 0.0012, 0.0034, cpu, 40 << 20, 30 << 20, 0, ratio, 0.25)


def test_table() -> None:
    """Figures are set to the right of their columns."""
    assert "| a | b |\n| --- | ---: |\n| x | 1 |\n" == table(("a", "b"), [("x", "1")])


def test_section_compares_ours_with_each() -> None:
    """Ours stands out, and each other one says how many times its rate ours is."""
    lines = section_table(Section(Row("1k", "1 KiB"), {"quick": summary(20_480, 0.5), "ours": summary(10_240)}), "ours")
    assert [
        "| quick | 20,480 | 20 | 1.20 | 3.40 | 50 | 40 | 30 | 0 | 0.50 times | 0.25 times |",
        "| **ours** | 10,240 | 10 | 1.20 | 3.40 | 50 | 40 | 30 | 0 |  |  |",
    ] == lines.splitlines()[2:]


def test_few_requests_have_decimals() -> None:
    """One answer of a GiB in two seconds is half a request a second, not none."""
    assert "| 0.50 |" in section_table(Section(Row("1g", "1 GiB"), {"ours": summary(0.5)}), "ours")


def test_growth_is_told_against_the_first() -> None:
    """What a request costs among many is compared with what it costs among few."""
    few = Section(Row("few", "ten"), {"ours": summary(10_000)})
    many = Section(Row("many", "thousands"), {"ours": summary(9_900, cpu=51e-6)})
    assert ["| ten | 10,000 | 50 | +0% |", "| thousands | 9,900 | 51 | +2% |"] == growth_table(
        [few, many], "ours"
    ).splitlines()[2:]


def test_floors_say_whether_they_are_reached() -> None:
    """A floor is held against what was measured, and left out where nothing was."""
    summaries = {"nginx": summary(80_000, 0.2), "Caddy": summary(15_000, 1.1), "ours": summary(16_500)}
    section = Section(Row("1k", "1 KiB"), summaries)
    assert [
        "| 1 KiB: Caddy | 1 times | 1.10 times | yes |",
        "| 1 KiB: nginx | 0.25 times | 0.20 times | no |",
        "| 1 KiB: p99 | 3 ms at most | 3.40 ms | no |",
    ] == floors_table([section], "ours").splitlines()[2:]
    assert "" == floors_table([], "ours")


def test_floors_are_of_rows_that_there_are() -> None:
    """Each floor names a row."""
    assert {name for name, _, _ in FLOORS} <= {row.name for row in ROWS}


def test_only_what_was_measured_is_replaced() -> None:
    """What a person wrote around the figures stays."""
    page = f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"
    assert f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n" == put_into(page, "new\n")
    assert put_into(page, "new") == put_into(put_into(page, "else"), "new")


@pytest.mark.parametrize("page", ["", BEGIN, END])
def test_a_page_needs_its_marks(page: str) -> None:
    """A page without a place for the figures is not overwritten."""
    with pytest.raises(ValueError, match="no place"):
        put_into(page, "new")
