"""What nginx's variables are worth: each is read from the facts of a request, while it runs and when it is finished.

`config.templates` knows the names and has checked them; this table gives each its meaning (ngx_http_variables.c and
ngx_http_upstream.c, whose spelling of addresses, times and lists is kept).
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from os import urandom
from socket import gethostname
from time import gmtime, strftime
from typing import Protocol

from stickyproxy.balance.words import Assignment
from stickyproxy.config.templates import Template, Variable
from stickyproxy.errors import ClientFault
from stickyproxy.http.fields import first
from stickyproxy.http.proxy_protocol import ProxyHeader
from stickyproxy.http.request import RequestHead
from stickyproxy.http.response import ResponseHead
from stickyproxy.http.words import Ends
from stickyproxy.proxy.outcome import Try
from stickyproxy.proxy.paths import host_without_port, normalize, path_of, query_of
from stickyproxy.sticky import cookies


class Facts(Protocol):
    """What a variable may look at: an exchange that runs, or the Outcome of a finished one."""

    @property
    def asked(self) -> RequestHead: ...
    @property
    def head(self) -> RequestHead: ...
    @property
    def ends(self) -> Ends: ...
    @property
    def server_name(self) -> bytes: ...
    @property
    def serial(self) -> int: ...
    @property
    def nth(self) -> int: ...
    @property
    def started(self) -> float: ...
    @property
    def finished(self) -> float: ...
    @property
    def status(self) -> int: ...
    @property
    def received(self) -> int: ...
    @property
    def bytes_sent(self) -> int: ...
    @property
    def body_bytes(self) -> int: ...
    @property
    def upstream_name(self) -> bytes: ...
    @property
    def tries(self) -> Sequence[Try]: ...
    @property
    def assignment(self) -> Assignment | None: ...
    @property
    def response(self) -> ResponseHead | None: ...
    @property
    def sent(self) -> Sequence[bytes]: ...


Getter = Callable[[Facts], bytes]

_HOSTNAME = gethostname().encode()
_NO_HEADER = ProxyHeader()
_REQUEST_ID_KEY = urandom(32)


# -- templates ---------------------------------------------------------------------------------------------------------


def compile_template(template: Template) -> Getter:
    """Return a function that gives the template's value for a request."""
    getters = [part_getter(part) for part in template.parts]
    if len(getters) == 1:
        return getters[0]
    return lambda facts: b"".join([getter(facts) for getter in getters])


def part_getter(part: bytes | Variable) -> Getter:
    """Return a function that gives the value of one part of a template: empty for what does not exist."""
    if isinstance(part, bytes):
        return lambda facts: part
    getter = GETTERS.get(part.name)
    if getter is not None:
        return getter
    prefix = next(prefix for prefix in _FAMILIES if part.name.startswith(prefix))
    return _FAMILIES[prefix](part.name.removeprefix(prefix).encode())


# -- the request -------------------------------------------------------------------------------------------------------


def forwarded_for(facts: Facts) -> bytes:
    """`$proxy_add_x_forwarded_for`: what the client claims, and then its address."""
    claimed = b", ".join(value for key, _, value in facts.head.fields if key == b"x-forwarded-for")
    return claimed + b", " + facts.ends.peer_host if claimed else facts.ends.peer_host


def _socket(facts: Facts) -> Ends:
    """The connection's own ends."""
    return facts.ends.socket or facts.ends


def _proxied(facts: Facts) -> ProxyHeader:
    """The PROXY header; one that says nothing where there was none."""
    return facts.ends.proxied or _NO_HEADER


def _port(port: int) -> bytes:
    """A port; nothing where there is none, or nobody told it."""
    return b"%d" % port if port else b""


def request_id(facts: Facts) -> bytes:
    """`$request_id`: 32 hexadecimal digits that nobody outside can guess, made only when somebody asks."""
    number = facts.serial.to_bytes(8, "big")
    return blake2b(number, digest_size=16, key=_REQUEST_ID_KEY).hexdigest().encode()


def _host(facts: Facts) -> bytes:
    return host_without_port(facts.head.host) or facts.server_name


def _one_line(decoded: bytes) -> bytes:
    """Decoded bytes may be line ends; a value that reaches a header must not begin a new line there."""
    return decoded.translate(None, b"\r\n\0")


