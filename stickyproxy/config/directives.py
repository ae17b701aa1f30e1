"""The table of directives: all that the configuration language knows, one line each."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from stickyproxy.config import values
from stickyproxy.config.answering import parse_access, parse_error_page, parse_return
from stickyproxy.config.balancing import METHODS, parse_balance
from stickyproxy.config.checking import parse_alive, parse_check, parse_fastcgi_param, parse_request
from stickyproxy.config.foreign import parse_cookie, parse_sticky, parse_stickysession
from stickyproxy.config.limit_conn import parse_limit_conn, parse_limit_conn_zone
from stickyproxy.config.listening import parse_listen, parse_server_name
from stickyproxy.config.logs import parse_access_log, parse_error_log, parse_log_format
from stickyproxy.config.proxying import (
    parse_buffers,
    parse_header,
    parse_next_upstream,
    parse_proxy_pass,
    parse_redirect,
    parse_server,
    parse_temp_path,
)
from stickyproxy.config.real_ip import parse_real_ip_header, parse_trusted
from stickyproxy.config.resolver import parse_positive_time, parse_resolver
from stickyproxy.config.stickiness import parse_accept, parse_jvm_route, parse_session_sticky
from stickyproxy.config.tls import parse_protocols, parse_ssl_name
from stickyproxy.config.watching import parse_check_status, parse_control

MAIN, HTTP, UPSTREAM, SERVER, LOCATION = "main", "http", "upstream", "server", "location"


@frozen
class Directive:
    """One directive: its syntax and default as an operator writes them, and where it may stand.

    `parse` takes the words of one argument list, of which there are at least `least` and at most `most` (None: any
    number), and raises ValueError, each argument of which is one fault. The indented lines of a `repeatable` directive
    are argument lists of their own; those of another one are one long list.
    """

    name: str
    contexts: tuple[str, ...]
    syntax: str
    parse: Callable[[Sequence[str]], Any]
    default: str | None = None
    least: int = 1
    most: int | None = 1
    repeatable: bool = False


def _word(read: Callable[[str], Any]) -> Callable[[Sequence[str]], Any]:
    return lambda words: read(words[0])


_count = _word(values.number(0))
_time = _word(values.time)
_path = _word(values.printable)
_everywhere = (HTTP, SERVER, LOCATION)

DIRECTIVES = (
    Directive("include", (MAIN,), "PATTERN", _word(values.printable), repeatable=True),
    Directive("error_log", (MAIN,), "PATH [LEVEL]", parse_error_log, most=2, repeatable=True),
    Directive("worker_connections", (MAIN,), "NUMBER", _word(values.number(1)), "10240"),
    Directive("worker_connections_per_address", (MAIN,), "NUMBER", _count, "0"),
    Directive("worker_shutdown_timeout", (MAIN,), "TIME", _time, "30s"),
    Directive("control", (MAIN,), "unix:PATH", parse_control),
    # upstreams
    Directive("server", (UPSTREAM,), "ADDRESS [PARAMETER...]", parse_server, most=None, repeatable=True),
    Directive("balance", (UPSTREAM,), "|".join(METHODS.values()), parse_balance, "round_robin", most=3),
    Directive("session_sticky", (UPSTREAM,), "[PARAMETER...]", parse_session_sticky, least=0, most=None),
    Directive(
        "jvm_route", (UPSTREAM,), "$cookie_NAME[|URLNAME] [reverse|forward] [fallback=on|off]", parse_jvm_route, most=3
    ),
    Directive(
        "sticky",
        (UPSTREAM,),
        "cookie NAME [PARAMETER...]|route VALUE...|learn PARAMETER...",
        parse_sticky,
        least=2,
        most=None,
    ),
    Directive("cookie", (UPSTREAM,), "NAME [insert|prefix|rewrite] [ARGUMENT...]", parse_cookie, most=None),
    Directive("stickysession", (UPSTREAM,), "NAME [PARAMETER...]", parse_stickysession, most=None),
    Directive("accept", (UPSTREAM,), "DIRECTIVE [ARGUMENT...]", parse_accept, most=None, repeatable=True),
    Directive("keepalive", (UPSTREAM,), "NUMBER", _count, "32"),
    Directive("keepalive_timeout", (UPSTREAM,), "TIME", _time, "60s"),
    Directive("keepalive_requests", (UPSTREAM,), "NUMBER", _word(values.number(1)), "1000"),
    Directive("check", (UPSTREAM,), "[PARAMETER...]", parse_check, least=0, most=None),
    Directive("check_http_send", (UPSTREAM,), "REQUEST", _word(parse_request), r'"GET / HTTP/1.0\r\n\r\n"'),
    Directive("check_http_expect_alive", (UPSTREAM,), "STATUSES...", parse_alive, "http_2xx http_3xx", most=5),
    Directive("check_keepalive_requests", (UPSTREAM,), "NUMBER", _word(values.number(1)), "1"),
    Directive("check_fastcgi_param", (UPSTREAM,), "NAME VALUE", parse_fastcgi_param, least=2, most=2, repeatable=True),
    Directive(
        "resolver", (HTTP,), "ADDRESS[:PORT]... [valid=TIME] [ipv4=on|off] [ipv6=on|off]", parse_resolver, most=None
    ),
    Directive("resolver_timeout", (HTTP,), "TIME", _word(parse_positive_time), "30s"),
    # clients
    Directive(
        "listen",
        (SERVER,),
        "PORT|ADDRESS[:PORT]|unix:PATH|ENDPOINT [default_server] [ssl] [proxy_protocol] [backlog=NUMBER]",
        parse_listen,
        "80",
        most=None,
        repeatable=True,
    ),
    Directive("server_name", (SERVER,), "NAME...", parse_server_name, '""', most=None, repeatable=True),
    Directive("client_header_timeout", (HTTP, SERVER), "TIME", _time, "60s"),
    Directive("keepalive_timeout", (HTTP, SERVER), "TIME", _time, "75s"),
    Directive("keepalive_requests", (HTTP, SERVER), "NUMBER", _word(values.number(1)), "1000"),
    Directive("client_body_buffer_size", _everywhere, "SIZE", _word(values.size), "64k"),
    Directive("client_body_temp_path", _everywhere, "PATH [LEVEL...]", parse_temp_path, most=4),
    Directive("client_body_timeout", _everywhere, "TIME", _time, "60s"),
    Directive("client_max_body_size", _everywhere, "SIZE", _word(values.size), "1m"),
    Directive("send_timeout", _everywhere, "TIME", _time, "60s"),
    Directive("ssl_certificate", (HTTP, SERVER), "PATH", _path),
    Directive("ssl_certificate_key", (HTTP, SERVER), "PATH", _path),
    Directive("ssl_protocols", (HTTP, SERVER), "[TLSv1.2] [TLSv1.3]", parse_protocols, "TLSv1.2 TLSv1.3", most=2),
    Directive("set_real_ip_from", _everywhere, "ADDRESS|CIDR|unix:", parse_trusted, repeatable=True),
    Directive("real_ip_header", _everywhere, "FIELD|proxy_protocol", parse_real_ip_header, "X-Real-IP"),
    Directive("real_ip_recursive", _everywhere, "on|off", _word(values.on_off), "off"),
    # what is done with a request
    Directive("proxy_pass", (LOCATION,), "http://|https://UPSTREAM|ADDRESS[URI]", parse_proxy_pass),
    Directive("return", (SERVER, LOCATION), "STATUS [TEXT]|STATUS URL|URL", parse_return, most=2),
    Directive("check_status", (LOCATION,), "[html|csv|json|prometheus]", parse_check_status, least=0),
    Directive("session_sticky", (LOCATION,), "off", _word(values.choice("off"))),
    Directive("access", _everywhere, "allow|deny CIDR|unix:|all", parse_access, least=2, most=2, repeatable=True),
    Directive(
        "limit_conn_zone",
        (HTTP,),
        "TEMPLATE zone=NAME:SIZE",
        parse_limit_conn_zone,
        least=2,
        most=2,
        repeatable=True,
    ),
    Directive("limit_conn", _everywhere, "ZONE NUMBER", parse_limit_conn, least=2, most=2, repeatable=True),
    Directive("limit_conn_status", _everywhere, "CODE", _word(values.number(400, 599)), "503"),
    Directive(
        "error_page", _everywhere, "CODE... [=[CODE]] URI", parse_error_page, least=2, most=None, repeatable=True
    ),
    Directive("add_header", _everywhere, "NAME VALUE [always]", parse_header, least=2, most=3, repeatable=True),
    # servers
    Directive("proxy_set_header", _everywhere, "NAME VALUE", parse_header, least=2, most=2, repeatable=True),
    Directive("proxy_hide_header", _everywhere, "NAME", _word(values.token), repeatable=True),
    Directive("proxy_redirect", _everywhere, "default|off|FROM TO", parse_redirect, "default", most=2, repeatable=True),
    Directive("proxy_buffering", _everywhere, "on|off", _word(values.on_off), "on"),
    Directive("proxy_buffer_size", _everywhere, "SIZE", _word(values.positive_size), "32k"),
    Directive("proxy_buffers", _everywhere, "NUMBER SIZE", parse_buffers, "8 8k", least=2, most=2),
    Directive("proxy_busy_buffers_size", _everywhere, "SIZE", _word(values.positive_size), "16k"),
    Directive("proxy_max_temp_file_size", _everywhere, "SIZE", _word(values.size), "1024m"),
    Directive("proxy_temp_path", _everywhere, "PATH [LEVEL...]", parse_temp_path, most=4),
    Directive("proxy_request_buffering", _everywhere, "on|off", _word(values.on_off), "on"),
    Directive("proxy_ignore_client_abort", _everywhere, "on|off", _word(values.on_off), "off"),
    Directive("proxy_connect_timeout", _everywhere, "TIME", _time, "60s"),
    Directive("proxy_send_timeout", _everywhere, "TIME", _time, "60s"),
    Directive("proxy_read_timeout", _everywhere, "TIME", _time, "60s"),
    Directive("proxy_next_upstream", _everywhere, "CONDITION...|off", parse_next_upstream, "error timeout", most=None),
    Directive("proxy_next_upstream_tries", _everywhere, "NUMBER", _count, "0"),
    Directive("proxy_next_upstream_timeout", _everywhere, "TIME", _time, "0"),
    Directive("proxy_ssl_verify", _everywhere, "on|off", _word(values.on_off), "on"),
    Directive("proxy_ssl_trusted_certificate", _everywhere, "PATH", _path),
    Directive("proxy_ssl_name", _everywhere, "NAME", _word(parse_ssl_name)),
    Directive("proxy_ssl_server_name", _everywhere, "on|off", _word(values.on_off), "on"),
    Directive("proxy_ssl_certificate", _everywhere, "PATH", _path),
    Directive("proxy_ssl_certificate_key", _everywhere, "PATH", _path),
    Directive("proxy_protocol", _everywhere, "on|off", _word(values.on_off), "off"),
    # logs
    Directive("access_log", _everywhere, "PATH [FORMAT]|off", parse_access_log, "off", most=2, repeatable=True),
    Directive(
        "log_format",
        (HTTP,),
        "NAME [escape=default|json|none] TEMPLATE...",
        parse_log_format,
        least=2,
        most=None,
        repeatable=True,
    ),
)


def find(name: str, context: str) -> Directive | None:
    """The directive `name` as it is known in `context`."""
    return next((each for each in DIRECTIVES if each.name == name and context in each.contexts), None)


def contexts_of(name: str) -> list[str]:
    """The contexts in which there is a directive `name`."""
    return [context for each in DIRECTIVES if each.name == name for context in each.contexts]
