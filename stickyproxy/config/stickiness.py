"""The arguments of `session_sticky` and `jvm_route`."""

import re
from collections.abc import Sequence
from typing import Any

from stickyproxy.config import values
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.settings import JvmRoute, SessionSticky

# Attributes that have a parameter of their own, by their lower-case names.
_OWN_PARAMETER = {
    "domain": "domain=",
    "path": "path=",
    "max-age": "maxage=",
    "expires": "maxage=",
    "secure": "secure",
    "httponly": "httponly",
    "samesite": "samesite=",
    "partitioned": "partitioned",
}
# Parameters that add an attribute to the cookie, and the one that is called otherwise in SessionSticky.
_ATTRIBUTES = ("secure", "httponly", "samesite", "partitioned", "attr")
_FIELD = {"option": "indirect"}
_SAMESITE = {"strict": b"SameSite=Strict", "lax": b"SameSite=Lax", "none": b"SameSite=None"}
_JVM_COOKIE = re.compile(r"\$cookie_([^|]*)(?:\|(.*))?")
_URL_NAME = re.compile(r"[^\x00-\x20\x7f-\U0010ffff;?&/#=|%\"]+")


def parse_session_sticky(words: Sequence[str]) -> SessionSticky:
    """Read `session_sticky`; each argument of the ValueError is one fault."""
    found = parse_parameters(
        words,
        {
            "cookie": values.token,
            "domain": _attribute_value,
            "path": lambda word: _attribute_value(word) if word else None,
            "maxage": _whole_seconds,
            "mode": values.choice("insert", "rewrite", "prefix"),
            "option": lambda word: values.choice("indirect", "direct")(word) == "indirect",
            "maxidle": values.time,
            "maxlife": values.time,
            "fallback": values.on_off,
            "hash": values.choice("md5", "plain"),
            "samesite": values.choice("strict", "lax", "none"),
            "attr": _attribute,
        },
        flags=("secure", "httponly", "partitioned", "nocache"),
        repeatable=("attr",),
    )
    own = {_FIELD.get(name, name): value for name, value in found.items() if name not in _ATTRIBUTES}
    sticky = SessionSticky(attributes=_attributes(found), **own)
    if faults := [*_modes(sticky, found), *_browsers(sticky, found)]:
        raise ValueError(*faults)
    return sticky


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
    """Parameters that would do nothing, since in these modes the cookie and its attributes are the server's."""
    if sticky.mode == "insert":
        return []
    idle = [name for name in ("maxidle", "maxlife", *_ATTRIBUTES) if name in found]
    return [f'parameter "{name}" does not apply to mode={sticky.mode}; expected mode=insert with it' for name in idle]


def _browsers(sticky: SessionSticky, found: dict[str, Any]) -> list[str]:
    """Cookies that every browser throws away (RFC 6265bis, CHIPS)."""
    name = sticky.cookie.lower()
    secure = "secure" in found
    faults = []
    if found.get("samesite") == "none" and not secure:
        faults.append("samesite=none without secure: browsers reject such a cookie; expected secure with it")
    if "partitioned" in found and not secure:
        faults.append("partitioned without secure: browsers reject such a cookie; expected secure with it")
    if name.startswith(b"__secure-") and not secure:
        faults.append("cookie=__Secure-... without secure: browsers reject such a cookie; expected secure with it")
    if name.startswith(b"__host-") and not (secure and sticky.domain is None and sticky.path == b"/"):
        faults.append(
            "cookie=__Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
            "expected secure, path=/ and no domain="
        )
    return faults


def _attribute_value(word: str) -> bytes:
    if not word or not word.isascii() or not word.isprintable() or ";" in word:
        raise ValueError(f"{values.shown(word)} cannot stand in a cookie; expected printable ASCII without ;")
    return word.encode()


def _attribute(word: str) -> bytes:
    name = word.partition("=")[0].strip().lower()
    if own := _OWN_PARAMETER.get(name):
        raise ValueError(f'"{word}" has a parameter of its own; expected {own}')
    return _attribute_value(word)


def _whole_seconds(word: str) -> int:
    seconds = values.time(word)
    if seconds != int(seconds):
        raise ValueError(f'"{word}" is no whole number of seconds; expected such as 3600 or 1h')
    return int(seconds)


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
    found.pop("reverse", None)
    return JvmRoute(cookie, url_name.encode(), **found)
