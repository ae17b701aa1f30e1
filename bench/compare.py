"""Compares stickyproxy with other proxies, in one run on this machine, and writes the result down.

    tox -e bench                                      everything; writes docs/performance.md and its chart
    tox -e bench -- --quick                           short rounds, written nowhere
    tox -e bench -- --rows 1k,tls --peers nginx,caddy --rounds 3 --seconds 5 [--write]

The load (wrk) and the server (nginx) run on one core, each proxy in turn on another; every round asks each once.
Names of peers may be shortened. Nothing here needs root, and everything is on the loopback.
"""

import argparse
import os
import platform
import resource
import shutil
import signal
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.chart import bar_chart
from bench.peers import OURS, PEERS, Peer, Program
from bench.report import Section, floors_table, growth_table, put_into, section_table
from bench.results import summarize_row
from bench.rows import ROWS, Row
from bench.stage import Cores, Stage, run_row

_DOCS = Path(__file__).parent.parent / "docs"
_CHART_ROW = "1k"


def main() -> None:
    """Read the command line, measure, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of one second")
    parser.add_argument("--rows", default="", help=f"some of {','.join(row.name for row in ROWS)}")
    parser.add_argument("--peers", default="", help="some peers, by how their names begin; stickyproxy is always there")
    parser.add_argument("--seconds", type=int, default=4, help="how long one sample is taken")
    parser.add_argument("--rounds", type=int, default=5, help="how many samples of each proxy count in each row")
    parser.add_argument("--write", action="store_true", help="write the result down although it is not everything")
    options = parser.parse_args()
    if options.quick:
        options.rounds = options.seconds = 1
    for need in ("wrk", "nginx", "taskset"):
        if shutil.which(need) is None:
            parser.error(f"{need} is not installed")
    names = options.rows.split(",") if options.rows else [row.name for row in ROWS]
    rows = [row for row in ROWS if row.name in names]
    if len(rows) < len(names):
        parser.error(f"not all of {options.rows} are rows")
    wanted = [name.lower() for name in options.peers.split(",")]
    peers = [peer for peer in PEERS if peer.name == OURS or peer.name.lower().startswith(tuple(wanted))]
    present = [peer for peer in peers if not peer.needs.missing]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sections = measure(rows, present, options.rounds, options.seconds)
    about = surroundings(peers, options.rounds, options.seconds)
    text = page(about, sections)
    print(text)
    if options.write or not (options.quick or options.rows or options.peers):
        write(text, sections)


def measure(rows: list[Row], peers: list[Peer], rounds: int, seconds: int) -> list[Section]:
    """Measure every row."""
    cores = sorted(os.sched_getaffinity(0))
    sections = []
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), Cores(cores[0], cores[-1]))
        with closing(stage):
            for row in rows:
                able = [peer for peer in peers if row.mode in peer.modes and (peer.name == OURS or not row.alone)]
                measured = run_row(stage, row, able, rounds, seconds, lambda text: print(text, file=sys.stderr))
                sections.append(Section(row, summarize_row(measured, OURS)))
    return sections


def surroundings(peers: list[Peer], rounds: int, seconds: int) -> str:
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


def page(about: str, sections: list[Section]) -> str:
    """Return what was measured as Markdown."""
    parts = [about, floors_table(sections, OURS)]
    parts += [
        f"### {section.row.title}\n\n{section_table(section, OURS)}" for section in sections if not section.row.alone
    ]
    for kind in ("locations", "servers"):
        alone = [section for section in sections if section.row.alone and section.row.name.startswith(kind)]
        if alone:
            parts.append(f"### As {kind} grow\n\n{growth_table(alone, OURS)}")
    return "\n\n".join(part.strip() for part in parts if part)


def write(text: str, sections: list[Section]) -> None:
    """Write page and chart into `docs/`."""
    performance = _DOCS / "performance.md"
    performance.write_text(put_into(performance.read_text(encoding="utf-8"), text), encoding="utf-8")
    for section in sections:
        if section.row.name == _CHART_ROW:
            chart = bar_chart(
                "Requests a second on one core",
                "answers of 1 KiB over 32 connections that are kept; more is better",
                {name: summary.rate for name, summary in section.summaries.items()},
                OURS,
            )
            (_DOCS / "performance.svg").write_text(chart, encoding="utf-8")


if __name__ == "__main__":
    main()
