"""Header recipes: what a location does to the fields of requests and responses, compiled when it is loaded."""

from collections.abc import Sequence

from stickyproxy.config.settings import Location
from stickyproxy.http.fields import HOP_BY_HOP, line
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead
from stickyproxy.proxy.paths import replace_prefix
from stickyproxy.proxy.variables import GETTERS, Facts, Getter, compile_template
from stickyproxy.sticky.words import Memory

# What every server is told unless `proxy_set_header` says otherwise. What the client itself says of these is a
# stranger's word and is dropped.
_DEFAULTS: tuple[tuple[bytes, Getter], ...] = (
    (b"X-Real-IP", GETTERS["remote_addr"]),
    (b"X-Forwarded-For", GETTERS["remote_addr"]),
    (b"X-Forwarded-Proto", GETTERS["scheme"]),
    (b"X-Forwarded-Host", GETTERS["http_host"]),
)

_UPGRADE: list[tuple[bytes, Getter]] = [
    (b"Connection", lambda facts: b"upgrade"),
    (b"Upgrade", lambda facts: facts.head.upgrade),
]

# What somebody who is believed (`set_real_ip_from`) knows better than we do, or is added to.
_KNOWN: dict[bytes, Getter] = {
    b"X-Forwarded-For": GETTERS["proxy_add_x_forwarded_for"],
    b"X-Forwarded-Proto": lambda facts: facts.head.first(b"x-forwarded-proto"),
    b"X-Forwarded-Host": lambda facts: facts.head.first(b"x-forwarded-host"),
}

_STRANGERS_WORDS = frozenset({b"forwarded"})
_STRANGERS_PREFIXES = (b"x-forwarded-",)

# Written anew: framing, Host and Cookie from what was parsed, the defaults; Expect is answered here.
_REWRITTEN = frozenset({b"host", b"cookie", b"content-length", b"expect"} | {name.lower() for name, _ in _DEFAULTS})

# What of a server's answer is for the proxy to read, and to write anew where the client gets it.
_OURS = frozenset({b"content-length", b"set-cookie", b"x-accel-buffering"})

# As a number: to look for bytes in bytes by `in` takes ten times as long (CPython 3.11 tries the number first).
_UNDERSCORE = 0x5F

# What holds the URLs that `proxy_redirect` rewrites.
_REDIRECTING = frozenset({b"location", b"refresh"})

# Statuses that `add_header` without `always` adds to (ngx_http_headers_module).
_ADDED_TO = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})


class RequestRecipe:
    """Writes the head that a server gets (`proxy_set_header`, `proxy_pass` with a URI)."""

    def __init__(self, location: Location) -> None:
        set_headers = location.proxy_set_headers
        named = {header.name.lower() for header in set_headers}
        host = location.proxy_pass.host if location.proxy_pass else b""
        # HTTP/1.0 clients may send no Host, but HTTP/1.1 servers are owed one.
        kept: tuple[bytes, Getter] = (b"Host", lambda facts: facts.head.host or host)
        believing = location.real_ip is not None
        defaults = [
            (name, _unless_known(_KNOWN[name], getter) if believing and name in _KNOWN else getter)
            for name, getter in (kept, *_DEFAULTS)
            if name.lower() not in named
        ]
        own = [(header.name, compile_template(header.value)) for header in set_headers if header.value.parts]
        ours = [(name, getter) for name, getter in defaults + own if name.lower() != b"upgrade"]
        self._set = _Fields(ours)
        # The change to another protocol takes two fields, which say just that.
        self._set_upgrading = _Fields([pair for pair in ours if pair[0].lower() != b"connection"] + _UPGRADE)
        self._may_upgrade = not any(
            header.name.lower() == b"upgrade" and not header.value.parts for header in set_headers
        )
        self._rewritten = HOP_BY_HOP | _REWRITTEN | named
        self._dropped = self._rewritten | _STRANGERS_WORDS
        self._sends_cookies = b"cookie" not in named
        self._prefix = _matched_prefix(location)
        self._uri = location.proxy_pass.uri if location.proxy_pass else None

    def head(self, facts: Facts, cookies: Sequence[bytes], framing: bytes) -> list[bytes]:
        """Return request line and fields; `cookies` are the Cookie lines that go on, `framing` ends the head."""
        head = facts.head
        ours = self._set_upgrading if head.upgrade and self._may_upgrade else self._set
        target = head.target if self._uri is None else self._replaced(head.target, self._uri)
        out = [head.method, b" ", target, b" HTTP/1.1\r\n", ours.written(facts)]
        dropped, prefixes = (self._rewritten, ()) if facts.ends.believed else (self._dropped, _STRANGERS_PREFIXES)
        if head.nominated:
            dropped |= head.nominated
        for key, name, value in head.fields:
            # CGI and its heirs take X_Real_IP for X-Real-IP; names with an underscore go, as with nginx.
            if key not in dropped and _UNDERSCORE not in key and not key.startswith(prefixes):
                out += (name, b": ", value, b"\r\n")
        if self._sends_cookies:
            for cookie in cookies:
                out += (b"Cookie: ", cookie, b"\r\n")
        out.append(framing)
        return out

    def upgrade(self, head: RequestHead) -> bytes:
        """Return the protocols that the server is asked to change to; empty when it is not asked to."""
        return head.upgrade if self._may_upgrade else b""

    def _replaced(self, target: bytes, uri: bytes) -> bytes:
        path, question, query = target.partition(b"?")
        return replace_prefix(path, self._prefix, uri) + question + query


