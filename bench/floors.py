"""The floors: what the project has set itself to reach, and whether a run reached it. One small class a kind."""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from bench.results import Results


@frozen
class Verdict:
    """What was aimed at, what was measured, and whether that is enough; all but the last are for the reader."""

    what: str
    aim: str
    measured: str
    reached: bool


class Floor(Protocol):
    """Something to reach."""

    def judge(self, results: Results, ours: str) -> Verdict | None:
        """Hold it against what was measured; None when it was not."""


@frozen
class Rate:
    """At least so many times the requests a second of a peer, in a row."""

    row: str
    peer: str
    least: float

    def judge(self, results: Results, ours: str) -> Verdict | None:
        section, summary = results.section(self.row), results.summary(self.row, self.peer)
        if section is None or summary is None:
            return None
        what = f"{section.row.title}: requests/s against {self.peer}"
        return Verdict(
            what, f"at least {self.least:g} times", f"{summary.ratio:.2f} times", summary.ratio >= self.least
        )


@frozen
class Promptness:
    """In a row, 99 of 100 answers are there within so many seconds."""

    row: str
    most: float

    def judge(self, results: Results, ours: str) -> Verdict | None:
        section, summary = results.section(self.row), results.summary(self.row, ours)
        if section is None or summary is None:
            return None
        measured = f"{summary.p99 * 1000:.2f} ms"
        return Verdict(f"{section.row.title}: p99", f"below {self.most * 1000:g} ms", measured, summary.p99 < self.most)


@frozen
class Growth:
    """A request in one row costs at most such a part more processor time than in another, which it is compared with."""

    row: str
    base: str
    most: float

    def judge(self, results: Results, ours: str) -> Verdict | None:
        section, base = results.section(self.row), results.section(self.base)
        summary = results.summary(self.row, ours)
        if section is None or base is None or summary is None:
            return None
        more = summary.cpu_ratio - 1
        what = f"{section.row.title}: CPU a request against {base.row.title}"
        return Verdict(what, f"at most {self.most:+.0%}", f"{more:+.0%}", more <= self.most)


@frozen
class IdleMemory:
    """An idle connection takes less than so many bytes."""

    most: int

    def judge(self, results: Results, ours: str) -> Verdict | None:
        idle = results.idle.get(ours)
        if idle is None:
            return None
        measured = f"{idle.anonymous / 1024:.1f} KiB"
        return Verdict(
            "An idle connection: anonymous memory",
            f"below {self.most / 1024:g} KiB",
            measured,
            idle.anonymous < self.most,
        )


FLOORS: Sequence[Floor] = (
    Rate("1k", "Twisted's ReverseProxyResource", 6.0),
    Rate("1k", "aiohttp + uvloop", 2.5),
    Rate("1k", "Caddy", 1.0),
    Rate("1k", "Apache mod_proxy_balancer", 0.8),
    Rate("1k", "nginx", 0.25),
    Rate("1m", "nginx", 0.5),
    Promptness("1k", 0.003),
    Growth("locations-10000", "locations-10", 0.1),
    Growth("servers-1000", "servers-2", 0.1),
    IdleMemory(8 * 1024),
)


def judge(results: Results, ours: str) -> list[Verdict]:
    """Return what there is to say of each floor that something was measured for."""
    verdicts = (floor.judge(results, ours) for floor in FLOORS)
    return [verdict for verdict in verdicts if verdict is not None]
