from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.answering import parse_access, parse_error_page, parse_return
from stickyproxy.config.settings import AccessRule, ErrorPage, Return
from stickyproxy.config.templates import parse_template
from stickyproxy.config.words import split
from stickyproxy.proxy.paths import matched


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("404", Return(404)),
        ("444", Return(444)),
        ("204", Return(204)),
        (r'200 "hi\n"', Return(200, parse_template("hi\n"))),
        ("301 https://$host$request_uri", Return(301, parse_template("https://$host$request_uri"))),
        ("308 /x", Return(308, parse_template("/x"))),
        ("https://example.org/", Return(302, parse_template("https://example.org/"))),
        ("$scheme://example.org/", Return(302, parse_template("$scheme://example.org/"))),
    ],
)
def test_return(text: str, expected: Return) -> None:
    """A status stands alone, with a text, or with the URL of a redirect; a URL alone is a 302."""
    assert expected == parse_return(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("404 403 =200 /sorry", ErrorPage(frozenset({404, 403}), "/sorry", 200)),
        ("502 = /sorry", ErrorPage(frozenset({502}), "/sorry", 0)),
        ("502 /sorry?x=1", ErrorPage(frozenset({502}), "/sorry?x=1")),
        ("404 =301 https://example.org/", ErrorPage(frozenset({404}), "https://example.org/", 301)),
        ("404 http://[::1]/#x", ErrorPage(frozenset({404}), "http://[::1]/#x")),
        ("404 /a%20b/..c;d/e.?f=../g", ErrorPage(frozenset({404}), "/a%20b/..c;d/e.?f=../g")),
    ],
)
def test_error_page(text: str, expected: ErrorPage) -> None:
    """An error page has statuses, perhaps another status to go out (0: the page's own), and a path or a URL."""
    assert expected == parse_error_page(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("allow 10.0.0.0/8", AccessRule(allow=True, network=ip_network("10.0.0.0/8"))),
        ("deny ::1", AccessRule(allow=False, network=ip_network("::1"))),
        ("deny all", AccessRule(allow=False, network=None)),
        ("allow unix:", AccessRule(allow=True, network=None, unix=True)),
    ],
)
def test_access(text: str, expected: AccessRule) -> None:
    """A rule allows or denies a network, Unix sockets, or everybody."""
    assert expected == parse_access(split(text))


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (parse_return, "99", ['"99" is no status; expected 200 to 599, or a URL with http:// or https://']),
        (parse_return, "600", ['"600" is no status; expected 200 to 599, or a URL with http:// or https://']),
        (parse_return, "/x", ['"/x" is no status; expected 200 to 599, or a URL with http:// or https://']),
        (parse_return, "301", ["301 lacks its URL; expected return 301 URL"]),
        (parse_return, '301 ""', ["the URL is empty; expected such as https://$host$request_uri"]),
        (parse_return, "204 x", ["204 has no body; expected nothing behind it"]),
        (parse_return, "444 x", ["444 has no body; expected nothing behind it"]),
        (parse_return, r'302 "/\r\nX: y"', ['"/\\x0d\\x0aX: y" holds a control character; expected printable text']),
        (parse_return, "301 $hst", ['unknown variable "$hst"; did you mean "$host"?']),
        (parse_error_page, "=200 /x", ["no status is named; expected such as 502 503 /sorry.html"]),
        (
            parse_error_page,
            "200 600 x",
            [
                '"200" is wrong; expected a whole number from 300 to 599',
                '"600" is wrong; expected a whole number from 300 to 599',
                '"x" is no page; expected /path or http(s)://URL, percent-encoded, no variables',
            ],
        ),
        (parse_error_page, "404 =2 /x", ['"2" is wrong; expected a whole number from 200 to 599']),
        (parse_access, "permit all", ['"permit" is unknown; expected allow or deny']),
        (parse_access, "allow 10.0.0.1/8", ['"10.0.0.1/8" has bits behind its mask; expected 10.0.0.0/8']),
    ],
)
def test_refuses(
    complaints: Callable[..., list[str]], read: Callable[..., Any], text: str, expected: list[str]
) -> None:
    """What the proxy could not answer is refused."""
    assert expected == complaints(read, split(text))


@pytest.mark.parametrize(
    "uri",
    ["@named", "/$uri", "/a b", "/é", "/a#b", "/%zz", "/%4", "/%", "/%00", "/a[b]", '/a"b', "https://", "https://a/ b"],
)
def test_page_that_is_no_uri(complaints: Callable[..., list[str]], uri: str) -> None:
    """A page is a URI as it would go over the wire."""
    expected = f'"{uri}" is no page; expected /path or http(s)://URL, percent-encoded, no variables'
    assert [expected] == complaints(parse_error_page, ["404", uri])


@pytest.mark.parametrize("uri", ["/../x", "/a/..", "/./x", "/%2e%2e/x", "/a/%2E", "/..%2fx", "/a/..;b/x", "/..?x"])
def test_page_above_the_root(complaints: Callable[..., list[str]], uri: str) -> None:
    """A page has no dot segments, however they are spelled."""
    assert [f'"{uri}" is no page; expected a /path without . and ..'] == complaints(parse_error_page, ["404", uri])


@given(st.text(st.sampled_from("/.;%2eEfF05a?=#"), max_size=12).map(lambda rest: f"/{rest}"))
def test_page_that_is_taken_has_a_location(uri: str) -> None:
    """What is taken for a page is a path that the proxy can find a location for."""
    try:
        parse_error_page(["404", uri])
    except ValueError:
        return
    assert matched(uri.partition("?")[0].encode()).startswith(b"/")
