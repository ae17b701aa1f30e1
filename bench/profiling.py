"""Says where the time of one request goes, so that what is taken out is what a measurement names.

    tox -e bench-profile                    the calls of one request, then where a process under load spends its time
    tox -e bench-profile -- --calls         only the first
    tox -e bench-profile -- --seconds 10 --lines 60 --row post

The first is exact and the same everywhere: sys.setprofile counts in the proxy in memory. The second is cProfile in a
real process while wrk asks; it makes small functions look dearer than they are, so it ranks rather than measures.
"""

import argparse
import os
import pstats
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from attrs import evolve

from bench.peers import OURS, PEERS
from bench.rows import ROWS, Row
from bench.stage import Cores, Proxy, Stage
from tests.calls import calls_of_a_sticky_request

_PROFILED = ("--profiler=cprofile", "--savestats", "--profile=@FOLDER@/../profile", "--pidfile=")


def show_calls(lines: int) -> None:
    """Print the functions that one sticky request calls, the most called first."""
    calls = calls_of_a_sticky_request()
    print(f"{calls.total()} calls, of {len(calls)} functions")
    for function, number in calls.most_common(lines):
        print(f"{number:6}  {function}")


def show_profile(row: Row, seconds: int, lines: int) -> None:
    """Put a row's load on a process that profiles itself, and print where its time went."""
    cores = sorted(os.sched_getaffinity(0))
    peer = next(peer for peer in PEERS if peer.name == OURS)
    command = (str(Path(sys.executable).with_name("twistd")), "-n", *_PROFILED, OURS, "--config", "@TEMPLATE@")
    with tempfile.TemporaryDirectory() as folder:
        with (
            closing(Stage(Path(folder), Cores(cores[0], cores[-1]))) as stage,
            closing(Proxy(stage, evolve(peer, command=command), row)) as proxy,
        ):
            sample = proxy.measure(seconds).sample
        print(f"\n{row.title}: {sample.requests} requests in {sample.seconds:.1f} s, under the profiler")
        stats = pstats.Stats(str(Path(folder) / "profile")).strip_dirs()
    stats.sort_stats("tottime").print_stats(lines)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", action="store_true", help="only count the calls of one request")
    parser.add_argument("--row", choices=[row.name for row in ROWS], default="1k")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=60)
    options = parser.parse_args()
    show_calls(options.lines)
    if not options.calls:
        show_profile(next(row for row in ROWS if row.name == options.row), options.seconds, options.lines)


if __name__ == "__main__":
    main()
