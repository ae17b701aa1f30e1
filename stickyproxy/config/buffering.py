"""What of requests and answers may wait in the proxy, in memory and in files (ngx_http_proxy_module)."""

from collections.abc import Callable
from typing import Any

from attrs import frozen

Value = Callable[[str], Any]


@frozen
class Buffering:
    """`proxy_buffering` and its kin: what of an answer may wait for a slow client, in bytes.

    `memory` is what `proxy_buffers` hold together, `file` how much more a file in `path` may (None: the system's
    folder for temporary files), and `busy` how much of it is handed to the client's connection at a time.
    """

    on: bool
    memory: int
    busy: int
    file: int
    path: str | None

    @classmethod
    def of(cls, value: Value) -> "Buffering":
        """Read the directives, each of which `value` gives."""
        count, size = value("proxy_buffers")
        return cls(
            value("proxy_buffering"),
            count * size,
            value("proxy_busy_buffers_size"),
            value("proxy_max_temp_file_size"),
            value("proxy_temp_path"),
        )


@frozen
class RequestBuffering:
    """`proxy_request_buffering`: whether a server gets a body only when it is `whole`, and how much is kept in memory.

    A longer one waits in a file in `path`, as in Buffering; one that is passed on as it comes is not kept then.
    """

    whole: bool
    memory: int
    path: str | None

    @classmethod
    def of(cls, value: Value) -> "RequestBuffering":
        """Read the directives, each of which `value` gives."""
        return cls(value("proxy_request_buffering"), value("client_body_buffer_size"), value("client_body_temp_path"))
