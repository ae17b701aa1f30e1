"""The arguments of the directives that say what goes to the servers: `server`, `proxy_pass` and its companions."""

from collections.abc import Sequence

from attrs import frozen

from stickyproxy.config import values
from stickyproxy.config.addresses import parse_address
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.resolving import check_renewal, parse_service
from stickyproxy.config.settings import HeaderLine, Redirect, Server
from stickyproxy.config.suggest import suggest
from stickyproxy.config.templates import parse_template

NEXT_UPSTREAM = (
    "error",
    "timeout",
    "invalid_header",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "http_403",
    "http_404",
    "http_429",
    "non_idempotent",
)

# How long a message is, is for the proxy alone to say.
_FRAMING = (b"content-length", b"transfer-encoding")

# What would end a cookie's value or one of its parts (`SID~VALUE`, `SID|last|first`), or need quotes.
_ID_BREAKERS = '|~;,"=\\'


@frozen
class ProxyPassLine:
    """One `proxy_pass`: `target` is the name of an upstream or an address, `uri` None when none was written.

    `secure` is `https`.
    """

    target: str
    uri: bytes | None = None
    secure: bool = False


@frozen
class DefaultRedirect:
    """`proxy_redirect default`: the way back of the location's `proxy_pass`."""


def parse_server(words: Sequence[str]) -> Server:
    """Read `ADDRESS [weight= max_fails= fail_timeout= max_conns= slow_start= id= srun_id= route= cookie= ...]`."""
    name, *parameters = words
    faults: list[str] = []
    try:
        address = parse_address(name)
    except ValueError as error:
        faults.extend(error.args)
    try:
        found = parse_parameters(
            parameters,
            {
                "weight": values.number(1),
                "max_fails": values.number(0),
                "fail_timeout": values.time,
                "max_conns": values.number(0),
                "slow_start": values.time,
                "id": parse_id,
                "srun_id": parse_id,
                "route": parse_id,
                "cookie": parse_id,
                "service": parse_service,
            },
            flags=("backup", "down", "drain", "resolve"),
        )
    except ValueError as error:
        faults.extend(error.args)
    if faults:
        raise ValueError(*faults)
    server = Server(name, address, **found)
    check_renewal(server)
    return server


def parse_id(word: str) -> str:
    """A server's name in cookies and URLs. Raises ValueError."""
    broken = [char for char in word if char in _ID_BREAKERS or not "!" <= char <= "~"]
    if broken or not word:
        what = f"holds {values.shown(broken[0])}" if broken else "is empty"
        raise ValueError(f"{values.shown(word)} {what}; expected printable ASCII without spaces and {_ID_BREAKERS}")
    return word


def parse_proxy_pass(words: Sequence[str]) -> ProxyPassLine:
    """Read `http://TARGET[URI]`, or `http://unix:/PATH[:URI]`; or `https://`."""
    scheme, separator, rest = words[0].partition("://")
    if scheme.lower() not in ("http", "https") or not separator:
        raise ValueError(f'"{words[0]}" is no target; expected http:// or https:// and an upstream or an address')
    if "$" in rest:
        raise ValueError(f'"{words[0]}" holds a variable; expected a fixed target')
    if not rest.isascii() or not rest.isprintable() or set(rest) & set(" #"):
        raise ValueError(f"{values.shown(words[0])} is no URI; expected printable ASCII without spaces and #")
    if rest.startswith("unix:"):
        path, _, uri = rest.removeprefix("unix:").partition(":")
        target = f"unix:{path}"
    else:
        target, slash, uri = rest.partition("/")
        uri = slash + uri
    if not target or uri[:1] not in ("", "/") or set(target) & set("?@"):
        raise ValueError(f'"{words[0]}" is no target; expected http://NAME, http://ADDRESS or either with a /path')
    return ProxyPassLine(target, uri.encode() or None, scheme.lower() == "https")


def parse_header(words: Sequence[str]) -> HeaderLine:
    """Read `NAME VALUE`, and `always` behind it."""
    name = values.token(words[0])
    if name.lower() in _FRAMING:
        raise ValueError(f'"{words[0]}" is set by the proxy alone; expected another field')
    if words[2:] not in ([], ["always"]):
        raise ValueError(f'"{words[2]}" stands behind the value; expected always or nothing, or quotes round the value')
    return HeaderLine(name, parse_template(values.printable(words[1])), always=len(words) > 2)


def parse_redirect(words: Sequence[str]) -> Redirect | DefaultRedirect | None:
    """Read `default`, `FROM TO`, or `off`, which is None."""
    if len(words) == 1:
        return DefaultRedirect() if values.choice("default", "off")(words[0]) == "default" else None
    source, target = words
    if source.startswith("~"):
        raise ValueError(f'"{source}" is a regular expression; expected the beginning of a URL')
    if not source or "$" in source:
        raise ValueError(f'"{source}" is no beginning of a URL; expected one without variables')
    return Redirect(values.printable(source).encode(), parse_template(values.printable(target)))


def parse_buffers(words: Sequence[str]) -> tuple[int, int]:
    """Read `NUMBER SIZE`: how many buffers, and how many bytes each."""
    return values.number(2)(words[0]), values.positive_size(words[1])


def parse_temp_path(words: Sequence[str]) -> str:
    """Read `PATH [LEVEL [LEVEL [LEVEL]]]`; the levels are for files that have names."""
    path, *levels = words
    for level in levels:
        values.number(1, 3)(level)
    return values.printable(path)


def parse_next_upstream(words: Sequence[str]) -> frozenset[str]:
    """Read conditions, or `off`."""
    known = [*NEXT_UPSTREAM, "off"]
    unknown = [word for word in words if word not in known]
    if unknown:
        expected = f"expected {' '.join(known)}"
        raise ValueError(*(f'unknown condition "{word}"; {expected}{suggest(word, known)}' for word in unknown))
    if "off" in words and len(words) > 1:
        raise ValueError('"off" stands alone; expected no condition beside it')
    return frozenset(words) - {"off"}
