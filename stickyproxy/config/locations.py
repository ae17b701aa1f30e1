"""A `[location]` section to a Location: what is inherited is filled in, names are resolved."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from stickyproxy.config.addresses import parse_address, split_port
from stickyproxy.config.buffering import Buffering, RequestBuffering
from stickyproxy.config.certificates import proxy_ssl
from stickyproxy.config.directives import UPSTREAM
from stickyproxy.config.limits import check_limits, limits_of
from stickyproxy.config.proxying import DefaultRedirect, ProxyPassLine
from stickyproxy.config.real_ip import RealIp
from stickyproxy.config.scopes import Argument, Scope, defaults
from stickyproxy.config.settings import (
    AccessLog,
    CheckStatus,
    Location,
    LogFormat,
    NextUpstream,
    ProxyPass,
    Redirect,
    Return,
    Server,
    Upstream,
)
from stickyproxy.config.suggest import suggest
from stickyproxy.config.templates import Template
from stickyproxy.config.upstreams import build_upstream


@frozen
class Place:
    """The path of a location, as in Location."""

    path: str
    exact: bool = False
    slashed: bool = False

    @property
    def matched(self) -> tuple[str, bool, bool]:
        """What tells the paths that it matches from another's: a trailing slash does with exact ones, and no others."""
        return self.path, self.exact, self.exact and self.slashed


def parse_place(words: Sequence[str]) -> Place:
    """Read `PATH` or `= PATH`. Raises ValueError."""
    *modifier, path = words
    if modifier not in ([], ["="]):
        raise ValueError(f'modifier "{modifier[0]}" is not supported; expected = or none')
    if not path.startswith("/") or not path.isprintable() or "?" in path:
        raise ValueError(f'"{path}" is no path; expected one that starts with / and has no query')
    segments = path.removesuffix("/").split("/")[1:]
    if not {"", ".", ".."}.isdisjoint(segments):
        raise ValueError(f'"{path}" never matches; expected a path without empty segments, . and ..')
    return Place(path.rstrip("/") or "/", bool(modifier), slashed=path.endswith("/") and path != "/")


# What a location does.
Action = ProxyPass | Return | CheckStatus
_ACTIONS = ("proxy_pass", "return", "check_status")

_TEMP_PATHS = ("client_body_temp_path", "proxy_temp_path")


def build_location(scope: Scope, place: Place, formats: Mapping[str, LogFormat], action: Action | None) -> Location:
    """The location that `scope` describes, with all that it inherits; `action` None is one that is faulty."""
    value, values = scope.value, scope.values
    proxy_pass = action if isinstance(action, ProxyPass) else None
    if "session_sticky" in scope.own and action is not None and proxy_pass is None:
        scope.blame("session_sticky", "no request goes to a server here; expected it beside proxy_pass")
    return Location(
        place.path,
        place.exact,
        place.slashed,
        proxy_pass=proxy_pass,
        return_=action if isinstance(action, Return) else None,
        check_status=action if isinstance(action, CheckStatus) else None,
        access=values("access"),
        access_logs=tuple(
            AccessLog(argument.value.path, formats[argument.value.format], argument.position)
            for argument in scope.arguments("access_log")
            if argument.value is not None and argument.value.format in formats
        ),
        add_headers=values("add_header"),
        client_body_timeout=value("client_body_timeout"),
        client_max_body_size=value("client_max_body_size"),
        error_pages=values("error_page"),
        limit_conns=limits_of(scope),
        limit_conn_status=value("limit_conn_status"),
        buffering=Buffering.of(value),
        request_buffering=RequestBuffering.of(value),
        proxy_buffer_size=value("proxy_buffer_size"),
        proxy_connect_timeout=value("proxy_connect_timeout"),
        proxy_hide_headers=frozenset(name.lower() for name in values("proxy_hide_header")),
        proxy_ignore_client_abort=value("proxy_ignore_client_abort"),
        proxy_next_upstream=NextUpstream(
            value("proxy_next_upstream"), value("proxy_next_upstream_tries"), value("proxy_next_upstream_timeout")
        ),
        proxy_protocol=value("proxy_protocol"),
        proxy_read_timeout=value("proxy_read_timeout"),
        proxy_redirects=_redirects(scope, place, proxy_pass),
        proxy_send_timeout=value("proxy_send_timeout"),
        proxy_set_headers=values("proxy_set_header"),
        real_ip=_real_ip(scope),
        send_timeout=value("send_timeout"),
        temp_folders=tuple(file for file in map(scope.file, _TEMP_PATHS) if file),
        position=scope.position,
        sticky="session_sticky" not in scope.own,
    )


