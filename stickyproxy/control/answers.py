"""The answers of the control socket: rows of servers or what was wrong, as text for people and as JSON."""

import json
from collections.abc import Callable, Sequence

from attrs import frozen

from stickyproxy.observe.survey import Claims, Row

# What a text begins with that tells of a failure.
FAILED = "error: "


@frozen
class Answer:
    """The rows that a command is about, and what requests claimed, if it is about all."""

    rows: Sequence[Row]
    claims: Sequence[Claims] = ()


def as_text(answer: Answer, now: float) -> str:
    """Write a table with a heading, a line a server; then one with a line an upstream."""
    servers = _table([list(_COLUMNS), *([show(row, now) for show in _COLUMNS.values()] for row in answer.rows)])
    if not answer.claims:
        return servers
    words = [word.upper() for word in answer.claims[0].counts]
    upstreams = [[each.upstream, *map(str, each.counts.values())] for each in answer.claims]
    return f"{servers}\n{_table([['UPSTREAM', *words], *upstreams])}"


def _table(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)


def as_json(answer: Answer, now: float) -> str:
    """Write one object with the list of `servers`; moments are epoch seconds, null for what never happened.

    What requests claimed is in a list of `upstreams`.
    """
    told: dict[str, object] = {"now": now, "servers": [_object(row) for row in answer.rows]}
    if answer.claims:
        told["upstreams"] = [{"name": each.upstream, "claims": each.counts} for each in answer.claims]
    return json.dumps(told) + "\n"


def failure_as_text(reason: str) -> str:
    """Tell in a line what was wrong."""
    return f"{FAILED}{reason}\n"


def failure_as_json(reason: str) -> str:
    """Tell in an object what was wrong."""
    return json.dumps({"error": reason}) + "\n"


def _object(row: Row) -> dict[str, object]:
    check, failure = row.check, row.last_failure
    return {
        "upstream": row.upstream,
        "name": row.name,
        "id": row.id,
        "up": row.up,
        "state": row.state,
        "weight": row.weight,
        "backup": row.backup,
        "check": {
            "type": check.type,
            "port": check.port,
            "rise": check.rise,
            "fall": check.fall,
            "reason": check.reason,
        },
        "requests": row.requests,
        "in_progress": row.in_progress,
        "failures": row.failures,
        "last_failure": failure and {"at": failure.at, "reason": failure.reason},
        "clients": row.clients,
        "bound": row.bound,
        "bound_since": row.bound_since,
        "last_bound": row.last_bound,
    }


def _ago(moment: float | None, now: float) -> str:
    return "-" if moment is None else f"{max(0, now - moment):.0f}s ago"


_COLUMNS: dict[str, Callable[[Row, float], str]] = {
    "UPSTREAM": lambda row, now: row.upstream,
    "SERVER": lambda row, now: row.name,
    "ID": lambda row, now: row.id or "-",
    "STATE": lambda row, now: row.state,
    "WEIGHT": lambda row, now: str(row.weight),
    "REQUESTS": lambda row, now: str(row.requests),
    "IN PROGRESS": lambda row, now: str(row.in_progress),
    "FAILURES": lambda row, now: str(row.failures),
    "CLIENTS": lambda row, now: str(row.clients),
    "BOUND": lambda row, now: str(row.bound),
    "LAST BOUND": lambda row, now: _ago(row.last_bound, now),
}
