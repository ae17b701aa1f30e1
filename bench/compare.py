"""Compares stickyproxy with other proxies, in one run on this machine, and writes the result down.

    tox -e bench                                      everything; writes docs/performance.md and its chart
    tox -e bench -- --quick                           one round of one second, written nowhere
    tox -e bench -- --rows 1k,tls --peers nginx,caddy --rounds 3 --seconds 5 [--write]

The load (wrk) and the server (nginx) run on one core, each proxy in turn on another; every round asks each once.
Names of peers may be shortened. Nothing here needs root, and everything is on the loopback.
"""

import os
import platform
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.chart import bar_chart
from bench.floors import judge
from bench.idle import measure_idle
from bench.options import IDLE, read_options
from bench.peers import OURS, Peer, Program
from bench.report import floors_table, growth_table, idle_table, put_into, section_table
from bench.results import Results, Section, summarize, summarize_row
from bench.rows import ROWS
from bench.stage import Cores, Stage, run_together

_DOCS = Path(__file__).parent.parent / "docs"
_CHART_ROW = "1k"
# What the rows that are about stickyproxy alone have more and more of; their names begin so.
_GROWING = ("locations", "servers")


def main() -> None:
    """Read the command line, measure, and tell."""
    options = read_options(sys.argv[1:])
    for need in ("wrk", "nginx", "taskset"):
        if shutil.which(need) is None:
            sys.exit(f"{need} is not installed")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    present = [peer for peer in options.peers if not peer.needs.missing]
    results = measure(options.rows, present, options.rounds, options.seconds)
    text = page(surroundings(options.peers, options.rounds, options.seconds), results)
    print(text)
    if options.write:
        write(text, results)


def measure(names: Sequence[str], peers: Sequence[Peer], rounds: int, seconds: int) -> Results:
    """Measure the rows of these names, in the order of ROWS."""
    cores = sorted(os.sched_getaffinity(0))
    sections = []
    with tempfile.TemporaryDirectory() as folder, closing(Stage(Path(folder), Cores(cores[0], cores[-1]))) as stage:
        for row in ROWS:
            if row.name in names and not row.alone:
                _tell(row.title)
                able = {peer.name: (peer, row) for peer in peers if row.mode in peer.modes}
                measured = run_together(stage, able, rounds, seconds, _tell)
                sections.append(Section(row, summarize_row(measured, OURS)))
        ours = next(peer for peer in peers if peer.name == OURS)
        for kind in _GROWING:
            rows = [row for row in ROWS if row.name in names and row.alone and row.name.startswith(kind)]
            if not rows:
                continue
            _tell(f"As {kind} grow")
            measured = run_together(stage, {row.name: (ours, row) for row in rows}, rounds, seconds, _tell)
            sections += [Section(row, {OURS: summarize(measured[row.name], measured[rows[0].name])}) for row in rows]
        idle = measure_idle(stage, peers, rounds, seconds, _tell) if IDLE in names else {}
    return Results(sections, idle)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def surroundings(peers: Sequence[Peer], rounds: int, seconds: int) -> str:
    """Say when, where and with what was measured, and what could not be."""
    versions = [f"{peer.name} ({peer.needs.shown_version()})" for peer in peers if not peer.needs.missing]
    missing = [f"{peer.name} ({peer.needs.missing} is not installed)" for peer in peers if peer.needs.missing]
    lines = [
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Processor: {_processor()}, {len(os.sched_getaffinity(0))} cores; {platform.system()} {platform.release()}",
        f"- Server: nginx {Program('nginx').shown_version()}; load: wrk {Program('wrk').shown_version()}",
        f"- Proxies: {'; '.join(versions)}",
        f"- Rounds: {rounds}, {seconds} s each; a figure is the median of its rounds",
    ]
    if missing:
        lines.append(f"- Left out: {'; '.join(missing)}")
    return "\n".join(lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def page(about: str, results: Results) -> str:
    """Return what was measured as Markdown."""
    parts = [about, floors_table(judge(results, OURS))]
    parts += [
        f"### {section.row.title}\n\n{section_table(section, OURS)}"
        for section in results.sections
        if not section.row.alone
    ]
    for kind in _GROWING:
        alone = [each for each in results.sections if each.row.alone and each.row.name.startswith(kind)]
        if alone:
            parts.append(f"### As {kind} grow\n\n{growth_table(alone, OURS)}")
    if results.idle:
        parts.append(f"### Memory of an idle connection\n\n{idle_table(results.idle, OURS)}")
    return "\n\n".join(part.strip() for part in parts if part)


def write(text: str, results: Results) -> None:
    """Write page and chart into `docs/`."""
    performance = _DOCS / "performance.md"
    performance.write_text(put_into(performance.read_text(encoding="utf-8"), text), encoding="utf-8")
    section = results.section(_CHART_ROW)
    if section:
        chart = bar_chart(
            "Requests a second on one core",
            "answers of 1 KiB over 32 connections that are kept; more is better",
            {name: summary.rate for name, summary in section.summaries.items()},
            OURS,
        )
        (_DOCS / "performance.svg").write_text(chart, encoding="utf-8")


if __name__ == "__main__":
    main()
