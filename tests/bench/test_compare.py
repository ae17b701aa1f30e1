from bench.compare import page
from bench.idle import Idle
from bench.peers import OURS
from bench.results import Results, Section, Summary
from bench.rows import ROWS


def section(name: str) -> Section:
    row = next(row for row in ROWS if row.name == name)
    summary = Summary(10_000, 10_240_000, 0.001, 0.003, 50e-6, 40 << 20, 30 << 20, 0, 1.0, 1.0)
    return Section(row, {OURS: summary} if row.alone else {OURS: summary, "nginx": summary})


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def test_each_row_has_its_table() -> None:
    """Rows with peers stand alone, rows about growth together; where and when comes before all of them."""
    sections = [section("1k"), section("tls"), section("locations-10"), section("locations-10000")]
    text = page("- Date: today", Results(sections, {OURS: Idle(1_000, 4_096.0, 4_096.0)}))
    assert text.startswith("- Date: today\n\n| floor |")
    assert [
        "### 1 KiB, 32 connections",
        "### 1 KiB over TLS, 32 connections",
        "### As locations grow",
        "### Memory of an idle connection",
    ] == headings(text)


def test_what_was_not_measured_is_not_there() -> None:
    """A run of one row makes a page of one table."""
    assert ["### As servers grow"] == headings(page("- Date: today", Results([section("servers-2")], {})))
