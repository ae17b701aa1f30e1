"""What a configuration says, as frozen values: the only form in which the other rooms ever see it.

Times are seconds (float), sizes are bytes (int). Names, hosts and paths are `str`; whatever goes out on the wire is
`bytes` or a `Template`. What a directive is worth when it is left out says the table of directives; what a parameter
of `server` is worth then is said here, and one of the ways to stick in `dialects`.
"""

from ipaddress import IPv4Network, IPv6Network

from attrs import field, frozen

from stickyproxy.config.addresses import DemoAddress, HostAddress, InetAddress, UnixAddress
from stickyproxy.config.buffering import Buffering, RequestBuffering
from stickyproxy.config.dialects import Stickiness
from stickyproxy.config.real_ip import RealIp
from stickyproxy.config.resolver import Resolver
from stickyproxy.config.templates import Template


@frozen
class Position:
    """Where something stands in the configuration, for messages to the operator."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


# -- upstreams -------------------------------------------------------------------------------------------------------


@frozen(cache_hash=True)
class Server:
    """One `server` line of an upstream (ngx_http_upstream_module, `server`).

    `name` is the address as it was written. A `HostAddress` or a `DemoAddress` becomes one or more servers with an
    `InetAddress` when the service starts; one with `resolve` is asked for ever again, as a `service` if it says one.
    `max_conns` 0 is no limit; `max_fails` 0 never takes the server out. One in `drain` keeps the sessions it has and
    gets no new ones. When it comes back its share grows for `slow_start`.
    """

    name: str
    address: InetAddress | UnixAddress | HostAddress | DemoAddress
    weight: int = 1
    max_fails: int = 1
    fail_timeout: float = 10.0
    max_conns: int = 0
    backup: bool = False
    down: bool = False
    drain: bool = False
    slow_start: float = 0.0
    id: str | None = None
    srun_id: str | None = None
    route: str | None = None
    cookie: str | None = None
    resolve: bool = False
    service: str | None = None


@frozen
class Balance:
    """`balance = METHOD`: how servers are chosen for those who have none.

    `method` is round_robin, least_conn, least_time, fair, ip_hash, hash, "hash consistent", random or "random two";
    `key` is what a hash goes by.
    """

    method: str
    key: Template | None = None


# What a check of type `fastcgi` asks for when no `check_fastcgi_param` says otherwise.
FASTCGI_PARAMS = ((b"REQUEST_METHOD", b"GET"), (b"REQUEST_URI", b"/"), (b"SCRIPT_FILENAME", b"index.php"))


@frozen(cache_hash=True)
class Check:
    """Tengine's `check` and its companions: how the servers of an upstream are checked, and what that comes to.

    `type` is tcp, http, https, ssl_hello, mysql, ajp or fastcgi. `send` is a whole HTTP request; `alive` are the first
    digits of the statuses that pass. `keepalive_requests` is for how many checks a connection serves. `port` 0 is that
    of the traffic.
    """

    type: str = "tcp"
    interval: float = 30.0
    fall: int = 5
    rise: int = 2
    timeout: float = 1.0
    default_down: bool = True
    port: int = 0
    unique: bool = False
    send: bytes = b"GET / HTTP/1.0\r\n\r\n"
    alive: frozenset[int] = frozenset({2, 3})
    keepalive_requests: int = 1
    fastcgi_params: tuple[tuple[bytes, bytes], ...] = FASTCGI_PARAMS


@frozen
class Upstream:
    """A named group of servers. `keepalive` is how many idle connections are kept for the whole group (0: none).

    `stickiness` is the dialect that is written and read, `accepted` are those that are only read, in their order.
    """

    name: str
    servers: tuple[Server, ...]
    stickiness: Stickiness | None
    keepalive: int
    keepalive_timeout: float
    keepalive_requests: int
    accepted: tuple[Stickiness, ...] = ()
    balance: Balance = Balance("round_robin")
    check: Check | None = None


# -- logs ------------------------------------------------------------------------------------------------------------


@frozen
class LogFormat:
    """`log_format NAME [escape=default|json|none] TEMPLATE`."""

    name: str
    template: Template
    escape: str = "default"


@frozen
class AccessLog:
    """`access_log PATH [FORMAT]`; `path` `-` is standard output."""

    path: str
    format: LogFormat
    position: Position


@frozen
class ErrorLog:
    """`error_log PATH [LEVEL]`: `path` `stderr` is standard error.

    `level` is one of nginx's: debug info notice warn error crit alert emerg.
    """

    path: str
    level: str
    position: Position


# -- TLS -------------------------------------------------------------------------------------------------------------


@frozen
class NamedFile:
    """A file, and the directive that names it, which does not tell one file from another."""

    path: str
    directive: str = field(eq=False)
    position: Position = field(eq=False)

    def __str__(self) -> str:
        return f"{self.position}: {self.directive}: {self.path}"


@frozen
class KeyPair:
    """A certificate, with the chain that leads to its root behind it, and its private key: PEM files."""

    certificate: NamedFile
    key: NamedFile


@frozen(cache_hash=True)
class ProxySsl:
    """How TLS is spoken to a server (`proxy_ssl_*` of ngx_http_proxy_module).

    `name` is the host name or IP address that its certificate must be for, if it is to `verify`; `server_name` says
    whether that name is sent (SNI, which an IP address never is). Without a `trusted_certificate` the platform's roots
    are trusted. `key_pair` is shown to a server that asks for it.
    """

    name: str
    verify: bool
    server_name: bool
    trusted_certificate: NamedFile | None
    key_pair: KeyPair | None


# -- servers and locations -------------------------------------------------------------------------------------------


@frozen
class Listen:
    """One `listen` argument list. `endpoint` is the Twisted server endpoint description that it stands for.

    `shown` is the address in nginx's spelling, or the description as written: what tells one address from another.
    Servers with the same `shown` share one listening port, and have the same `endpoint` and `proxy_protocol`.
    """

    endpoint: str
    shown: str
    default_server: bool
    proxy_protocol: bool
    position: Position
    ssl: bool = False


@frozen
class ProxyPass:
    """`proxy_pass http[s]://TARGET[URI]`: to an upstream by name, or (with one made for it) straight to an address.

    `upstream` is the key in `Settings.upstreams`; `host` is what was written between `://` and the URI; `uri` is None
    where none was written and the request's own passes unchanged; `ssl` is for `https` alone.
    """

    upstream: str
    host: bytes
    uri: bytes | None = None
    ssl: ProxySsl | None = None


# Statuses of `return` that send the client elsewhere, and the one that closes the connection without an answer.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CLOSE = 444


@frozen
class Return:
    """`return STATUS [TEXT]`, `return STATUS URL`, `return URL` (ngx_http_rewrite_module, `return`).

    `text` is the body, or for one of REDIRECTS the `Location`. The status may be CLOSE.
    """

    status: int
    text: Template | None = None


# The formats of the status page; the first is the default.
FORMATS = ("html", "csv", "json", "prometheus")


@frozen
class CheckStatus:
    """`check_status [FORMAT]`: how the servers are, shown in one of FORMATS unless another one is asked for."""

    format: str


@frozen
class AccessRule:
    """`allow|deny CIDR|all|unix:`; the first rule that matches decides. `network` None is `all`; `unix` is `unix:`."""

    allow: bool
    network: IPv4Network | IPv6Network | None
    unix: bool = False


@frozen
class LimitZone:
    """`limit_conn_zone KEY zone=NAME:SIZE`, without the size: memory is bounded by the number of connections."""

    name: str
    key: Template


@frozen
class LimitConn:
    """`limit_conn ZONE NUMBER`: at most so many requests at a time that have one key there."""

    zone: LimitZone
    most: int


@frozen
class ErrorPage:
    """`error_page CODE... [=[CODE]] URI`: `status` is what goes out instead (None: the original one).

    `status` 0 is a bare `=`: whatever the page itself answers with. `uri` is a path that is served by an internal
    request of this server, or an absolute URL to redirect to.
    """

    codes: frozenset[int]
    uri: str
    status: int | None = None


@frozen
class HeaderLine:
    """One `proxy_set_header` or `add_header`: an empty value leaves the field out. `always`: on every status."""

    name: bytes
    value: Template
    always: bool = False


@frozen
class Redirect:
    """One `proxy_redirect FROM TO`: a `Location` or `Refresh` that starts with `source` gets `target` instead."""

    source: bytes
    target: Template


@frozen
class NextUpstream:
    """`proxy_next_upstream` with `_tries` and `_timeout` (0: no limit). `conditions` are nginx's, without `off`."""

    conditions: frozenset[str]
    tries: int
    timeout: float


