import re
from html.parser import HTMLParser
from typing import Any

import pytest

from stickyproxy.observe.status_html import html
from stickyproxy.observe.survey import Claims, Row
from stickyproxy.observe.tally import Failure
from tests.observe.rows import Checked, row

EIGHT = ["Index", "Upstream", "Name", "Status", "Rise counts", "Fall counts", "Check type", "Check port"]
MORE = ["Weight", "Requests", "In progress", "Failures", "Sessions held", "Requests of sessions"]


class Table(HTMLParser):
    """Reads the nth table of a page: its columns, and each cell's text by the label that a phone shows beside it."""

    def __init__(self, page: str, nth: int = 0) -> None:
        super().__init__()
        self.columns: list[str] = []
        self.rows: list[dict[str, str]] = []
        self.classes: list[str] = []
        self._tag = self._label = ""
        self.feed(page.split("</table>")[nth])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        known = dict(attrs)
        if tag == "tr" and "class" in known:
            self.rows.append({})
            self.classes.append(known["class"] or "")
        elif tag == "td":
            self._label = known["data-label"] or ""
            self.rows[-1][self._label] = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "th" and data.strip():
            self.columns.append(data)
        elif self._label and data.strip():
            cells = self.rows[-1]
            cells[self._label] = f"{cells[self._label]} {data.strip()}".strip()


def cell(label: str, shown: Row) -> str:
    """What the cell under that label says."""
    (cells,) = Table(html([shown], [])).rows
    return cells[label]


def test_columns() -> None:
    """The eight columns of nginx's module come first, then our own, and each cell has its label for a phone."""
    table = Table(html([row()], []))
    assert EIGHT + MORE == table.columns == list(table.rows[0])


def test_checked_server() -> None:
    """The eight fields are those of csv and json."""
    (cells,) = Table(html([row(3, check=Checked(58, 0, "tcp", 81))], [])).rows
    assert ["3", "app", "127.0.0.1:80", "up", "58", "0", "tcp", "81"] == [cells[label] for label in EIGHT]


@pytest.mark.parametrize(
    ("known", "text", "marked"),
    [
        ({}, "up", "up"),
        ({"state": "drain"}, "up, draining: no new sessions", "drain"),
        ({"state": "down", "up": False}, "down: taken out", "down"),
        ({"state": "failed", "up": False}, "down: too many tries failed", "down"),
        (
            {"state": "sick", "up": False, "check": Checked(0, 5, reason="refused")},
            "down: does not pass its checks refused",
            "down",
        ),
    ],
)
def test_states_are_told_in_words(known: dict[str, Any], text: str, marked: str) -> None:
    """The state of a server is a word in its cell; the colour of its row only repeats it."""
    table = Table(html([row(**known)], []))
    assert ([text], [marked]) == ([cells["Status"] for cells in table.rows], table.classes)


def test_last_failed_check_of_a_sound_server() -> None:
    """Why a check failed long ago is not told of a server that is well."""
    assert "up" == cell("Status", row(check=Checked(3, 0, reason="refused")))


@pytest.mark.parametrize(
    ("label", "known", "expected"),
    [
        ("Name", {"id": "a", "backup": True}, "127.0.0.1:80 id a backup"),
        ("Weight", {"weight": 5}, "5"),
        ("Requests", {"requests": 7}, "7"),
        ("In progress", {"in_progress": 2}, "2"),
        ("Failures", {}, "0"),
        (
            "Failures",
            {"failures": 2, "last_failure": Failure(1_700_000_000.5, "timed out")},
            "2 2023-11-14 22:13:20: timed out",
        ),
        ("Sessions held", {}, "0 clients"),
        ("Sessions held", {"clients": 1, "last_bound": 1_700_000_000}, "1 client last seen 2023-11-14 22:13:20"),
        ("Requests of sessions", {"bound": 9, "bound_since": 1_700_000_000}, "9 since 2023-11-14 22:13:20"),
    ],
)
def test_what_else_is_known(label: str, known: dict[str, Any], expected: str) -> None:
    """Beyond nginx's columns a person sees how busy a server is, how it failed last, and who is bound to it."""
    assert expected == cell(label, row(**known))


def test_what_requests_claimed() -> None:
    """Each upstream has a line in a table of its own: what its requests claimed."""
    counts = {"none": 1, "invalid": 2, "valid": 30, "down": 4, "expired": 5}
    page = html([row()], [Claims("app", counts), Claims("<b>", counts)])
    table = Table(page, 1)
    expected = {"None": "1", "Invalid": "2", "Valid": "30", "Down": "4", "Expired": "5"}
    assert ["Upstream", *expected] == table.columns
    assert [{"Upstream": "app", **expected}, {"Upstream": "<b>", **expected}] == table.rows
    assert "<b>" not in page


@pytest.mark.parametrize("field", ["upstream", "name", "id"])
def test_names_are_escaped(field: str) -> None:
    """Names are text, whatever is in them."""
    page = html([row(**{field: '<b>"&'})], [])
    assert ("<b>" in page, "&lt;b&gt;&quot;&amp;" in page) == (False, True)


def test_reasons_are_escaped() -> None:
    """What a server sent may end up in a reason, and is text too."""
    page = html([row(last_failure=Failure(0, "<script>"), state="sick", check=Checked(0, 1, reason="<script>"))], [])
    assert 0 == page.count("<script")


def test_page_loads_nothing() -> None:
    """The page has no script, and nothing that a browser would fetch."""
    assert [] == re.findall(r"<script|<link|<img|src=|href=|url\(|@import", html([row()], []))


def test_heading_counts() -> None:
    """The title begins with how many are down, which a row of tabs still shows."""
    page = html([row(), row(1, up=False, state="down"), row(2)], [])
    assert "<title>1 down, 2 up</title>" in page
    assert "<h1>Servers: 3, up: 2, down: 1</h1>" in page
