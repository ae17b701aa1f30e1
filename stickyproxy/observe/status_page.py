"""`check_status`: the page on which the servers are seen, an ordinary twisted.web Resource."""

from collections.abc import Callable, Sequence

from twisted.web.http import BAD_REQUEST, NOT_ALLOWED
from twisted.web.resource import Resource
from twisted.web.server import Request

from stickyproxy.config.settings import FORMATS
from stickyproxy.config.values import choice
from stickyproxy.observe.status_formats import csv, json, prometheus, status
from stickyproxy.observe.status_html import html
from stickyproxy.observe.survey import Row, Survey

_PLAIN = b"text/plain; charset=utf-8"

# What each format is called and how it is written.
_FORMATS: dict[str, tuple[bytes, Callable[[Sequence[Row], Survey], str]]] = {
    "html": (b"text/html; charset=utf-8", lambda rows, survey: html(rows, survey.claims())),
    "csv": (_PLAIN, lambda rows, survey: csv(rows)),
    "json": (b"application/json", lambda rows, survey: json(rows, survey.generation)),
    "prometheus": (
        b"text/plain; version=0.0.4; charset=utf-8",
        lambda rows, survey: prometheus(rows, survey.generation),
    ),
}
_read_format = choice(*FORMATS)
_read_status = choice("up", "down")


class StatusPage(Resource):
    """Answers GET and HEAD, in the `usual` format unless `?format=` asks for another.

    `?status=up` and `?status=down` show only those servers.
    """

    isLeaf = True

    def __init__(self, survey: Survey, usual: str) -> None:
        super().__init__()
        self._survey = survey
        self._usual = usual

    def render(self, request: Request) -> bytes:
        request.setHeader(b"Server", b"stickyproxy")
        request.setHeader(b"Cache-Control", b"no-store")
        content_type, text = _PLAIN, ""
        if request.method not in (b"GET", b"HEAD"):
            request.setResponseCode(NOT_ALLOWED)
            request.setHeader(b"Allow", b"GET, HEAD")
        else:
            try:
                content_type, text = self._page(_argument(request, b"format"), _argument(request, b"status"))
            except ValueError as error:
                request.setResponseCode(BAD_REQUEST)
                text = f"{error}\n"
        body = text.encode()
        request.setHeader(b"Content-Type", content_type)
        request.setHeader(b"Content-Length", b"%d" % len(body))
        return b"" if request.method == b"HEAD" else body

    def _page(self, name: str, wanted: str) -> tuple[bytes, str]:
        """Write the page in the format of that name, of servers that are as `wanted`; raises ValueError."""
        content_type, write = _FORMATS[_read_format(name or self._usual)]
        rows = self._survey.rows()
        if wanted:
            _read_status(wanted)
            rows = [row for row in rows if status(row) == wanted]
        return content_type, write(rows, self._survey)


def _argument(request: Request, name: bytes) -> str:
    """The last argument of that name in the query; empty without one."""
    values: list[bytes] = (request.args or {}).get(name, [b""])
    return values[-1].decode("utf-8", "replace")
