"""Values with nginx's variables in them, `https://$host$request_uri`, parsed once when the configuration is loaded.

This room knows which variables there are; `proxy.variables` knows what each is worth during a request.
"""

import re
from collections.abc import Iterator

from attrs import frozen

from stickyproxy.config.suggest import suggest

# Names that stand alone, as in nginx's own list, and ours (`$sticky_...`).
NAMES = frozenset(
    """
    args body_bytes_sent bytes_sent connection connection_requests content_length content_type document_uri host
    hostname http_host is_args msec proxy_add_x_forwarded_for proxy_host proxy_protocol_addr proxy_protocol_port
    proxy_protocol_server_addr proxy_protocol_server_port query_string realip_remote_addr realip_remote_port
    remote_addr remote_port remote_user request request_id request_length request_method request_time request_uri
    scheme server_addr server_name server_port server_protocol ssl_cipher ssl_protocol ssl_server_name status
    sticky_reason sticky_server sticky_status time_iso8601 time_local upstream_addr upstream_connect_time
    upstream_header_time upstream_name upstream_response_length upstream_response_time upstream_status uri
    """.split()
)

# Families: what follows the prefix names a field, a cookie or a query argument.
PREFIXES = ("http_", "cookie_", "arg_", "sent_http_", "upstream_http_", "upstream_cookie_")

# Cookies and query arguments are told apart by case, header fields are not.
_EXACT_PREFIXES = ("cookie_", "arg_", "upstream_cookie_")

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]*)(\})?|([A-Za-z0-9_]*))")


@frozen
class Variable:
    """One variable in a template: its name without the `$`."""

    name: str


@frozen
class Template:
    """A value with variables: literal bytes and variables in the order in which they are written out."""

    parts: tuple[bytes | Variable, ...]


def parse_template(*words: str) -> Template:
    """Compile `words`, written one right after the other; `$name` and `${name}` are variables, the rest is UTF-8.

    As in nginx a `$` is always a variable and cannot be escaped. Names are lower-cased, but for what follows
    `cookie_`, `arg_` and `upstream_cookie_`. Raises ValueError for a variable that is unknown or malformed; each
    argument of the exception is one fault.
    """
    faults: list[str] = []
    parts: list[bytes | Variable] = []
    for word in words:
        for part in _parse(word, faults):
            if isinstance(part, bytes) and parts and isinstance(parts[-1], bytes):
                parts[-1] += part
            else:
                parts.append(part)
    if faults:
        raise ValueError(*faults)
    return Template(tuple(parts))


def _parse(word: str, faults: list[str]) -> Iterator[bytes | Variable]:
    at = 0
    for match in _VARIABLE.finditer(word):
        if match.start() > at:
            yield word[at : match.start()].encode()
        at = match.end()
        braced, closed, bare = match.groups()
        if braced is not None and not closed:
            faults.append(f'"{match[0]}" has no closing brace; expected ${{name}}')
            continue
        try:
            yield Variable(_name(braced if bare is None else bare))
        except ValueError as error:
            faults.append(str(error))
    if at < len(word):
        yield word[at:].encode()


def _name(written: str) -> str:
    """The name of a variable as the other rooms know it."""
    if not written:
        raise ValueError('"$" names no variable; expected $name or ${name}')
    lower = written.lower()
    if lower in NAMES:
        return lower
    for prefix in PREFIXES:
        if lower.startswith(prefix) and len(lower) > len(prefix):
            return prefix + written[len(prefix) :] if prefix in _EXACT_PREFIXES else lower
    raise ValueError(f'unknown variable "${written}"{_suggest(lower)}')


def _suggest(name: str) -> str:
    return suggest(f"${name}", [f"${known}" for known in NAMES])
