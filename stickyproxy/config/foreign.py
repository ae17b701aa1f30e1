"""The directives of other proxies by which they keep sessions: HAProxy's `cookie`, nginx's `sticky`, Apache's."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from stickyproxy.config import values
from stickyproxy.config.cookies import attribute_value, kept_by_browsers
from stickyproxy.config.dialects import (
    ApacheCookie,
    HaproxyCookie,
    NginxCookie,
    NginxLearn,
    NginxRoute,
    RouteKey,
    Stickiness,
)
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.suggest import suggest
from stickyproxy.config.templates import Template, parse_template

_MODES = ("insert", "prefix", "rewrite")
_SUFFIX = re.compile(r"suffix\((.*)\)")
_SMALLEST_ZONE = 32 << 10


# -- HAProxy -----------------------------------------------------------------------------------------------------------


_HAPROXY_FLAGS = ("indirect", "nocache", "preserve", "httponly", "secure")
_HAPROXY_ATTRIBUTES = {"httponly": b"HttpOnly", "secure": b"Secure"}
_HAPROXY_VALUES: dict[str, Callable[[str], Any]] = {
    "domain": attribute_value,
    "maxidle": values.time,
    "maxlife": values.time,
    "attr": attribute_value,
}
# In the other modes the cookie is the server's.
_OF_INSERT = ("preserve", "maxidle", "maxlife", "httponly", "secure", "attr", "domain")


def parse_cookie(words: Sequence[str]) -> HaproxyCookie:
    """Read HAProxy's `cookie NAME insert|prefix|rewrite ...`; each argument of the ValueError is one fault."""
    faults: list[str] = []
    found: dict[str, Any] = {}
    rest = iter(words[1:])
    for word in rest:
        if word in _MODES:
            faults += [f'"{word}" stands beside "{found["mode"]}"; expected one of them'] if "mode" in found else []
            found["mode"] = word
        elif word in _HAPROXY_FLAGS:
            found[word] = True
        elif word in _HAPROXY_VALUES:
            try:
                value = _HAPROXY_VALUES[word](next(rest, ""))
            except ValueError as error:
                faults.append(f"{word}: {error}")
            else:
                found[word] = [*found.get(word, ()), value] if word == "attr" else value
        else:
            known = [*_MODES, *_HAPROXY_FLAGS, *_HAPROXY_VALUES]
            faults.append(f'unknown argument "{word}"; expected {" ".join(known)}{suggest(word, known)}')
    mode = found.setdefault("mode", "insert")
    if mode != "insert":
        faults += [
            f'"{word}" does not apply to {mode}; expected insert with it' for word in _OF_INSERT if word in found
        ]
    attributes = [spelled for flag, spelled in _HAPROXY_ATTRIBUTES.items() if flag in found] + found.pop("attr", [])
    fields = {name: value for name, value in found.items() if name not in _HAPROXY_ATTRIBUTES}
    name = _name(words[0], faults)
    faults += kept_by_browsers(name, attributes, found.get("domain"), b"/", "cookie ")
    if faults:
        raise ValueError(*faults)
    return HaproxyCookie(name, attributes=tuple(attributes), **fields)


# -- nginx -------------------------------------------------------------------------------------------------------------


def parse_sticky(words: Sequence[str]) -> Stickiness:
    """Read nginx's `sticky cookie|route|learn ...`; each argument of the ValueError is one fault."""
    kind, *arguments = words
    if kind not in _NGINX:
        raise ValueError(f'"{kind}" is unknown; expected {values.listed([*_NGINX])}{suggest(kind, _NGINX)}')
    return _NGINX[kind](arguments)