def _uri(facts: Facts) -> bytes:
    try:
        return _one_line(normalize(path_of(facts.head.target)))
    except ClientFault:
        # It was refused for just that, and is logged.
        return b""


def _request(facts: Facts) -> bytes:
    head = facts.asked
    if not head.method:
        return b""
    return (b"%b %b HTTP/1.1" if head.http11 else b"%b %b HTTP/1.0") % (head.method, head.target)


def _protocol(facts: Facts) -> bytes:
    return b"HTTP/1.1" if facts.head.http11 else b"HTTP/1.0"


def _remote_user(facts: Facts) -> bytes:
    authorization = first(facts.head.fields, b"authorization")
    if not authorization:
        return b""
    scheme, _, credentials = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return b""
    try:
        user, colon, _ = b64decode(credentials, validate=True).partition(b":")
    except ValueError:
        return b""
    return _one_line(user) if colon else b""


@lru_cache(maxsize=4)
def _time(form: str, seconds: int) -> bytes:
    # A thousand requests end in the same second.
    return strftime(form, gmtime(seconds)).encode("ascii")


def _length(facts: Facts) -> bytes:
    return b"" if facts.head.length is None else b"%d" % facts.head.length


# -- the answer and the tries ------------------------------------------------------------------------------------------


def _seconds(value: float | None) -> bytes:
    return b"-" if value is None else b"%.3f" % max(value, 0.0)


def _each(facts: Facts, of: Callable[[Try], bytes]) -> bytes:
    # nginx parts tries by commas, and the upstreams that they were made at by colons.
    groups = groupby(facts.tries, lambda attempt: attempt.upstream_name)
    return b" : ".join([b", ".join([of(attempt) for attempt in tries]) for _, tries in groups])


def _since(start: float, end: float | None) -> bytes:
    return _seconds(None if end is None else end - start)


def _connect_times(facts: Facts) -> bytes:
    return _each(facts, lambda attempt: _since(attempt.started, attempt.connected))


def _header_times(facts: Facts) -> bytes:
    return _each(facts, lambda attempt: _since(attempt.started, attempt.head_received))


def _response_times(facts: Facts) -> bytes:
    return _each(facts, lambda attempt: _since(attempt.started, attempt.ended))


def _sticky_server(facts: Facts) -> bytes:
    if facts.assignment is None or facts.assignment.peer is None:
        return b""
    server = facts.assignment.peer.server
    return (server.id or str(server.address)).encode()


