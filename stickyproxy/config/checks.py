"""How the servers of an upstream are checked, as `check` and its companions say it together."""

from attrs import evolve

from stickyproxy.config.addresses import UnixAddress
from stickyproxy.config.checking import STATUSES
from stickyproxy.config.scopes import Scope
from stickyproxy.config.settings import FASTCGI_PARAMS, Check
from stickyproxy.config.values import listed

# The types that each companion of `check` says something about.
_COMPANIONS = {
    "check_http_send": ("http", "https"),
    "check_http_expect_alive": ("http", "https", "fastcgi"),
    "check_keepalive_requests": ("http", "https", "ajp", "fastcgi"),
    "check_fastcgi_param": ("fastcgi",),
}


def build_check(scope: Scope) -> Check | None:
    """Say how the servers of the upstream that `scope` describes are checked; faults go to the scope."""
    check: Check | None = scope.value("check")
    for name, types in _COMPANIONS.items():
        if name in scope.own and "check" not in scope.own:
            scope.blame(name, "stands without check; expected check = in the section")
        elif name in scope.own and check is not None and check.type not in types:
            scope.blame(name, f"says nothing about type={check.type}; expected it beside {listed(types)} alone")
    if check is None:
        return None
    for argument in scope.arguments("server"):
        if check.port and isinstance(argument.value.address, UnixAddress):
            scope.blame("check", f"port={check.port}, but {argument.value.name} has no ports; expected no port=")
    alive = scope.value("check_http_expect_alive")
    if check.type == "fastcgi" and "check_http_expect_alive" not in scope.own:
        # Whatever the application says, it is there.
        alive = frozenset(STATUSES.values())
    return evolve(
        check,
        send=scope.value("check_http_send"),
        alive=alive,
        keepalive_requests=scope.value("check_keepalive_requests"),
        fastcgi_params=scope.values("check_fastcgi_param") or FASTCGI_PARAMS,
    )
