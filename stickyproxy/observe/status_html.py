"""The status page for people, a table of servers and one of upstreams, each line a card on a phone.

There is no script, and no meaning in colours alone.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from time import gmtime, strftime

from stickyproxy.observe.survey import Claims, Row
from stickyproxy.sticky.words import Affinity

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.4 system-ui, sans-serif; margin: 1rem; }
h1, h2 { font-size: 1.3rem; margin: 0; }
h2 { margin-top: 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid #8886; padding: .3rem .5rem; text-align: left; vertical-align: top; }
tr.down { background: #d332; border-left: .4rem solid #d33; font-weight: bold; }
tr.drain { background: #da32; border-left: .4rem solid #da3; }
small { display: block; font-weight: normal; }
@media (max-width: 80rem) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { border: 1px solid #8886; margin: 0 0 1rem; }
  td { border: 0; display: flex; gap: 1rem; padding: .2rem .5rem; }
  td::before { content: attr(data-label); flex: 0 0 8.5rem; font-weight: normal; opacity: .75; }
  td div { min-width: 0; overflow-wrap: anywhere; }
}
"""

_INTRODUCTION = """\
A client counts as held for ten minutes after its last request to the server that its session names; clients are told
apart by their addresses. Times are UTC."""

_CLAIMS = """\
What requests told, by the word that is $sticky_status in the access log: no session (none), one of a server that takes
them (valid), that does not (down) or that nobody knows (invalid), or one that is too old (expired)."""

# What the word in Row.state means to who reads it.
_STATES = {
    "up": "up",
    "drain": "up, draining: no new sessions",
    "down": "down: taken out",
    "sick": "down: does not pass its checks",
    "failed": "down: too many tries failed",
}


def html(rows: Sequence[Row], claims: Sequence[Claims]) -> str:
    """Write the page."""
    up = sum(row.up for row in rows)
    servers = [(row.state if row.up else "down", [show(row) for show in _COLUMNS.values()]) for row in rows]
    upstreams = [("up", [escape(each.upstream), *map(str, each.counts.values())]) for each in claims]
    return (
        '<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content="width=device-width">\n'
        f"<title>{len(rows) - up} down, {up} up</title>\n<style>{_STYLE}</style>\n"
        f"<h1>Servers: {len(rows)}, up: {up}, down: {len(rows) - up}</h1>\n<p>{_INTRODUCTION}</p>\n"
        f"{_table(_COLUMNS, servers)}<h2>Sessions</h2>\n<p>{_CLAIMS}</p>\n{_table(_CLAIM_COLUMNS, upstreams)}</html>\n"
    )


def _table(labels: Iterable[str], lines: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Write a table, given the class and the cells of each line."""
    labels = [escape(label) for label in labels]
    head = "".join(f"<th scope=col>{label}</th>" for label in labels)
    body = "".join(f"<tr class={name}>{_cells(labels, cells)}</tr>\n" for name, cells in lines)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _cells(labels: Iterable[str], cells: Iterable[str]) -> str:
    pairs = zip(labels, cells, strict=True)
    return "".join(f'<td data-label="{label}"><div>{cell}</div></td>' for label, cell in pairs)


def _name(row: Row) -> str:
    backup = _small("backup") if row.backup else ""
    return escape(row.name) + (_small(f"id {row.id}") if row.id else "") + backup


def _status(row: Row) -> str:
    return escape(_STATES[row.state]) + (_small(row.check.reason) if row.state == "sick" else "")


def _failures(row: Row) -> str:
    failure = row.last_failure
    return str(row.failures) + (_small(f"{_moment(failure.at)}: {failure.reason}") if failure else "")


def _held(row: Row) -> str:
    clients = f"{row.clients} client{'' if row.clients == 1 else 's'}"
    return clients + (_small(f"last seen {_moment(row.last_bound)}") if row.last_bound is not None else "")


def _bound(row: Row) -> str:
    return str(row.bound) + (_small(f"since {_moment(row.bound_since)}") if row.bound_since is not None else "")


def _small(text: str) -> str:
    return f"<small>{escape(text)}</small>"


def _moment(seconds: float) -> str:
    return strftime("%Y-%m-%d %H:%M:%S", gmtime(seconds))


# The first eight are those of nginx's health check module.
_COLUMNS: dict[str, Callable[[Row], str]] = {
    "Index": lambda row: str(row.index),
    "Upstream": lambda row: escape(row.upstream),
    "Name": _name,
    "Status": _status,
    "Rise counts": lambda row: str(row.check.rise),
    "Fall counts": lambda row: str(row.check.fall),
    "Check type": lambda row: escape(row.check.type),
    "Check port": lambda row: str(row.check.port),
    "Weight": lambda row: str(row.weight),
    "Requests": lambda row: str(row.requests),
    "In progress": lambda row: str(row.in_progress),
    "Failures": _failures,
    "Sessions held": _held,
    "Requests of sessions": _bound,
}
_CLAIM_COLUMNS = ("Upstream", *(affinity.value.decode().capitalize() for affinity in Affinity))
