"""The results as Markdown, and their place in a page."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from bench.results import Summary
from bench.rows import MEBIBYTE, Row

_BEGIN, _END = "<!-- measured: what follows is written by bench/compare.py -->", "<!-- /measured -->"

_HEADINGS = (
    *("proxy", "requests/s", "MiB/s", "p50 ms", "p99 ms", "CPU µs a request", "RSS MiB", "PSS MiB", "errors"),
    *("stickyproxy is", "by CPU"),
)

# What the project has set itself to reach, in requests a second: row, peer, and how many times its rate.
FLOORS = (
    ("1k", "Twisted's ReverseProxyResource", 6.0),
    ("1k", "aiohttp + uvloop", 2.5),
    ("1k", "Caddy", 1.0),
    ("1k", "Apache mod_proxy_balancer", 0.8),
    ("1k", "nginx", 0.25),
    ("1m", "nginx", 0.5),
)
# And the time in which 99 of 100 of its own answers are there, in seconds.
_P99_ROW, _P99 = "1k", 0.003


@frozen
class Section:
    """One row with its results, by the proxies' names."""

    row: Row
    summaries: Mapping[str, Summary]


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lay out a table whose first column is text and whose others are figures."""
    rule = ["---", *("---:" for _ in headings[1:])]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *lines))


def section_table(section: Section, ours: str) -> str:
    """Return the table of one row."""
    return table(_HEADINGS, [_line(name, each, ours) for name, each in section.summaries.items()])


def _line(name: str, summary: Summary, ours: str) -> list[str]:
    figures = [
        f"{summary.rate:,.0f}" if summary.rate >= 10 else f"{summary.rate:.2f}",
        f"{summary.throughput / MEBIBYTE:,.0f}",
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


def growth_table(sections: Sequence[Section], ours: str) -> str:
    """Return the rows that are about one proxy alone, as one table; each is compared with the first."""
    least = sections[0].summaries[ours].cpu
    lines = []
    for section in sections:
        each = section.summaries[ours]
        change = each.cpu / least - 1 if least else 0.0
        lines.append([section.row.title, f"{each.rate:,.0f}", f"{each.cpu * 1e6:,.0f}", f"{change:+.0%}"])
    return table(("", "requests/s", "CPU µs a request", "against the first"), lines)


def floors_table(sections: Sequence[Section], ours: str) -> str:
    """Return what was aimed at, and what was reached."""
    found = {section.row.name: section for section in sections}
    lines = []
    for name, peer, least in FLOORS:
        section = found.get(name)
        summary = section.summaries.get(peer) if section else None
        if section and summary:
            verdict = "yes" if summary.ratio >= least else "no"
            lines.append([f"{section.row.title}: {peer}", f"{least:g} times", f"{summary.ratio:.2f} times", verdict])
    own = found[_P99_ROW].summaries.get(ours) if _P99_ROW in found else None
    if own:
        verdict = "yes" if own.p99 <= _P99 else "no"
        title = f"{found[_P99_ROW].row.title}: p99"
        lines.append([title, f"{_P99 * 1000:g} ms at most", f"{own.p99 * 1000:.2f} ms", verdict])
    return table(("stickyproxy against", "at least", "measured", "reached"), lines) if lines else ""


def put_into(page: str, measured: str) -> str:
    """Replace what a page says between its two marks. Raises ValueError when it has no marks."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no place for what was measured: {_BEGIN} ... {_END}")
    return f"{before}{begin}\n\n{measured.strip()}\n\n{end}{after}"
