"""The arguments of the directives by which the proxy itself answers: `return`, `error_page` and `access`."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from stickyproxy.config import values
from stickyproxy.config.settings import CLOSE, REDIRECTS, AccessRule, ErrorPage, Return
from stickyproxy.config.templates import Template, parse_template

_WITHOUT_BODY = (204, 205, 304)
_URL = re.compile(r"https?://.+|\$scheme.+", re.IGNORECASE)
# What may stand in a URI (RFC 3986 section 2), but for `$`, and for `#` and brackets in a path.
_CHARACTER = r"(?:[A-Za-z0-9\-._~:/?@!&'()*+,;=]|%(?!00)[0-9A-Fa-f]{2})"
_PAGE = re.compile(rf"/{_CHARACTER}*|https?://(?:{_CHARACTER}|[\[\]#])+")


def parse_return(words: Sequence[str]) -> Return:
    """Read `STATUS [TEXT]`, `STATUS URL` or `URL`, which is 302 then."""
    if len(words) == 1 and _URL.fullmatch(words[0]):
        return Return(302, _location(words[0]))
    if re.fullmatch("[0-9]{3}", words[0]) is None or not 200 <= int(words[0]) <= 599:
        raise ValueError(f'"{words[0]}" is no status; expected 200 to 599, or a URL with http:// or https://')
    status = int(words[0])
    if len(words) == 1:
        if status in REDIRECTS:
            raise ValueError(f"{status} lacks its URL; expected return {status} URL")
        return Return(status)
    if status in REDIRECTS:
        return Return(status, _location(words[1]))
    if status == CLOSE or status in _WITHOUT_BODY:
        raise ValueError(f"{status} has no body; expected nothing behind it")
    return Return(status, parse_template(words[1]))


def _location(url: str) -> Template:
    if not url:
        raise ValueError("the URL is empty; expected such as https://$host$request_uri")
    return parse_template(values.printable(url))


def parse_error_page(words: Sequence[str]) -> ErrorPage:
    """Read `CODE... [=[CODE]] URI`."""
    *codes, uri = words
    status = None
    if codes[-1].startswith("="):
        status = _replacement(codes.pop()[1:])
    if not codes:
        raise ValueError("no status is named; expected such as 502 503 /sorry.html")
    read = values.number(300, 599)
    found: list[int] = []
    faults: list[str] = []
    for code in codes:
        try:
            found.append(read(code))
        except ValueError as error:
            faults.extend(error.args)
    if _PAGE.fullmatch(uri) is None:
        faults.append(f"{values.shown(uri)} is no page; expected /path or http(s)://URL, percent-encoded, no variables")
    elif uri.startswith("/") and _climbs(uri):
        faults.append(f'"{uri}" is no page; expected a /path without . and ..')
    if faults:
        raise ValueError(*faults)
    return ErrorPage(frozenset(found), uri, status)


def _climbs(uri: str) -> bool:
    """Whether the path has dot segments, which the proxy would resolve or refuse, parameters or none behind them."""
    segments = unquote(uri.partition("?")[0]).split("/")
    return not {".", ".."}.isdisjoint(segment.partition(";")[0] for segment in segments)


def _replacement(code: str) -> int:
    return values.number(200, 599)(code) if code else 0


def parse_access(words: Sequence[str]) -> AccessRule:
    """Read `allow` or `deny` and an address, a CIDR, `all` or `unix:`."""
    verb, whom = words
    allow = values.choice("allow", "deny")(verb) == "allow"
    if whom == "all":
        return AccessRule(allow, None)
    if whom == "unix:":
        return AccessRule(allow, None, unix=True)
    return AccessRule(allow, values.network(whom))
