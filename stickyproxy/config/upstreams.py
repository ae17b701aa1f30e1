"""An `[upstream]` section to an Upstream, and what its servers must not do to each other."""

from collections.abc import Callable

from stickyproxy.config.balancing import GRADUAL
from stickyproxy.config.scopes import Scope
from stickyproxy.config.settings import JvmRoute, Server, Upstream
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
    _check_slow_starts(scope)
    _refuse_twins(scope, "id", lambda server: server.id)
    _refuse_twins(scope, "srun_id", lambda server: server.srun_id)
    if "session_sticky" in scope.own and "jvm_route" in scope.own:
        scope.blame("jvm_route", "stands beside session_sticky; expected one of them")
    elif route := scope.value("jvm_route"):
        _check_routes(scope, route)
    return Upstream(
        name,
        servers,
        stickiness=scope.value("session_sticky") or scope.value("jvm_route"),
        keepalive=scope.value("keepalive"),
        keepalive_timeout=scope.value("keepalive_timeout"),
        keepalive_requests=scope.value("keepalive_requests"),
        balance=scope.value("balance"),
    )


def _check_slow_starts(scope: Scope) -> None:
    """Check that nobody is to get little by little what the method gives at once."""
    method = scope.value("balance").method
    for argument in scope.arguments("server"):
        if argument.value.slow_start and method not in GRADUAL:
            message = f"slow_start= does not go with balance = {method}; expected {listed(GRADUAL)} with it"
            scope.blame("server", message, argument.position)


def _refuse_twins(scope: Scope, parameter: str, name_of: Callable[[Server], str | None]) -> None:
    first: dict[str, int] = {}
    for argument in scope.arguments("server"):
        name = name_of(argument.value)
        if name is not None and first.setdefault(name, argument.position.line) != argument.position.line:
            message = f"{parameter}={name} names the server of line {first[name]} too; expected each {parameter} once"
            scope.blame("server", message, argument.position)


def _check_routes(scope: Scope, route: JvmRoute) -> None:
    """Check the names that servers are found by, `srun_id=`, else `id=`: there, single, and to be found."""
    arguments = scope.arguments("server")
    names = {argument.value.srun_id or argument.value.id for argument in arguments}
    srun_ids = {argument.value.srun_id for argument in arguments}
    if arguments and names == {None}:
        scope.blame("jvm_route", "no server has a name to be found by; expected srun_id= or id= in server")
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
