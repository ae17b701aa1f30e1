"""What a run amounts to: medians of the rounds of each row, and ratios of what was measured in the same round."""

from collections.abc import Mapping, Sequence
from statistics import median

from attrs import frozen

from bench.idle import Idle
from bench.rows import Row
from bench.stage import Measured


@frozen
class Summary:
    """One proxy in one row: `rate` is requests a second, `throughput` bytes a second, times are seconds.

    `ratio` is how many times its rate the rate of the proxy that it is compared with was, round by round; `cpu_ratio`
    is the same by what a request cost in processor time, which a busy machine hardly moves.
    """

    rate: float
    throughput: float
    p50: float
    p99: float
    cpu: float
    rss: int
    pss: int
    errors: int
    ratio: float
    cpu_ratio: float


@frozen
class Section:
    """One row with its results, by the proxies' names."""

    row: Row
    summaries: Mapping[str, Summary]


@frozen
class Results:
    """All that a run measured: the rows in their order, and what idle connections took by the proxies' names."""

    sections: Sequence[Section]
    idle: Mapping[str, Idle]

    def section(self, row: str) -> Section | None:
        """Return the section of that row, None when it was not measured."""
        return next((section for section in self.sections if section.row.name == row), None)

    def summary(self, row: str, proxy: str) -> Summary | None:
        """Return how that proxy did in that row, None when that was not measured."""
        section = self.section(row)
        return section.summaries.get(proxy) if section else None


def rate(measured: Measured) -> float:
    """Return requests a second."""
    return measured.sample.requests / measured.sample.seconds


def cost(measured: Measured) -> float:
    """Return seconds of processor time a request."""
    return measured.cpu / max(measured.sample.requests, 1)


def summarize(rounds: Sequence[Measured], reference: Sequence[Measured]) -> Summary:
    """Return the medians of `rounds`, compared with the rounds of `reference`."""
    samples = [each.sample for each in rounds]
    return Summary(
        median(map(rate, rounds)),
        median(sample.size / sample.seconds for sample in samples),
        median(sample.p50 for sample in samples),
        median(sample.p99 for sample in samples),
        median(map(cost, rounds)),
        rounds[-1].memory.rss,
        rounds[-1].memory.pss,
        sum(sample.errors for sample in samples),
        median(_ratio(rate(ours), rate(theirs)) for ours, theirs in zip(reference, rounds, strict=True)),
        median(_ratio(cost(theirs), cost(ours)) for ours, theirs in zip(reference, rounds, strict=True)),
    )


def _ratio(one: float, other: float) -> float:
    """Return 0 where there is nothing to compare with."""
    return one / other if other else 0.0


def summarize_row(measured: Mapping[str, Sequence[Measured]], reference: str) -> dict[str, Summary]:
    """Summarize each proxy of a row, the quickest first."""
    summaries = {name: summarize(rounds, measured[reference]) for name, rounds in measured.items()}
    return dict(sorted(summaries.items(), key=lambda pair: -pair[1].rate))