GETTERS: dict[str, Getter] = {
    "args": lambda facts: query_of(facts.head.target),
    "body_bytes_sent": lambda facts: b"%d" % facts.body_bytes,
    "bytes_sent": lambda facts: b"%d" % facts.bytes_sent,
    "connection": lambda facts: b"%d" % facts.ends.serial,
    "connection_requests": lambda facts: b"%d" % facts.nth,
    "content_length": _length,
    "content_type": lambda facts: facts.head.first(b"content-type"),
    "document_uri": _uri,
    "host": _host,
    "hostname": lambda facts: _HOSTNAME,
    "http_host": lambda facts: facts.head.host,
    "is_args": lambda facts: b"?" if query_of(facts.head.target) else b"",
    "msec": lambda facts: b"%.3f" % facts.finished,
    "proxy_add_x_forwarded_for": forwarded_for,
    "proxy_protocol_addr": lambda facts: _proxied(facts).source_host,
    "proxy_protocol_port": lambda facts: _port(_proxied(facts).source_port),
    "proxy_protocol_server_addr": lambda facts: _proxied(facts).destination_host,
    "proxy_protocol_server_port": lambda facts: _port(_proxied(facts).destination_port),
    "proxy_host": lambda facts: facts.upstream_name,
    "query_string": lambda facts: query_of(facts.head.target),
    "realip_remote_addr": lambda facts: _socket(facts).peer_host,
    "realip_remote_port": lambda facts: _port(_socket(facts).peer_port),
    "remote_addr": lambda facts: facts.ends.peer_host,
    "remote_port": lambda facts: _port(facts.ends.peer_port),
    "remote_user": _remote_user,
    "request": _request,
    "request_id": request_id,
    "request_length": lambda facts: b"%d" % (facts.asked.size + facts.received),
    "request_method": lambda facts: facts.head.method,
    "request_time": lambda facts: b"%.3f" % max(facts.finished - facts.started, 0.0),
    "request_uri": lambda facts: facts.asked.target,
    "scheme": lambda facts: b"https" if facts.ends.tls else b"http",
    "server_addr": lambda facts: facts.ends.local_host,
    "server_name": lambda facts: facts.server_name,
    "server_port": lambda facts: _port(facts.ends.local_port),
    "server_protocol": _protocol,
    "ssl_cipher": lambda facts: facts.ends.tls.cipher if facts.ends.tls else b"",
    "ssl_protocol": lambda facts: facts.ends.tls.protocol if facts.ends.tls else b"",
    "ssl_server_name": lambda facts: facts.ends.tls.server_name if facts.ends.tls else b"",
    "status": lambda facts: b"%d" % facts.status,
    "sticky_reason": lambda facts: facts.assignment.reason.value if facts.assignment else b"",
    "sticky_server": _sticky_server,
    "sticky_status": lambda facts: facts.assignment.affinity.value if facts.assignment else b"",
    "time_iso8601": lambda facts: _time("%Y-%m-%dT%H:%M:%S+00:00", int(facts.finished)),
    "time_local": lambda facts: _time("%d/%b/%Y:%H:%M:%S +0000", int(facts.finished)),
    "upstream_addr": lambda facts: _each(facts, lambda attempt: attempt.address),
    "upstream_connect_time": _connect_times,
    "upstream_header_time": _header_times,
    "upstream_name": lambda facts: facts.upstream_name,
    "upstream_response_length": lambda facts: _each(facts, lambda attempt: b"%d" % attempt.body_bytes),
    "upstream_response_time": _response_times,
    "upstream_status": lambda facts: _each(facts, lambda attempt: b"%d" % attempt.status if attempt.status else b"-"),
    "uri": _uri,
}


# -- families ----------------------------------------------------------------------------------------------------------


def _field_key(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")


def _http(name: bytes) -> Getter:
    key = _field_key(name)
    if key == b"host":
        return lambda facts: facts.head.host
    if key == b"cookie":
        return lambda facts: b"; ".join(facts.head.cookies)

    def joined(facts: Facts) -> bytes:
        found = None
        # No list to be joined: two of these are in nearly every line of an access log.
        for name, _, value in facts.head.fields:
            if name == key:
                found = value if found is None else b"%b, %b" % (found, value)
        return found or b""

    return joined


def _cookie(name: bytes) -> Getter:
    token = name + b"="

    def one(facts: Facts) -> bytes:
        found = cookies.values(facts.head.cookies, token)
        return found[0] if found else b""

    return one


def _arg(name: bytes) -> Getter:
    prefix = name + b"="

    def one(facts: Facts) -> bytes:
        for argument in query_of(facts.head.target).split(b"&"):
            if argument.startswith(prefix):
                return argument[len(prefix) :]
        return b""

    return one


def _sent(name: bytes) -> Getter:
    prefix = _field_key(name) + b":"

    def joined(facts: Facts) -> bytes:
        lines = b"".join(facts.sent).split(b"\r\n")
        return b", ".join([line[len(prefix) :].strip() for line in lines if line[: len(prefix)].lower() == prefix])

    return joined


def _upstream_http(name: bytes) -> Getter:
    key = _field_key(name)

    def joined(facts: Facts) -> bytes:
        return b", ".join([value for name, _, value in facts.response.fields if name == key]) if facts.response else b""

    return joined


def _upstream_cookie(name: bytes) -> Getter:
    def one(facts: Facts) -> bytes:
        for key, _, value in facts.response.fields if facts.response else ():
            if key == b"set-cookie" and cookies.sets(value, name):
                return value.partition(b";")[0].partition(b"=")[2].strip()
        return b""

    return one


_FAMILIES: dict[str, Callable[[bytes], Getter]] = {
    "http_": _http,
    "cookie_": _cookie,
    "arg_": _arg,
    "sent_http_": _sent,
    "upstream_http_": _upstream_http,
    "upstream_cookie_": _upstream_cookie,
}
