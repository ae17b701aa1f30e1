"""An `[upstream]` section to an Upstream, and what its servers must not do to each other."""

from collections.abc import Callable

from stickyproxy.config.balancing import GRADUAL, MOST_CONSISTENT
from stickyproxy.config.checks import build_check
from stickyproxy.config.dialects import (
    ApacheCookie,
    CookieSettings,
    HaproxyCookie,
    JvmRoute,
    NginxLearn,
    NginxRoute,
    SessionSticky,
    Stickiness,
)
from stickyproxy.config.proxying import parse_id
from stickyproxy.config.scopes import Argument, Scope
from stickyproxy.config.settings import Server, Upstream
from stickyproxy.config.stickiness import STICKY
from stickyproxy.config.values import listed

# What ends a route inside a URL.
_URL_DELIMITERS = set(";?&/#")


def build_upstream(scope: Scope, name: str) -> Upstream:
    """The upstream that `scope` describes; faults go to the scope."""
    servers = scope.values("server")
    if "server" not in scope.own:
        scope.blame("", "an upstream without servers; expected server = with one server an indented line")
    elif servers and all(server.backup for server in servers):
        scope.blame("server", "only backup servers; expected one at least without backup")
    _check_balance(scope)
    _refuse_twins(scope, "id", lambda server: server.id)
    _refuse_addresses(scope)
    _refuse_twins(scope, "srun_id", lambda server: server.srun_id)
    _refuse_twins(scope, "route", lambda server: server.route)
    _refuse_twins(scope, "cookie", lambda server: server.cookie)
    stickiness = _stickiness(scope)
    if stickiness is not None:
        _check_names(scope, *stickiness)
    return Upstream(
        name,
        servers,
        stickiness=stickiness[1].value if stickiness else None,
        accepted=_accepted(scope, stickiness[1].value if stickiness else None),
        keepalive=scope.value("keepalive"),
        keepalive_timeout=scope.value("keepalive_timeout"),
        keepalive_requests=scope.value("keepalive_requests"),
        balance=scope.value("balance"),
        check=build_check(scope),
    )


def _check_balance(scope: Scope) -> None:
    """Check that the method can do what the servers ask of it."""
    method = scope.value("balance").method
    for argument in scope.arguments("server"):
        server: Server = argument.value
        if server.slow_start and method not in GRADUAL:
            message = f"slow_start= does not go with balance = {method}; expected {listed(GRADUAL)} with it"
            scope.blame("server", message, argument.position)
        if server.weight > MOST_CONSISTENT and method == "hash consistent":
            message = f"weight={server.weight} is too many points on the ring; expected at most {MOST_CONSISTENT}"
            scope.blame("server", message, argument.position)


def _refuse_twins(scope: Scope, parameter: str, name_of: Callable[[Server], str | None]) -> None:
    first: dict[str, int] = {}
    for argument in scope.arguments("server"):
        name = name_of(argument.value)
        if name is not None and first.setdefault(name, argument.position.line) != argument.position.line:
            message = f"{parameter}={name} names the server of line {first[name]} too; expected each {parameter} once"
            scope.blame("server", message, argument.position)


def _refuse_addresses(scope: Scope) -> None:
    """Refuse an `id=` that is the address of a server without one: in cookies and commands both would go by it."""
    nameless = {str(server.address) for server in scope.values("server") if server.id is None}
    for argument in scope.arguments("server"):
        server: Server = argument.value
        if server.id in nameless:
            message = f"id={server.id} is the address of another server, which goes by that; expected another name"
            scope.blame("server", message, argument.position)


def _stickiness(scope: Scope) -> tuple[str, Argument] | None:
    """The directive that says how to stick: its name, and its argument list."""
    found = [name for name in STICKY if name in scope.own]
    for other in found[1:]:
        scope.blame(other, f"stands beside {found[0]}; expected one of them")
    lines = [(name, argument) for name in found for argument in scope.own[name]]
    return lines[0] if len(found) == 1 and lines else None


