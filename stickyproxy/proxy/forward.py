"""A request that is passed to a server: its tries, and what streams between client and server."""

from collections.abc import Callable, Sequence

from twisted.logger import Logger
from twisted.python.failure import Failure

from stickyproxy.balance.peer import Peer
from stickyproxy.dates import imf_fixdate
from stickyproxy.errors import ClientFault, ConnectionStale, ServerFault
from stickyproxy.http.channel import Channel
from stickyproxy.http.connection import ServerConnection
from stickyproxy.http.fields import line
from stickyproxy.http.proxy_protocol import ProxyHeader, write_header
from stickyproxy.http.reader import Message
from stickyproxy.http.response import ResponseHead, bodiless
from stickyproxy.http.tunnel import Tunnel
from stickyproxy.proxy.attempt import Attempt
from stickyproxy.proxy.body import request_body
from stickyproxy.proxy.error_pages import reason_phrase
from stickyproxy.proxy.exchange import CLIENT_CLOSED, Exchange, Router
from stickyproxy.proxy.outcome import Try
from stickyproxy.proxy.recipes import RequestRecipe, memory_lines
from stickyproxy.proxy.retries import IDEMPOTENT, may_try_next
from stickyproxy.proxy.scope import Scope
from stickyproxy.proxy.slow_client import SlowClient, reads_ahead
from stickyproxy.proxy.upstream import Upstream
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Claim

_log = Logger()


