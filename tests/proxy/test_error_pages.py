import json

import pytest

from stickyproxy.proxy.error_pages import error_page, prefers_json, reason_phrase


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, b"Bad Request"),
        (404, b"Not Found"),
        (431, b"Request Header Fields Too Large"),
        (502, b"Bad Gateway"),
        (504, b"Gateway Timeout"),
        (599, b"Status"),
    ],
)
def test_reason_phrase(status: int, expected: bytes) -> None:
    """A status has its phrase, and an unheard-of one has something to show too."""
    assert expected == reason_phrase(status)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (b"", False),
        (b"*/*", False),
        (b"text/html", False),
        (b"application/*", False),
        (b"application/json", True),
        (b"Application/JSON", True),
        (b"application/json;charset=utf-8", True),
        (b"application/json, text/plain, */*", True),
        (b"text/html, application/json", True),
        (b"text/html;q=0.9, application/json", True),
        (b"text/html, application/json;q=0.9", False),
        (b"text/html ; q=0.5 , application/json ; Q=0.6", True),
        (b"application/json;q=0.5, */*;q=0.8", False),
        (b"application/json;q=0.5, text/*", False),
        (b"application/json;q=0.5, text/html;q=0.1, */*", True),
        (b"application/json;q=0", False),
        (b"application/json;q=0.000, text/html;q=0", False),
        (b"application/json;q=much", False),
        (b"application/json-seq", False),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", False),
        (b",;,=,application/json;", True),
    ],
)
def test_prefers_json(accept: bytes, expected: bool) -> None:
    """JSON is for who names it and weighs it no less than HTML."""
    assert expected == prefers_json(accept)


@pytest.mark.parametrize("status", [400, 404, 502, 599])
def test_html(status: int) -> None:
    """The page is HTML for whom anything is good, short, and says the status and its phrase."""
    content_type, body = error_page(status, b"*/*")
    assert b"text/html; charset=utf-8" == content_type
    assert b"<h1>%d %b</h1>" % (status, reason_phrase(status)) in body
    assert len(body) < 300


@pytest.mark.parametrize("status", [400, 404, 502, 599])
def test_json(status: int) -> None:
    """Who prefers JSON can read the same there."""
    content_type, body = error_page(status, b"application/json")
    assert b"application/json" == content_type
    assert {"status": status, "error": reason_phrase(status).decode()} == json.loads(body)
