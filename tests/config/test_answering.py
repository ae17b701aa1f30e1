from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from stickyproxy.config.answering import parse_access, parse_error_page, parse_return
from stickyproxy.config.settings import AccessRule, ErrorPage, Return
from stickyproxy.config.templates import parse_template
from stickyproxy.config.words import split


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
                '"x" is no page; expected /path or http(s)://URL, without variables',
            ],
        ),
        (parse_error_page, "404 @named", ['"@named" is no page; expected /path or http(s)://URL, without variables']),
        (parse_error_page, "404 /$uri", ['"/$uri" is no page; expected /path or http(s)://URL, without variables']),
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
