import pytest

from bench.loads import Sample
from bench.processes import Memory
from bench.results import Results, Section, rate, summarize, summarize_row
from bench.rows import Row
from bench.stage import Measured


def measured(requests: int, p99: float = 0.003, errors: int = 0, cpu: float = 1.0) -> Measured:
    """Return two seconds of so many requests, which cost `cpu` seconds and leave 8 MiB."""
    return Measured(Sample(requests, 2.0, requests * 1000, errors, 0.001, p99), cpu, Memory(9 << 20, 8 << 20, 7 << 20))


def test_rate() -> None:
    """Requests are told by the second."""
    assert 50.0 == rate(measured(100))


def test_a_summary_has_the_medians() -> None:
    """One round that went wrong decides nothing."""
    summary = summarize([measured(100), measured(1), measured(200, p99=0.5)], [measured(100)] * 3)
    assert 50.0 == summary.rate
    assert 50_000.0 == summary.throughput
    assert 0.003 == summary.p99
    assert 0.01 == summary.cpu
    assert 8 << 20 == summary.pss


def test_errors_are_added_up() -> None:
    """Every error is told, not the middle one."""
    assert 5 == summarize([measured(1, errors=2), measured(1, errors=3)], [measured(1)] * 2).errors


def test_ratios_are_those_of_each_round() -> None:
    """A round in which the whole machine was slow does not move the ratio."""
    ours, theirs = [measured(300), measured(30), measured(330)], [measured(100), measured(10), measured(110)]
    assert pytest.approx(3.0) == summarize(theirs, ours).ratio


def test_cost_is_compared_the_other_way_round() -> None:
    """Who needs half the processor time for a request is twice as quick, however many requests there were."""
    ours, theirs = measured(100, cpu=0.5), measured(300, cpu=3.0)
    assert 2.0 == summarize([theirs], [ours]).cpu_ratio


def test_a_peer_that_answers_nothing_has_no_ratio() -> None:
    """Nothing is divided by nothing."""
    summary = summarize([measured(0)], [measured(10)])
    assert 0.0 == summary.ratio
    assert 1.0 == summary.cpu


def test_the_quickest_comes_first() -> None:
    """A row is in the order of its rates."""
    rows = summarize_row({"slow": [measured(1)], "ours": [measured(5)], "quick": [measured(9)]}, "ours")
    assert ["quick", "ours", "slow"] == list(rows)


def test_what_is_measured_is_found_by_its_names() -> None:
    """What was not measured is None."""
    section = Section(Row("1k", "1 KiB"), {"ours": summarize([measured(1)], [measured(1)])})
    results = Results([section], {})
    assert section == results.section("1k")
    assert section.summaries["ours"] == results.summary("1k", "ours")
    assert [None, None] == [results.summary("1k", "nginx"), results.summary("tls", "ours")]
