"""The status page for programs: csv, json and Prometheus, field by field what nginx's health check module gives.

`generation` is how often the configuration was loaded, which json and Prometheus tell.
"""

import csv as csv_module
import json as json_module
from collections.abc import Iterable, Sequence
from io import StringIO

from stickyproxy.observe.survey import Row


def csv(rows: Sequence[Row]) -> str:
    """Write a line a server, without a header: `index,upstream,name,status,rise,fall,type,port`."""
    text = StringIO()
    writer = csv_module.writer(text, lineterminator="\n")
    for row in rows:
        check = row.check
        writer.writerow(
            (row.index, row.upstream, row.name, status(row), check.rise, check.fall, check.type, check.port)
        )
    return text.getvalue()


def json(rows: Sequence[Row], generation: int) -> str:
    """Write one object, `{"servers": {"total": ..., "server": [...]}}`."""
    servers = [
        {
            "index": row.index,
            "upstream": row.upstream,
            "name": row.name,
            "status": status(row),
            "rise": row.check.rise,
            "fall": row.check.fall,
            "type": row.check.type,
            "port": row.check.port,
        }
        for row in rows
    ]
    return json_module.dumps({"servers": {**_counts(rows, generation), "server": servers}}) + "\n"


def prometheus(rows: Sequence[Row], generation: int) -> str:
    """Write the text exposition, version 0.0.4.

    By hand, as prometheus-client ends the name of every counter in `_total`, and these do not.
    """
    lines = []
    for name, count in _counts(rows, generation).items():
        lines += _family(f"nginx_upstream_count_{name}", "gauge", _HELP[name], [("", count)])
    labels = [_labels(row, with_status=True) for row in rows]
    rises = zip(labels, (row.check.rise for row in rows), strict=True)
    falls = zip(labels, (row.check.fall for row in rows), strict=True)
    lines += _family("nginx_upstream_server_rise", "counter", "Checks in a row that passed", rises)
    lines += _family("nginx_upstream_server_fall", "counter", "Checks in a row that failed", falls)
    active = ((_labels(row, with_status=False), int(row.up)) for row in rows)
    lines += _family(
        "nginx_upstream_server_active", "gauge", "1 for a server that is up, 0 for one that is down", active
    )
    return "".join(line + "\n" for line in lines)


def status(row: Row) -> str:
    """The one word that monitoring knows."""
    return "up" if row.up else "down"


def _counts(rows: Sequence[Row], generation: int) -> dict[str, int]:
    up = sum(row.up for row in rows)
    return {"total": len(rows), "up": up, "down": len(rows) - up, "generation": generation}


_HELP = {
    "total": "All servers",
    "up": "Servers that are up",
    "down": "Servers that are down",
    "generation": "How often the configuration was loaded",
}


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[str, int]]) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *(f"{name}{labels} {value}" for labels, value in samples)]


def _labels(row: Row, with_status: bool) -> str:
    known = {
        "index": str(row.index),
        "upstream": row.upstream,
        "name": row.name,
        **({"status": status(row)} if with_status else {}),
        "type": row.check.type,
        "port": str(row.check.port),
    }
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in known.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
