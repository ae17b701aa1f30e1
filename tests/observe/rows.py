"""Rows of the status page for tests, as servers are that nobody has asked for anything."""

from typing import Any

from attrs import frozen

from stickyproxy.observe.survey import UNCHECKED, Row


@frozen
class Checked:
    """What checks know of a server."""

    rise: int
    fall: int
    type: str = "http"
    port: int = 0
    reason: str = ""


def row(index: int = 0, **known: Any) -> Row:
    """A server that is up, but for what is said here."""
    usual = {
        "upstream": "app",
        "name": "127.0.0.1:80",
        "id": "",
        "up": True,
        "state": "up",
        "check": UNCHECKED,
        "weight": 1,
        "backup": False,
        "in_progress": 0,
        "requests": 0,
        "failures": 0,
        "last_failure": None,
        "clients": 0,
        "bound": 0,
        "bound_since": None,
        "last_bound": None,
    }
    return Row(index, **{**usual, **known})