@frozen
class Location:
    """What is done for one server name and path; inherited values are filled in.

    `path` has no trailing slash but for `/` itself, `slashed` says that one was taken away. `proxy_hide_headers` are in
    lower case. Exactly one of `proxy_pass`, `return_` and `check_status` is set.
    """

    path: str
    exact: bool
    slashed: bool
    proxy_pass: ProxyPass | None
    return_: Return | None
    check_status: CheckStatus | None
    access: tuple[AccessRule, ...]
    access_logs: tuple[AccessLog, ...]
    add_headers: tuple[HeaderLine, ...]
    client_body_timeout: float
    client_max_body_size: int
    error_pages: tuple[ErrorPage, ...]
    limit_conns: tuple[LimitConn, ...]
    limit_conn_status: int
    buffering: Buffering
    request_buffering: RequestBuffering
    proxy_buffer_size: int
    proxy_connect_timeout: float
    proxy_hide_headers: frozenset[bytes]
    proxy_ignore_client_abort: bool
    proxy_next_upstream: NextUpstream
    proxy_protocol: bool
    proxy_read_timeout: float
    proxy_redirects: tuple[Redirect, ...]
    proxy_send_timeout: float
    proxy_set_headers: tuple[HeaderLine, ...]
    real_ip: RealIp | None
    send_timeout: float
    temp_folders: tuple[NamedFile, ...]
    position: Position
    sticky: bool = True


@frozen
class VirtualServer:
    """One `[server N]`: where it listens, under which names it answers, and its locations.

    `fallback` is the location for a path that none of `locations` covers: it answers 404, with the server's own
    inherited `error_page`, `access_log` and `add_header`. It has a `key_pair` if any of its `listens` is for TLS.
    """

    name: str
    listens: tuple[Listen, ...]
    server_names: tuple[str, ...]
    locations: tuple[Location, ...]
    fallback: Location
    client_header_timeout: float
    keepalive_timeout: float
    keepalive_requests: int
    key_pair: KeyPair | None
    ssl_protocols: frozenset[str]


@frozen
class Settings:
    """A whole configuration, checked. `control` is the path of the Unix socket that takes commands, None for none."""

    upstreams: dict[str, Upstream]
    servers: tuple[VirtualServer, ...]
    error_logs: tuple[ErrorLog, ...]
    worker_connections: int
    worker_connections_per_address: int
    worker_shutdown_timeout: float
    control: str | None
    resolver: Resolver

    @property
    def watched(self) -> bool:
        """Whether anybody can ask how the servers are, by a status page or on the control socket."""
        pages = any(location.check_status for server in self.servers for location in server.locations)
        return pages or self.control is not None
