"""Values with nginx's variables in them, `https://$host$request_uri`, parsed once when the configuration is loaded.

This room knows which variables there are; `proxy.variables` knows what each is worth during a request.
"""

from attrs import frozen

# Names that stand alone, as in nginx's own list, and ours (`$sticky_...`).
NAMES = frozenset(
    """
    args body_bytes_sent bytes_sent connection connection_requests content_length content_type document_uri host
    hostname http_host is_args msec nginx_version proxy_add_x_forwarded_for proxy_host proxy_port query_string
    remote_addr remote_port remote_user request request_id request_length request_method request_time request_uri
    scheme sent_http_content_type server_addr server_name server_port server_protocol status sticky_reason
    sticky_server sticky_sid sticky_status time_iso8601 time_local upstream_addr upstream_connect_time
    upstream_header_time upstream_name upstream_response_length upstream_response_time upstream_status uri
    """.split()
)

# Families: what follows the prefix names a field, a cookie or a query argument.
PREFIXES = ("http_", "cookie_", "arg_", "sent_http_", "upstream_http_", "upstream_cookie_")


@frozen
class Variable:
    """One variable in a template: its name without the `$`."""

    name: str


@frozen
class Template:
    """A value with variables: literal bytes and variables in the order in which they are written out."""

    parts: tuple[bytes | Variable, ...]
