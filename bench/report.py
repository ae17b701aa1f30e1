"""The results as Markdown, and their place in a page."""

from collections.abc import Mapping, Sequence

from bench.floors import Verdict
from bench.idle import CONNECTIONS, Idle
from bench.results import Section, Summary
from bench.rows import MEBIBYTE

_BEGIN, _END = "<!-- measured: what follows is written by bench/compare.py -->", "<!-- /measured -->"

_HEADINGS = (
    *("proxy", "requests/s", "MiB/s", "p50 ms", "p99 ms", "CPU µs a request", "RSS MiB", "PSS MiB", "errors"),
    *("stickyproxy's rate is", "and by CPU"),
)

_IDLE_HEADINGS = (
    "proxy",
    f"connections kept of {CONNECTIONS:,}",
    "RSS KiB a connection",
    "anonymous KiB a connection",
    "stickyproxy takes",
)


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lay out a table whose first column is text and whose others are figures."""
    rule = ["---", *("---:" for _ in headings[1:])]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *lines))


def section_table(section: Section, ours: str) -> str:
    """Return the table of one row."""
    return table(_HEADINGS, [_line(name, each, ours) for name, each in section.summaries.items()])


def _line(name: str, summary: Summary, ours: str) -> list[str]:
    figures = [
        _figure(summary.rate),
        _figure(summary.throughput / MEBIBYTE),
        f"{summary.p50 * 1000:,.2f}",
        f"{summary.p99 * 1000:,.2f}",
        f"{summary.cpu * 1e6:,.0f}",
        f"{summary.rss / MEBIBYTE:,.0f}",
        f"{summary.pss / MEBIBYTE:,.0f}",
        f"{summary.errors:,}",
    ]
    if name == ours:
        return [f"**{name}**", *figures, "", ""]
    return [name, *figures, f"{summary.ratio:.2f} times", f"{summary.cpu_ratio:.2f} times"]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def growth_table(sections: Sequence[Section], ours: str) -> str:
    """Return the rows that are about one proxy alone, as one table; each is compared with the first."""
    lines = []
    for section in sections:
        each = section.summaries[ours]
        lines.append([section.row.title, f"{each.rate:,.0f}", f"{each.cpu * 1e6:,.0f}", f"{each.cpu_ratio - 1:+.0%}"])
    return table(("", "requests/s", "CPU µs a request", "CPU against the first"), lines)


def idle_table(idle: Mapping[str, Idle], ours: str) -> str:
    """Return what idle connections take, the thriftiest first, and those last that keep none."""
    ordered = sorted(idle.items(), key=lambda pair: (not pair[1].connections, pair[1].anonymous))
    return table(_IDLE_HEADINGS, [_idle_line(name, each, idle[ours], ours) for name, each in ordered])


def _idle_line(name: str, idle: Idle, own: Idle, ours: str) -> list[str]:
    if not idle.connections:
        return [name, "0", "", "", ""]
    figures = [f"{idle.connections:,}", f"{idle.rss / 1024:.1f}", f"{idle.anonymous / 1024:.1f}"]
    if name == ours:
        return [f"**{name}**", *figures, ""]
    return [name, *figures, f"{own.anonymous / idle.anonymous:.2f} times" if idle.anonymous > 0 else ""]


def floors_table(verdicts: Sequence[Verdict]) -> str:
    """Return what was aimed at, and what was reached; empty when nothing was measured for it."""
    lines = [[each.what, each.aim, each.measured, "yes" if each.reached else "no"] for each in verdicts]
    return table(("floor", "aim", "measured", "reached"), lines) if lines else ""


def put_into(page: str, measured: str) -> str:
    """Replace what a page says between its two marks. Raises ValueError when it has no marks."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no place for what was measured: {_BEGIN} ... {_END}")
    return f"{before}{begin}\n\n{measured.strip()}\n\n{end}{after}"
