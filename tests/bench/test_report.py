import pytest
from attrs import evolve

from bench.floors import Verdict
from bench.idle import Idle
from bench.report import floors_table, growth_table, idle_table, put_into, section_table, table
from bench.results import Section, Summary
from bench.rows import Row

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
    few = Section(Row("few", "ten"), {"ours": evolve(summary(10_000), cpu_ratio=1.0)})
    many = Section(Row("many", "thousands"), {"ours": evolve(summary(9_900, cpu=51e-6), cpu_ratio=1.03)})
    assert ["| ten | 10,000 | 50 | +0% |", "| thousands | 9,900 | 51 | +3% |"] == growth_table(
        [few, many], "ours"
    ).splitlines()[2:]


def test_idle_is_told_in_kib() -> None:
    """The thriftiest comes first, ours stands out, and each other one says how many times as much ours takes."""
    idle = {
        "wasteful": Idle(1_000, 17_000.0, 16_384.0),
        "forgetful": Idle(0, 0.0, 0.0),
        "ours": Idle(1_000, 5_120.0, 4_096.0),
        "thrifty": Idle(999, 512.0, 512.0),
    }
    assert [
        "| thrifty | 999 | 0.5 | 0.5 | 8.00 times |",
        "| **ours** | 1,000 | 5.0 | 4.0 |  |",
        "| wasteful | 1,000 | 16.6 | 16.0 | 0.25 times |",
        "| forgetful | 0 |  |  |  |",
    ] == idle_table(idle, "ours").splitlines()[2:]


def test_floors_say_whether_they_are_reached() -> None:
    """A floor is a line, and no floors are no table."""
    verdicts = [Verdict("1 KiB: p99", "below 3 ms", "2.59 ms", True), Verdict("PSS", "below 8 KiB", "9.0 KiB", False)]
    assert [
        "| 1 KiB: p99 | below 3 ms | 2.59 ms | yes |",
        "| PSS | below 8 KiB | 9.0 KiB | no |",
    ] == floors_table(verdicts).splitlines()[2:]
    assert "" == floors_table([])


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