class _Fields:
    """Fields that the proxy sets itself; those that are worth nothing are left out."""

    def __init__(self, fields: Sequence[tuple[bytes, Getter]]) -> None:
        self._names = [name for name, _ in fields]
        self._getters = [getter for _, getter in fields]
        # For when all of them are worth something, as nearly always.
        self._all = b"".join(name.replace(b"%", b"%%") + b": %b\r\n" for name in self._names)

    def written(self, facts: Facts) -> bytes:
        """Return the field lines."""
        values = [getter(facts) for getter in self._getters]
        if all(values):
            return self._all % tuple(values)
        return b"".join([line(name, value) for name, value in zip(self._names, values, strict=True) if value])


def _unless_known(known: Getter, default: Getter) -> Getter:
    """Return what gives the value that is `known` to somebody who is believed, and the default where there is none."""

    def get(facts: Facts) -> bytes:
        told = known(facts) if facts.ends.believed else b""
        return told or default(facts)

    return get


def _matched_prefix(location: Location) -> bytes:
    """Return what of a path the location's URI replaces: an exact location's is the whole of it."""
    path = location.path.encode()
    if location.exact:
        return path + b"/" if location.slashed else path
    return path.rstrip(b"/")


def memory_lines(memory: Memory) -> list[bytes]:
    """Return the field lines by which a client remembers."""
    lines = [line(b"Set-Cookie", value) for value in memory.set_cookies]
    lines += [line(name, value) for name, value in memory.fields]
    if memory.private:
        lines.append(b"Cache-Control: private\r\n")
    return lines


class ResponseRecipe:
    """Writes the fields that the client gets (`proxy_hide_header`, `proxy_redirect`, `add_header`)."""

    def __init__(self, location: Location) -> None:
        self._hidden = HOP_BY_HOP | _OURS | location.proxy_hide_headers
        # What does not just pass.
        self._apart = self._hidden | (_REDIRECTING if location.proxy_redirects else frozenset())
        self._hides_cookies = b"set-cookie" in location.proxy_hide_headers
        self._redirects = [
            (redirect.source, compile_template(redirect.target)) for redirect in location.proxy_redirects
        ]
        self._added = [
            (header.name + b": ", compile_template(header.value), header.always) for header in location.add_headers
        ]

    def lines(self, facts: Facts, response: ResponseHead) -> tuple[list[bytes], list[bytes]]:
        """Return the field lines that pass, in pieces, and the values of Set-Cookie lines, which do not pass yet."""
        lines: list[bytes] = []
        set_cookies: list[bytes] = []
        apart = self._apart | response.nominated if response.nominated else self._apart
        for key, name, value in response.fields:
            if key not in apart:
                lines += (name, b": ", value, b"\r\n")
            elif key in _REDIRECTING and key not in self._hidden and key not in response.nominated:
                lines.append(line(name, self._redirect(facts, key, value)))
            elif key == b"set-cookie" and not self._hides_cookies:
                set_cookies.append(value)
        return lines, set_cookies

    def add(self, facts: Facts, status: int, lines: list[bytes]) -> None:
        """Add what `add_header` says to the lines of an answer, the proxy's own answers included."""
        for start, getter, always in self._added:
            if always or status in _ADDED_TO:
                value = getter(facts)
                if value:
                    lines.append(start + value + b"\r\n")

    def _redirect(self, facts: Facts, key: bytes, value: bytes) -> bytes:
        """Rewrite the URL in a `Location`, or behind `url=` in a `Refresh`, by the first redirect that matches."""
        at = 0
        if key == b"refresh":
            before, url, _ = value.lower().partition(b"url=")
            at = len(before + url)
        for source, target in self._redirects:
            if value.startswith(source, at):
                return value[:at] + target(facts) + value[at + len(source) :]
        return value
