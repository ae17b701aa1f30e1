import pytest
from attrs import evolve

from bench.floors import FLOORS, Growth, IdleMemory, Promptness, Rate, Verdict, judge
from bench.idle import Idle
from bench.options import read_options
from bench.peers import PEERS
from bench.results import Results, Section, Summary
from bench.rows import Row

SUMMARY = Summary(16_500, 16_500 * 1024, 0.0012, 0.0034, 50e-6, 40 << 20, 30 << 20, 0, 1.0, 1.0)
NOTHING = Results([], {})


def results(**summaries: Summary) -> Results:
    """Return one row, named 1k, with those."""
    return Results([Section(Row("1k", "1 KiB"), summaries)], {})


@pytest.mark.parametrize(("ratio", "reached"), [(0.2, False), (0.25, True), (0.3, True)])
def test_rate(ratio: float, reached: bool) -> None:
    """So many times the rate of a peer, or more."""
    verdict = Rate("1k", "nginx", 0.25).judge(results(nginx=evolve(SUMMARY, ratio=ratio)), "ours")
    expected = Verdict("1 KiB: requests/s against nginx", "at least 0.25 times", f"{ratio:.2f} times", reached)
    assert expected == verdict


@pytest.mark.parametrize(("p99", "reached"), [(0.0029, True), (0.003, False), (0.0034, False)])
def test_promptness(p99: float, reached: bool) -> None:
    """Our own answers are there before the time."""
    verdict = Promptness("1k", 0.003).judge(results(ours=evolve(SUMMARY, p99=p99)), "ours")
    assert Verdict("1 KiB: p99", "below 3 ms", f"{p99 * 1000:.2f} ms", reached) == verdict


@pytest.mark.parametrize(
    ("ratio", "told", "reached"), [(0.98, "-2%", True), (1.08, "+8%", True), (1.12, "+12%", False)]
)
def test_growth(ratio: float, told: str, reached: bool) -> None:
    """Among many a request costs little more than among few."""
    few = Section(Row("few", "10 locations"), {"ours": SUMMARY})
    many = Section(Row("many", "10,000 locations"), {"ours": evolve(SUMMARY, cpu_ratio=ratio)})
    verdict = Growth("many", "few", 0.1).judge(Results([few, many], {}), "ours")
    assert Verdict("10,000 locations: CPU a request against 10 locations", "at most +10%", told, reached) == verdict


@pytest.mark.parametrize(("anonymous", "told", "reached"), [(3_700.0, "3.6 KiB", True), (8_192.0, "8.0 KiB", False)])
def test_idle_memory(anonymous: float, told: str, reached: bool) -> None:
    """An idle connection takes less than so much."""
    verdict = IdleMemory(8 * 1024).judge(Results([], {"ours": Idle(1_000, 9_000.0, anonymous)}), "ours")
    assert Verdict("An idle connection: anonymous memory", "below 8 KiB", told, reached) == verdict


@pytest.mark.parametrize("floor", FLOORS, ids=repr)
def test_what_was_not_measured_is_not_judged(floor: Rate | Promptness | Growth | IdleMemory) -> None:
    """Neither reached nor missed."""
    assert floor.judge(NOTHING, "ours") is None


def test_judge_leaves_out_what_was_not_measured() -> None:
    """A run of one row with one peer says something of that peer and of our own time."""
    verdicts = judge(results(nginx=SUMMARY, ours=SUMMARY), "ours")
    assert ["1 KiB: requests/s against nginx", "1 KiB: p99"] == [verdict.what for verdict in verdicts]


def test_floors_are_of_rows_and_peers_that_there_are() -> None:
    """None is left out for a name that is wrong."""
    rows, peers = read_options([]).rows, [peer.name for peer in PEERS]
    assert [] == [each for each in FLOORS if isinstance(each, Rate | Promptness | Growth) and each.row not in rows]
    assert [] == [each for each in FLOORS if isinstance(each, Rate) and each.peer not in peers]
    assert [] == [each for each in FLOORS if isinstance(each, Growth) and each.base not in rows]