def _parse_nginx_cookie(words: Sequence[str]) -> NginxCookie:
    faults: list[str] = []
    name = _name(words[0], faults)
    found: dict[str, Any] = {}
    try:
        found = parse_parameters(
            words[1:],
            {
                "expires": lambda word: None if word == "max" else values.whole_seconds(word),
                "domain": attribute_value,
                "path": attribute_value,
                "samesite": values.choice("strict", "lax", "none"),
            },
            flags=("httponly", "secure"),
        )
    except ValueError as error:
        faults += error.args
    attributes = [flag.encode() for flag in ("httponly", "secure") if flag in found]
    if "samesite" in found:
        attributes.append(b"samesite=" + found["samesite"].encode())
    domain, path = found.get("domain"), found.get("path")
    faults += kept_by_browsers(name, attributes, domain, path, "sticky cookie ")
    if faults:
        raise ValueError(*faults)
    return NginxCookie(
        name,
        domain=domain,
        path=path,
        maxage=found.get("expires"),
        attributes=tuple(attributes),
        forever="expires" in found and found["expires"] is None,
    )


def _parse_nginx_route(words: Sequence[str]) -> NginxRoute:
    return NginxRoute(tuple(map(_parse_route_key, words)))


def _parse_route_key(word: str) -> RouteKey:
    match = _SUFFIX.fullmatch(word)
    return RouteKey(_parse_variable(match[1] if match else word), suffix=match is not None)


def _parse_nginx_learn(words: Sequence[str]) -> NginxLearn:
    found = parse_parameters(
        words,
        {"create": _parse_variable, "lookup": _parse_variable, "zone": _parse_zone, "timeout": values.time},
        flags=("header",),
        repeatable=("create", "lookup"),
    )
    expected = {"create": "create=$upstream_cookie_NAME", "lookup": "lookup=$cookie_NAME", "zone": "zone=NAME:SIZE"}
    if faults := [
        f'parameter "{name}" is missing; expected {how}' for name, how in expected.items() if name not in found
    ]:
        raise ValueError(*faults)
    timeout = found.get("timeout", 600.0)
    return NginxLearn(tuple(found["create"]), tuple(found["lookup"]), found["zone"], timeout, "header" in found)


def _parse_zone(word: str) -> int:
    """The size of a zone; its name is for whoever reads the file."""
    name, colon, size = word.partition(":")
    if not name or not colon:
        raise ValueError(f'"{word}" is no zone; expected NAME:SIZE, such as sessions:1m')
    found = values.size(size)
    if found < _SMALLEST_ZONE:
        raise ValueError(f'"{word}" is too small; expected 32k or more')
    return found


def _parse_variable(word: str) -> Template:
    if "$" not in word:
        raise ValueError(f'"{word}" names no variable; expected one such as $cookie_NAME')
    return parse_template(word)


_NGINX: dict[str, Callable[[Sequence[str]], Stickiness]] = {
    "cookie": _parse_nginx_cookie,
    "route": _parse_nginx_route,
    "learn": _parse_nginx_learn,
}


# -- Apache ------------------------------------------------------------------------------------------------------------


def parse_stickysession(words: Sequence[str]) -> ApacheCookie:
    """Read Apache's `stickysession=NAME`; each argument of the ValueError is one fault."""
    faults: list[str] = []
    if "|" in words[0]:
        # A session id of the application's, which a cookie of ours would overwrite.
        faults.append(f'"{words[0]}" is an id in cookies and URLs; expected jvm_route $cookie_{words[0]} for it')
    name = _name(words[0], faults)
    found: dict[str, Any] = {}
    try:
        found = parse_parameters(
            words[1:],
            {"path": attribute_value, "domain": attribute_value, "nofailover": values.choice("On", "Off")},
            flags=("secure", "httponly"),
        )
    except ValueError as error:
        faults += error.args
    attributes = [spelled for flag, spelled in _HAPROXY_ATTRIBUTES.items() if flag in found]
    domain, path = found.get("domain"), found.get("path", b"/")
    faults += kept_by_browsers(name, attributes, domain, path, "stickysession ")
    if faults:
        raise ValueError(*faults)
    refusal = 503 if found.get("nofailover") == "On" else None
    return ApacheCookie(name, domain=domain, path=path, attributes=tuple(attributes), refusal=refusal)


def _name(word: str, faults: list[str]) -> bytes:
    """The name of a cookie; an empty one where that is faulty."""
    try:
        return values.token(word)
    except ValueError as error:
        faults += error.args
        return b""