def _real_ip(scope: Scope) -> RealIp | None:
    trusted = scope.values("set_real_ip_from")
    if not trusted:
        return None
    networks = tuple(network for network in trusted if network is not None)
    return RealIp(networks, None in trusted, scope.value("real_ip_header"), scope.value("real_ip_recursive"))


def find_action(scope: Scope, upstreams: Mapping[str, Upstream], direct: dict[str, Upstream]) -> Action | None:
    """What a location does: exactly one of `proxy_pass`, `return` and `check_status`. None where that is faulty."""
    found = [name for name in _ACTIONS if name in scope.own]
    if not found:
        scope.blame("", f"neither {' nor '.join(_ACTIONS)}; expected one of them")
        return None
    if len(found) > 1:
        scope.blame(found[1], f"stands beside {found[0]}; expected one of them")
        return None
    if found == ["proxy_pass"]:
        line: ProxyPassLine | None = scope.value("proxy_pass")
        return _resolve(scope, line, upstreams, direct) if line else None
    for argument in scope.own.get("proxy_redirect", ()):
        if isinstance(argument.value, DefaultRedirect):
            scope.blame("proxy_redirect", "default without proxy_pass; expected off, or FROM TO", argument.position)
    action: Action | None = scope.value(found[0])
    return action


def _redirects(scope: Scope, place: Place, proxy_pass: ProxyPass | None) -> tuple[Redirect, ...]:
    if proxy_pass is None:
        return ()
    lines = [line for line in scope.values("proxy_redirect") if line is not None]
    default = _default_redirect(place, proxy_pass)
    return tuple(default if isinstance(line, DefaultRedirect) else line for line in lines)


def _default_redirect(place: Place, proxy_pass: ProxyPass) -> Redirect:
    """The way back of proxy_pass; both sides end with a slash, as the paths are joined with exactly one."""
    base = (b"https://" if proxy_pass.ssl else b"http://") + proxy_pass.host
    if proxy_pass.uri is None:
        return Redirect(base + b"/", Template((b"/",)))
    path = place.path.encode()
    if place.exact:
        return Redirect(base + proxy_pass.uri, Template((path + (b"/" if place.slashed else b""),)))
    return Redirect(base + proxy_pass.uri.rstrip(b"/") + b"/", Template((path.rstrip(b"/") + b"/",)))


def check_lists(scope: Scope, formats: Mapping[str, LogFormat]) -> None:
    """Refuse, in what the section itself says, `off` beside other lines, and formats and zones that are not there."""
    check_limits(scope)
    for name in ("access_log", "proxy_redirect"):
        arguments = scope.own.get(name, ())
        for argument in arguments:
            if argument.value is None and len(arguments) > 1:
                scope.blame(name, '"off" stands beside other lines; expected off alone', argument.position)
    for argument in scope.own.get("access_log", ()):
        if argument.value is not None and (name := argument.value.format) not in formats:
            message = f'unknown format "{name}"; expected combined, json or a log_format of [http]'
            scope.blame("access_log", message + suggest(name, formats), argument.position)


def _resolve(
    scope: Scope, line: ProxyPassLine, upstreams: Mapping[str, Upstream], direct: dict[str, Upstream]
) -> ProxyPass | None:
    """Find the upstream of `proxy_pass`; one for an address is made and put into `direct`."""
    target = line.target
    host = b"localhost" if target.startswith("unix:") else target.encode()
    if target in upstreams:
        return ProxyPass(target, host, line.uri, proxy_ssl(scope, target) if line.secure else None)
    name, colon, _ = target.partition(":")
    if name in upstreams:
        scope.blame("proxy_pass", f'upstream "{name}" has its ports in its server lines; expected http://{name}')
        return None
    if not colon and "." not in target and target != "localhost" and not target.startswith("["):
        near = suggest(target, upstreams)
        scope.blame("proxy_pass", f'no upstream "{target}"; expected the name of an [upstream], or an address{near}')
        return None
    try:
        server = Server(target, parse_address(target, 443 if line.secure else 80))
    except ValueError as error:
        scope.blame("proxy_pass", str(error))
        return None
    # The port that is not written depends on the scheme.
    key = f"https://{target}" if line.secure else target
    if key not in direct:
        written = Argument(server, scope.where("proxy_pass"))
        alone = Scope(scope.title, scope.position, scope.faults, {"server": (written,)}, defaults(UPSTREAM))
        direct[key] = build_upstream(alone, target)
    return ProxyPass(key, host, line.uri, proxy_ssl(scope, split_port(host.decode(), 443)[0]) if line.secure else None)