def _accepted(scope: Scope, written: Stickiness | None) -> tuple[Stickiness, ...]:
    """What is read besides the dialect that is written."""
    if "accept" in scope.own and not any(name in scope.own for name in STICKY):
        scope.blame("accept", f"no dialect to move to; expected one of {', '.join(STICKY)} beside it")
    for argument in scope.arguments("accept"):
        if isinstance(argument.value, NginxLearn):
            message = "sticky learn has its sessions in the memory of another process; expected another dialect"
            scope.blame("accept", message, argument.position)
        elif argument.value == written:
            scope.blame("accept", "is what is written, too; expected another dialect", argument.position)
        elif _ignores_dates(argument.value, written):
            message = "takes the cookie that is written whatever its dates are; expected maxidle or maxlife with it"
            scope.blame("accept", message, argument.position)
        _check_names(scope, "accept", argument)
    return scope.values("accept")


def _ignores_dates(accepted: Stickiness, written: Stickiness | None) -> bool:
    """Whether a session that is over by the written cookie would go on: HAProxy cuts off what stands behind a `|`."""
    return (
        isinstance(accepted, HaproxyCookie)
        and isinstance(written, CookieSettings)
        and accepted.cookie == written.cookie
        and written.dated
        and not accepted.dated
        and accepted.mode != "prefix"
    )


def _check_names(scope: Scope, key: str, argument: Argument) -> None:
    """Check that servers have the names by which the dialect finds them."""
    if isinstance(argument.value, JvmRoute):
        _check_routes(scope, key, argument)
    elif isinstance(argument.value, NginxRoute) and not any(server.route for server in scope.values("server")):
        message = "no server has a name to be found by; expected route= in server"
        scope.blame(key, message, argument.position)
    elif isinstance(argument.value, HaproxyCookie):
        _refuse_borrowed(scope, "cookie", lambda server: server.cookie)
        _refuse_unspeakable(scope, lambda server: server.cookie or server.id)
    elif isinstance(argument.value, ApacheCookie):
        _refuse_borrowed(scope, "route", lambda server: server.route)
        _refuse_unspeakable(scope, lambda server: server.route or server.id)
    elif isinstance(argument.value, SessionSticky) and argument.value.hash == "plain":
        _refuse_unspeakable(scope, lambda server: server.id)


def _refuse_borrowed(scope: Scope, parameter: str, name_of: Callable[[Server], str | None]) -> None:
    """Refuse an `id=` that stands in for a name and is the name of another server."""
    taken = {name_of(server) for server in scope.values("server")}
    for argument in scope.arguments("server"):
        server: Server = argument.value
        if server.id in taken and server.id is not None and name_of(server) is None:
            message = f"id={server.id} is the {parameter}= of another server; expected another name"
            scope.blame("server", message, argument.position)


def _refuse_unspeakable(scope: Scope, name_of: Callable[[Server], str | None]) -> None:
    """Refuse an address that goes into cookies for want of a name, and cannot: a socket's path may hold anything."""
    for argument in scope.arguments("server"):
        server: Server = argument.value
        if name_of(server) is None:
            try:
                parse_id(str(server.address))
            except ValueError as error:
                scope.blame("server", f"its address is its name in the cookie: {error}, or id=", argument.position)


def _check_routes(scope: Scope, key: str, directive: Argument) -> None:
    """Check the names that servers are found by, `srun_id=`, else `id=`: there, single, and to be found."""
    route: JvmRoute = directive.value
    arguments = scope.arguments("server")
    names = {argument.value.srun_id or argument.value.id for argument in arguments}
    srun_ids = {argument.value.srun_id for argument in arguments}
    if arguments and names == {None}:
        message = "no server has a name to be found by; expected srun_id= or id= in server"
        scope.blame(key, message, directive.position)
    for argument in arguments:
        server: Server = argument.value
        name = server.srun_id or server.id or ""
        if broken := _URL_DELIMITERS & set(name):
            message = f'jvm_route ends a name in a URL at "{min(broken)}"; expected another name than "{name}"'
            scope.blame("server", message, argument.position)
        if server.srun_id is None and server.id in srun_ids and server.id:
            message = f"id={server.id} is the srun_id of another server, found before it; expected another name"
            scope.blame("server", message, argument.position)
        shorter, dot, _ = name.partition(".")
        if route.forward and dot and shorter in names:
            message = f'jvm_route forward finds "{shorter}" before "{name}"; expected another name'
            scope.blame("server", message, argument.position)
