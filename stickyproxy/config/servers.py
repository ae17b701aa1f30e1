"""A `[server]` section to a VirtualServer, and what servers must not do to each other at the addresses they share."""

from collections.abc import Iterable, Mapping, Sequence

from stickyproxy.config.addresses import parse_ip
from stickyproxy.config.certificates import key_pair
from stickyproxy.config.listening import ListenLine
from stickyproxy.config.scopes import Argument, Scope
from stickyproxy.config.settings import KeyPair, Listen, Location, Position, VirtualServer

_WILDCARDS = {4: "0.0.0.0", 6: "[::]"}


def build_server(
    scope: Scope, name: str, locations: Sequence[Location], fallback: Location, backlogs: Mapping[str, int]
) -> VirtualServer:
    """The server that `scope` describes. `backlogs` are those of the addresses, whichever server gives them."""
    names = [name for argument in _written(scope, "server_name") for name in argument.value]
    return VirtualServer(
        name,
        _listens(scope, backlogs),
        tuple(dict.fromkeys(names)),
        tuple(locations),
        fallback,
        client_header_timeout=scope.value("client_header_timeout"),
        keepalive_timeout=scope.value("keepalive_timeout"),
        keepalive_requests=scope.value("keepalive_requests"),
        key_pair=_key_pair(scope),
        ssl_protocols=scope.value("ssl_protocols"),
    )


def _key_pair(scope: Scope) -> KeyPair | None:
    """What the server shows to clients who speak TLS; it must have that if it listens for them."""
    pair = key_pair(scope, "ssl_certificate")
    for argument in scope.own.get("listen", ()):
        if argument.value.ssl and pair is None and not scope.arguments("ssl_certificate"):
            message = "ssl without a certificate; expected ssl_certificate and ssl_certificate_key in the section"
            scope.blame("listen", message, argument.position)
    return pair


def _listens(scope: Scope, backlogs: Mapping[str, int]) -> tuple[Listen, ...]:
    found: dict[str, Listen] = {}
    for argument in _written(scope, "listen"):
        line: ListenLine = argument.value
        endpoint = f"{line.endpoint}:backlog={backlogs[line.shown]}" if line.shown in backlogs else line.endpoint
        position = argument.position if "listen" in scope.own else scope.position
        if first := found.get(line.shown):
            scope.blame("listen", f"{line.shown} is there already at {first.position}; expected it once", position)
        else:
            found[line.shown] = Listen(
                endpoint, line.shown, line.default_server, line.proxy_protocol, position, line.ssl
            )
            if line.proxy_protocol and not scope.arguments("set_real_ip_from"):
                message = "proxy_protocol, but nobody is trusted with it; expected set_real_ip_from beside it"
                scope.blame("listen", message, position)
    return tuple(found.values())


def _written(scope: Scope, name: str) -> tuple[Argument, ...]:
    """The lines of a directive, or its default; not the default for faulty lines, which would bring further faults."""
    return scope.own[name] if name in scope.own else scope.arguments(name)


def collect_backlogs(scopes: Iterable[Scope]) -> dict[str, int]:
    """The backlog of each address; servers that share an address share its backlog."""
    found: dict[str, int] = {}
    for scope in scopes:
        for argument in scope.own.get("listen", ()):
            line: ListenLine = argument.value
            if line.backlog is not None and found.setdefault(line.shown, line.backlog) != line.backlog:
                message = f"{line.shown} has backlog={found[line.shown]} elsewhere; expected one backlog an address"
                scope.blame("listen", message, argument.position)
    return found


def check_addresses(servers: Sequence[tuple[Scope, VirtualServer]]) -> None:
    """Tell the scopes of two defaults, two equal names or two protocols at one address, and of those that overlap."""
    defaults: dict[str, VirtualServer] = {}
    listens: dict[str, Listen] = {}
    names: dict[tuple[str, str], VirtualServer] = {}
    taken = {listen.shown for _, server in servers for listen in server.listens}
    for scope, server in servers:
        for listen in server.listens:
            at = listen.shown
            if listen.default_server and (first := defaults.setdefault(at, server)) is not server:
                message = f"{at} has its default_server in [server {first.name}]; expected one an address"
                scope.blame("listen", message, listen.position)
            if listens.setdefault(at, listen).ssl != listen.ssl:
                message = f"{at} is said to be with and without ssl, {listens[at].position}; expected one an address"
                scope.blame("listen", message, listen.position)
            if listens[at].proxy_protocol != listen.proxy_protocol:
                message = f"{at} is there with and without proxy_protocol; expected it in all listen lines, or in none"
                scope.blame("listen", message, listen.position)
            for name in server.server_names:
                if (first := names.setdefault((at, name), server)) is not server:
                    message = f'"{name}" at {at} is a name of [server {first.name}]; expected each name once'
                    scope.blame("server_name", message, _where(scope, name))
            if (wider := _wildcard(at)) in taken and wider != at:
                message = f"{at} is within {wider}, listened at too; expected one of the two"
                scope.blame("listen", message, listen.position)


def _wildcard(shown: str) -> str:
    """The address that takes in all of the same family and port; nothing for a Unix socket or an endpoint."""
    host, _, port = shown.rpartition(":")
    ip = parse_ip(host)
    return "" if ip is None else f"{_WILDCARDS[ip.version]}:{port}"


def _where(scope: Scope, name: str) -> Position:
    """The line of `server_name` that holds `name`."""
    lines = scope.own.get("server_name", ())
    return next((line.position for line in lines if name in line.value), scope.position)
