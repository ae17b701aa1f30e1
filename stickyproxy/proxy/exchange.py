"""One client request: the facts about it, the proxy's own answers, and its end in an Outcome."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from twisted.logger import Logger

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment
from stickyproxy.config.settings import REDIRECTS, ErrorPage
from stickyproxy.dates import imf_fixdate
from stickyproxy.errors import ClientFault
from stickyproxy.http.channel import Channel
from stickyproxy.http.reader import Message
from stickyproxy.http.response import ResponseHead
from stickyproxy.http.words import Ends
from stickyproxy.proxy.error_pages import error_page, reason_phrase
from stickyproxy.proxy.limits import Places, leave
from stickyproxy.proxy.outcome import Outcome, Try
from stickyproxy.proxy.scope import Scope

# The status under which a client that left is logged (nginx's NGX_HTTP_CLIENT_CLOSED_REQUEST).
CLIENT_CLOSED = 499

_SERVER = b"Server: stickyproxy\r\n"
_log = Logger()
_serials = count(1)


class Router(Protocol):
    """What an exchange needs of the site it belongs to."""

    @property
    def seconds(self) -> Callable[[], float]:
        """The clock: a call gives epoch seconds."""

    def redirect(self, exchange: "Exchange", uri: bytes) -> "Exchange":
        """Return an exchange for a GET of `uri` on the same channel and the same server name."""


class Exchange:
    """What all exchanges have in common; each kind of location has a class of its own, which says how it serves.

    It is the channel's handler of one request, and what variables are read from while the request runs.
    """

    __slots__ = (
        "_is_error_page",
        "_lines_too",
        "_status_instead",
        "asked",
        "assignment",
        "body_bytes",
        "channel",
        "ends",
        "head",
        "message",
        "nth",
        "places",
        "received",
        "response",
        "scope",
        "sent",
        "serial",
        "site",
        "started",
        "status",
        "tries",
        "upstream_name",
    )

    def __init__(self, site: Router, scope: Scope, channel: Channel, message: Message) -> None:
        self.site = site
        self.scope = scope
        self.channel = channel
        self.message = message
        # The two ends of the client's connection, as far as we believe those who tell who the client is.
        self.ends: Ends = (
            channel.ends if scope.real_ip is None else scope.real_ip.ends(channel.ends, message.head.fields)
        )
        self.asked = self.head = message.head
        self.serial = next(_serials)
        self.nth = channel.requests
        self.started = site.seconds()
        self.status = 0
        # How many bytes of the request's body have come, and of the answer's have been sent.
        self.received = self.body_bytes = 0
        self.upstream_name = b""
        self.tries: list[Try] = []
        self.assignment: Assignment | None = None
        self.response: ResponseHead | None = None
        self.sent: Sequence[bytes] = ()
        # Whether this serves an error page, the status it goes out with (0: its own), and field lines to go with it.
        self._status_instead = 0
        self._lines_too: Sequence[bytes] = ()
        self._is_error_page = False
        # What `limit_conn` counts it as.
        self.places: Places | None = ()

    # -- facts ---------------------------------------------------------------------------------------------------------

    @property
    def server_name(self) -> bytes:
        """The first name of the virtual server."""
        return self.scope.server_name

    @property
    def finished(self) -> float:
        """Now, as long as the request runs."""
        return self.site.seconds()

    @property
    def bytes_sent(self) -> int:
        """What the client was sent so far, heads and framing included."""
        return self.channel.bytes_sent

    @property
    def body_timeout(self) -> float:
        return self.scope.settings.client_body_timeout

    @property
    def send_timeout(self) -> float:
        return self.scope.settings.send_timeout

    # -- what the channel tells ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        fault = self.message.fault
        limits = self.scope.limits
        if limits is not None and fault is None and not self._is_error_page:
            self.places = limits.enter(self)
        limit = self.scope.settings.client_max_body_size
        if fault is not None:
            self.refuse(fault.status)
        elif self.places is None:
            self.refuse(self.scope.settings.limit_conn_status)
        elif self.scope.guarded and not self.scope.admits(self.ends.peer_host):
            self.refuse(403)
        elif limit and self.head.length is not None and self.head.length > limit:
            self.refuse(413)
        else:
            self.serve()

    def serve(self) -> None:
        """Answer a request that may enter and is not too large."""
        raise NotImplementedError

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        """Only for those that want a body."""

    def body_failed(self, fault: ClientFault) -> None:
        self.refuse(fault.status)

    def client_lost(self) -> bool:
        self.status = CLIENT_CLOSED
        self.conclude()
        return False

    def client_paused(self) -> None:
        """Only for those that stream."""

    def client_resumed(self) -> None:
        """Only for those that stream."""

    def answered(self) -> None:
        self.conclude()

    # -- answers of our own --------------------------------------------------------------------------------------------

    def respond(self, status: int, lines: Sequence[bytes], body: bytes) -> None:
        """Answer with `body`; `lines` are field lines."""
        self.status = status = self._status_instead or status
        self.sent = out = [_SERVER, b"Date: %b\r\n" % imf_fixdate(int(self.site.seconds())), *lines, *self._lines_too]
        self.scope.recipe.add(self, status, out)
        self.body_bytes = 0 if self.head.method == b"HEAD" else len(body)
        self.channel.start(status, reason_phrase(status), out, len(body))
        self.channel.write([body])
        self.channel.end()

    def refuse(self, status: int, lines: Sequence[bytes] = ()) -> None:
        """Answer with an error: the page that `error_page` names, or a plain one.

        What is malformed gets a plain one: nothing of it reaches a server, as a request for a page would.
        """
        plain = self._is_error_page or self.message.fault is not None
        page = None if plain else self.scope.error_page(status)
        if page is None:
            status = self._status_instead or status
            content_type, body = error_page(status, self.head.first(b"accept"))
            self.respond(status, [b"Content-Type: %b\r\n" % content_type, *lines], body)
        elif page.uri.startswith("/"):
            self._show(page, status, lines)
        else:
            status = page.status if page.status in REDIRECTS else 302
            self.respond(status, [b"Location: %b\r\n" % page.uri.encode(), *lines], b"")

    def _show(self, page: ErrorPage, status: int, lines: Sequence[bytes]) -> None:
        """Hand over to the exchange that serves the error page; it goes on as the same request."""
        successor = self.site.redirect(self, page.uri.encode())
        successor.go_on(self, status if page.status is None else page.status, lines)
        self.channel.hand_over(successor)
        successor.begin()

    def go_on(self, before: "Exchange", status: int, lines: Sequence[bytes]) -> None:
        """Serve the error page of the exchange `before`, with `status` (0: the page's own) and `lines` besides."""
        self.asked = before.asked
        self.ends = before.ends
        self.upstream_name = self.upstream_name or before.upstream_name
        self.serial = before.serial
        self.started = before.started
        self.received = before.received
        self.tries = before.tries
        self.assignment = before.assignment
        self.places = before.places or ()
        self._status_instead = status
        self._lines_too = lines
        self._is_error_page = True

    def complain(self, what: str, peer: Peer | None = None) -> None:
        """Tell the operator what went wrong with which request."""
        _log.error(
            "{server}{what}; {method} {target} of {client}",
            server=f"{peer.name.decode()}: " if peer else "",
            what=what,
            method=self.head.method.decode(),
            target=self.head.target.decode("ascii", "backslashreplace"),
            client=self.ends.peer_host.decode(),
        )

    # -- the end -------------------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """Let go of what was kept for the sake of the request; only for those that keep something."""

    def conclude(self) -> None:
        """The request is over, one way or the other: tell the observers."""
        self.let_go()
        if self.places:
            leave(self.places)
        outcome = Outcome(
            self.asked,
            self.head,
            self.ends,
            self.scope.server_name,
            self.serial,
            self.nth,
            self.started,
            self.site.seconds(),
            self.status,
            self.received,
            self.channel.bytes_sent,
            self.body_bytes,
            self.upstream_name,
            self.tries,
            self.assignment,
            self.response,
            self.sent,
        )
        for observe in self.scope.observers:
            try:
                observe(outcome)
            except Exception:  # noqa: BLE001 - one that fails keeps neither the others nor the next request
                _log.failure("an observer failed")