class Forward(Exchange):
    """One client request and its tries.

    It runs one way: recall, assign, send; the response comes, remember, answer. Only a try that fails before anything
    went to the client leads back to assign.
    """

    __slots__ = "_at_end _attempt _body _claim _recipe _since _slow_client _tried _tunnel _upstream".split()

    def __init__(
        self, site: Router, scope: Scope, channel: Channel, message: Message, upstream: Upstream, recipe: RequestRecipe
    ) -> None:
        super().__init__(site, scope, channel, message)
        self.upstream_name = upstream.name
        self._upstream = upstream
        self._recipe = recipe
        self._claim: Claim = NO_CLAIM
        self._body = request_body(message.head, scope.settings.request_buffering)
        self._since = self.started
        self._tried: list[Peer] = []
        # The try in progress.
        self._attempt: Attempt | None = None
        # The client, once it has not kept up with the server.
        self._slow_client: SlowClient | None = None
        # What is to be done when the answer has come to its end.
        self._at_end: Callable[[float], None] | None = None
        # What the request has become by a 101.
        self._tunnel: Tunnel | None = None

    # -- a try ---------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        message = self.message
        if message.complete and message.chunks:
            self.body_received(message.chunks, True)
        elif self._body.ready:
            self._begin()
        else:
            self.channel.want_body()

    def _begin(self) -> None:
        """The request can go to a server."""
        head = self.head
        self._since = now = self.site.seconds() if self._is_error_page else self.started
        self._claim = self._upstream.policy.recall(head.cookies, self, now)
        self._assign(now)

    def _assign(self, now: float, after: ServerFault | None = None) -> None:
        """Have a server chosen and turn to it; if there is none, the fault `after` which it was asked for decides."""
        upstream = self._upstream
        policy = upstream.policy
        self.assignment = assignment = upstream.group.assign(
            self._claim, self._tried, now, policy.refusal is None, self
        )
        peer = assignment.peer
        if peer is None:
            refusal = upstream.refusal(assignment)
            why = f", its session is refused ({assignment.reason.value.decode()})" if refusal else ""
            self.complain(f"no server of {self.upstream_name.decode()} takes the request{why}")
            cleared = memory_lines(policy.forget(self._claim)) if refusal else []
            self.refuse(refusal or (after.status if after else 502), cleared)
            return
        self._tried.append(peer)
        facts = Try(self.upstream_name, peer.name, now)
        self.tries.append(facts)
        self._attempt = attempt = Attempt(upstream.agent, peer, facts)
        # A connection that begins with a PROXY header is for one request.
        connection = None if self.scope.settings.proxy_protocol else attempt.reuse()
        if connection is None:
            self._connect(attempt)
        else:
            self._send(connection, now)

    def _connect(self, attempt: Attempt) -> None:
        settings = self.scope.settings
        opening = b""
        if settings.proxy_protocol:
            ends = self.ends
            opening = write_header(ProxyHeader(ends.peer_host, ends.peer_port, ends.local_host, ends.local_port))
        attempt.connect(self, settings.proxy_connect_timeout, opening)

    def broken(self, failure: Failure) -> None:
        _log.failure("a request could not be sent", failure)
        self._fail(500)

    def connected(self, connection: ServerConnection) -> None:
        self._send(connection, self.site.seconds())

    def _send(self, connection: ServerConnection, now: float) -> None:
        """Send the head and what is here of the body in one write; the rest follows as it comes."""
        self.tries[-1].connected = now
        body = self._body
        try:
            data = self._recipe.head(self, self._claim.cookies, body.framing)
            data += body.begin()
            head = self.head
            upgrade = self._recipe.upgrade(head) if head.upgrade else b""
            connection.send(b"".join(data), self, head.method, body.given, self.scope.terms, upgrade)
            if not body.given:
                body.go_on(self.channel, connection)
        except OSError as error:
            self._lose_body(error)

    # -- the request's body --------------------------------------------------------------------------------------------

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        body, attempt = self._body, self._attempt
        limit = self.scope.settings.client_max_body_size
        self.received += sum(map(len, chunks))
        try:
            body.add(chunks, complete)
        except OSError as error:
            self._lose_body(error)
            return
        if 0 < limit < self.received:
            self._fail(413)
        elif attempt is None:
            if body.ready:
                self._begin()
        elif attempt.connection is not None:
            body.pass_on(chunks, attempt.connection)

    def body_failed(self, fault: ClientFault) -> None:
        self._fail(fault.status)

    def server_paused(self) -> None:
        self._body.server_paused(self.channel)

    def server_resumed(self) -> None:
        if self._attempt is not None and self._attempt.connection is not None:
            try:
                self._body.server_resumed(self.channel, self._attempt.connection)
            except OSError as error:
                self._lose_body(error)

    def _lose_body(self, error: OSError) -> None:
        """The file of a collected body cannot be written, or read again."""
        self.complain(f"the request's body cannot be kept: {error}")
        self._fail(500)

    # -- the response --------------------------------------------------------------------------------------------------

    def interim_received(self, head: ResponseHead) -> None:
        # An HTTP/1.0 client knows of none, and an error page's are not about what was asked for.
        if self.head.http11 and not self._is_error_page:
            lines, _ = self.scope.recipe.lines(self, head)
            self.channel.send_interim(head.status, head.reason, lines)

    def response_received(self, head: ResponseHead | None, chunks: list[bytes], ended: bool) -> None:
        try:
            self._take(head, chunks, ended)
        except Exception:  # noqa: BLE001 - a fault of our own: the client is owed an answer, or its end
            _log.failure("a response could not be passed on")
            self._fail(500)

    def _take(self, head: ResponseHead | None, chunks: list[bytes], ended: bool) -> None:
        attempt, now = self._attempt, self.site.seconds()
        assert attempt is not None
        facts = attempt.facts
        if ended:
            # The connection is no longer ours, whatever becomes of the answer.
            attempt.connection = None
        if head is not None:
            self.response = head
            facts.status = head.status
            facts.head_received = now
            if head.status >= 400 and self._may_try_instead(head.status, now):
                self._body.server_paused(self.channel)
                failed = head.status not in (403, 404)
                facts.fault = f"answered {head.status}" if failed else ""
                self._end_try(now, failed)
                self._assign(now)
                return
            attempt.peer.success(now - facts.started, now)
            if head.status == 101:
                self._switch(head, attempt, now)
            else:
                self._answer(head, attempt.peer, now)
        slow_client = self._slow_client
        if chunks:
            size = sum(map(len, chunks))
            facts.body_bytes += size
            if slow_client is None:
                self.body_bytes += size
                self.channel.write(chunks)
            else:
                slow_client.put(chunks, attempt.connection)
        if not ended:
            self.channel.flush()
            return
        # As `_end_try`, by one call less.
        self._attempt = None
        attempt.end(now, failed=False)
        if self._at_end is not None:
            self._at_end(now)
        if slow_client is None or not slow_client.waiting:
            self.channel.end()
        else:
            # What may still come of the request is for nobody.
            self._body.server_paused(self.channel)
            self.channel.flush()

    def _answer(self, response: ResponseHead, peer: Peer, now: float) -> None:
        """Start the answer."""
        lines = self._fields(response, peer, now)
        reason, length = response.reason, response.length
        if self.status != response.status:
            reason = reason_phrase(self.status)
            if bodiless(self.head.method, response.status):
                # The body that this length speaks of does not come, but with another status one would be awaited.
                length = 0
        self.channel.start(self.status, reason, lines, length)

    def _fields(self, response: ResponseHead, peer: Peer, now: float) -> list[bytes]:
        """Return the field lines of the answer: the server's, and what the client gets to remember."""
        lines, set_cookies = self.scope.recipe.lines(self, response)
        lines += self._lines_too
        status = self._status_instead or response.status
        memory = self._upstream.policy.remember(set_cookies, self._claim, peer.server, status, now, self)
        if memory is not NO_MEMORY:
            lines += memory_lines(memory)
            self._at_end = memory.at_end
        if not response.dated or b"date" in response.nominated:
            lines.append(b"Date: %b\r\n" % imf_fixdate(int(now)))
        self.status = status
        self.scope.recipe.add(self, status, lines)
        self.sent = lines
        return lines

    def _switch(self, response: ResponseHead, attempt: Attempt, now: float) -> None:
        """Pass a 101 on and leave both connections to a tunnel; the try lasts as long as that does."""
        connection = attempt.connection
        assert connection is not None
        lines = self._fields(response, attempt.peer, now)
        lines.append(line(b"Upgrade", response.first(b"upgrade")))
        if self._at_end is not None:
            self._at_end(now)
        deadlines, idle = self._upstream.agent.deadlines, self.scope.settings.proxy_read_timeout
        self._tunnel = tunnel = Tunnel(deadlines, idle, self._tunnel_over)
        from_server = connection.switch(tunnel.server)
        tunnel.open(self.channel.switch(response.reason, lines, tunnel.client), from_server)

    def _tunnel_over(self) -> None:
        tunnel = self._tunnel
        assert tunnel is not None
        self.body_bytes = self.tries[-1].body_bytes = tunnel.client.sent
        self.received += tunnel.server.sent
        self._end_try(self.site.seconds(), failed=False)
        self.channel.tunnel_over(self, tunnel.client.sent)

    def client_paused(self) -> None:
        attempt = self._attempt
        if self._slow_client is not None:
            self._slow_client.full = True
        elif attempt is not None and attempt.connection is not None:
            buffering = self.scope.settings.buffering
            if reads_ahead(buffering, self.response):
                self._slow_client = SlowClient(self.channel, buffering)
            else:
                attempt.connection.hold()

    def client_resumed(self) -> None:
        attempt, slow_client = self._attempt, self._slow_client
        connection = attempt.connection if attempt is not None else None
        if slow_client is not None:
            waited = slow_client.waiting
            slow_client.full = False
            self.body_bytes += slow_client.catch_up(connection)
            if slow_client.waiting or slow_client.full:
                return
            # It has caught up, and takes the rest as it comes.
            self._slow_client = None
            slow_client.close()
            if attempt is None and waited:
                # Else the server's last word, behind which nothing waited, has ended it.
                self.channel.end()
        elif connection is not None:
            connection.release()

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    def server_failed(self, fault: ServerFault) -> None:
        now = self.site.seconds()
        attempt = self._attempt
        assert attempt is not None
        attempt.connection = None
        attempt.facts.fault = str(fault) if fault.blames else ""
        peer = attempt.peer
        if self.status:
            # A part of the answer is out: cut it, so that nobody takes it for the whole.
            self.complain(str(fault), peer)
            self._end_try(now, failed=True)
            self.channel.abort()
            self.conclude()
        elif isinstance(fault, ConnectionStale) and self.head.method in IDEMPOTENT and self._body.resendable:
            self._body.server_paused(self.channel)
            self._connect(attempt)
        else:
            self.complain(str(fault), peer)
            self._body.server_paused(self.channel)
            attempt.facts.status = fault.status
            again = self._may_try_next(fault.condition, fault.unsent, now)
            self._end_try(now, failed=fault.blames)
            if again:
                self._assign(now, fault)
            else:
                assert self.assignment is not None
                self.refuse(self._upstream.refusal(self.assignment) or fault.status)

    def _may_try_next(self, condition: str, unsent: bool, now: float) -> bool:
        return may_try_next(
            self.scope.settings.proxy_next_upstream,
            condition,
            self.head.method,
            unsent,
            self._body.resendable,
            len(self._tried),
            now - self._since,
        )

    def _may_try_instead(self, status: int, now: float) -> bool:
        """Whether a server is left that may answer instead; if not, the client gets the error that this one sent."""
        is_left = self._upstream.is_another_left(self._claim, self._tried)
        return is_left and self._may_try_next(f"http_{status}", False, now)

    def _end_try(self, now: float, failed: bool) -> None:
        """The try is over: whoever took part in it is free."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.end(now, failed)

    def _fail(self, status: int) -> None:
        """The client's fault ends the try: answer `status`, or cut the answer that has begun."""
        self._end_try(self.site.seconds(), failed=False)
        if self.status:
            self.channel.abort()
            self.conclude()
        else:
            self.refuse(status)

    def client_lost(self) -> bool:
        attempt = self._attempt
        ignored = self.scope.settings.proxy_ignore_client_abort
        if ignored and attempt is not None and self._body.complete and not self._recipe.upgrade(self.head):
            if self._slow_client is not None:
                self._slow_client.full = False
            self.client_resumed()
            return True
        self._end_try(self.site.seconds(), failed=False)
        self.status = self.status or CLIENT_CLOSED
        self.conclude()
        return False

    # -- the end -------------------------------------------------------------------------------------------------------

    def refuse(self, status: int, lines: Sequence[bytes] = ()) -> None:
        self._body.close()
        super().refuse(status, lines)

    def let_go(self) -> None:
        if self._slow_client is not None:
            self._slow_client.close()
        # Of what has not come nothing is held.
        if self.received:
            self._body.close()
