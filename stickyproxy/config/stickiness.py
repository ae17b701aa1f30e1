"""The arguments of `session_sticky` and `jvm_route`, and the table of the directives that say how to stick."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from stickyproxy.config import values
from stickyproxy.config.cookies import OWN_PARAMETER, attribute_value, kept_by_browsers
from stickyproxy.config.dialects import HeaderSticky, JvmRoute, SessionSticky, Stickiness
from stickyproxy.config.foreign import parse_cookie, parse_sticky, parse_stickysession
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.secrets import read_keys
from stickyproxy.config.suggest import suggest

# Parameters that add an attribute to the cookie.
_ATTRIBUTES = ("secure", "httponly", "samesite", "partitioned", "attr")
# Parameters that are called otherwise in SessionSticky.
_FIELD = {"option": "indirect", "secret": "keys", "strict": "refusal"}
# The status of `fallback=off`.
_BAD_GATEWAY = 502
_SAMESITE = {"strict": b"SameSite=Strict", "lax": b"SameSite=Lax", "none": b"SameSite=None"}
_PERCENT = re.compile(r"([0-9]{1,3})%")
_JVM_COOKIE = re.compile(r"\$cookie_([^|]*)(?:\|(.*))?")
_URL_NAME = re.compile(r"[^\x00-\x20\x7f-\U0010ffff;?&/#=|%\"]+")
# What of session_sticky is about no cookie.
_OF_HEADERS = ("header", "hash", "secret", "fallback", "strict", "nocache")


def parse_session_sticky(words: Sequence[str]) -> SessionSticky | HeaderSticky:
    """Read `session_sticky`; each argument of the ValueError is one fault."""
    found = parse_parameters(
        words,
        {
            "cookie": values.token,
            "header": _field_name,
            "domain": attribute_value,
            "path": lambda word: attribute_value(word) if word else None,
            "maxage": values.whole_seconds,
            "mode": values.choice("insert", "rewrite", "prefix"),
            "option": lambda word: values.choice("indirect", "direct")(word) == "indirect",
            "maxidle": values.time,
            "maxlife": values.time,
            "refresh": _percent,
            "fallback": values.on_off,
            "strict": values.number(400, 599),
            "hash": values.choice("md5", "plain", "hmac"),
            "secret": read_keys,
            "samesite": values.choice("strict", "lax", "none"),
            "attr": _attribute,
        },
        flags=("secure", "httponly", "partitioned", "nocache", "preserve"),
        repeatable=("attr",),
    )
    faults = [*_names(found), *_refusals(found)]
    if "fallback" in found and not found.pop("fallback"):
        found["strict"] = _BAD_GATEWAY
    own = {_FIELD.get(name, name): value for name, value in found.items() if name not in _ATTRIBUTES}
    if "header" in found:
        if faults := [*faults, *_cookieless(found)]:
            raise ValueError(*faults)
        return HeaderSticky(**own)
    sticky = SessionSticky(attributes=_attributes(found), **own)
    if faults := [
        *faults,
        *_modes(sticky, found),
        *kept_by_browsers(sticky.cookie, sticky.attributes, sticky.domain, sticky.path),
    ]:
        raise ValueError(*faults)
    return sticky


def _names(found: dict[str, Any]) -> list[str]:
    """A keyed hash has keys, and no other has."""
    keyed = found.get("hash") == "hmac"
    if keyed and "secret" not in found:
        return ["hash=hmac without keys; expected secret=FILE with it"]
    if "secret" in found and not keyed:
        return ['parameter "secret" belongs to hash=hmac; expected that with it']
    return []


def _refusals(found: dict[str, Any]) -> list[str]:
    if "fallback" in found and "strict" in found:
        return ['"fallback" and "strict" say the same; expected one of them (fallback=off is strict=502)']
    return []


def _cookieless(found: dict[str, Any]) -> list[str]:
    idle = [name for name in found if name not in _OF_HEADERS]
    return [f'parameter "{name}" is about a cookie; expected none with header=' for name in idle]


def _attributes(found: dict[str, Any]) -> tuple[bytes, ...]:
    attributes = []
    if "secure" in found:
        attributes.append(b"Secure")
    if "httponly" in found:
        attributes.append(b"HttpOnly")
    if "samesite" in found:
        attributes.append(_SAMESITE[found["samesite"]])
    if "partitioned" in found:
        attributes.append(b"Partitioned")
    return (*attributes, *found.get("attr", ()))


def _modes(sticky: SessionSticky, found: dict[str, Any]) -> list[str]:
    """Parameters that would do nothing."""
    if sticky.mode == "insert":
        if "refresh" in found and sticky.maxidle is None:
            return ['parameter "refresh" is a share of maxidle; expected maxidle= with it']
        return []
    # In these modes the cookie and its attributes are the server's.
    idle = [name for name in ("maxidle", "maxlife", "refresh", "preserve", *_ATTRIBUTES) if name in found]
    return [f'parameter "{name}" does not apply to mode={sticky.mode}; expected mode=insert with it' for name in idle]


def _field_name(word: str) -> bytes:
    if "_" in word:
        raise ValueError(f'"{word}" never arrives: fields with _ in their names are not passed on; expected - for it')
    return values.token(word)


def _attribute(word: str) -> bytes:
    name = word.partition("=")[0].strip().lower()
    if own := OWN_PARAMETER.get(name):
        raise ValueError(f'"{word}" has a parameter of its own; expected {own}')
    return attribute_value(word)


def _percent(word: str) -> float:
    match = _PERCENT.fullmatch(word)
    if match is None or int(match[1]) > 100:
        raise ValueError(f'"{word}" is no share; expected a whole number from 0% to 100%')
    return int(match[1]) / 100


def parse_jvm_route(words: Sequence[str]) -> JvmRoute:
    """Read `jvm_route`; each argument of the ValueError is one fault."""
    match = _JVM_COOKIE.fullmatch(words[0])
    if match is None:
        raise ValueError(f'"{words[0]}" names no cookie; expected $cookie_NAME or $cookie_NAME|URLNAME')
    cookie = values.token(match[1])
    url_name = match[1] if match[2] is None else match[2]
    if _URL_NAME.fullmatch(url_name) is None:
        raise ValueError(f'"{url_name}" cannot be a name in a URL; expected one without ; ? & / # = and spaces')
    found = parse_parameters(words[1:], {"fallback": values.on_off}, ("reverse", "forward"))
    if "reverse" in found and "forward" in found:
        raise ValueError('"reverse" and "forward" exclude each other; expected one of them')
    refusal = None if found.get("fallback", True) else _BAD_GATEWAY
    return JvmRoute(cookie, url_name.encode(), "forward" in found, refusal)


# Each directive that says how to stick, and how many arguments it has at least.
STICKY: dict[str, tuple[Callable[[Sequence[str]], Stickiness], int]] = {
    "session_sticky": (parse_session_sticky, 0),
    "jvm_route": (parse_jvm_route, 1),
    "sticky": (parse_sticky, 2),
    "cookie": (parse_cookie, 1),
    "stickysession": (parse_stickysession, 1),
}


def parse_accept(words: Sequence[str]) -> Stickiness:
    """Read one line of `accept`: a directive that says how to stick, and its arguments."""
    name, *arguments = words
    if name not in STICKY:
        raise ValueError(f'"{name}" is no way to stick; expected {values.listed([*STICKY])}{suggest(name, STICKY)}')
    parse, least = STICKY[name]
    if len(arguments) < least:
        raise ValueError(f'"{name}" lacks its arguments; expected those of the directive {name}')
    return parse(arguments)
