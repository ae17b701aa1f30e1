"""A request that is passed to a server: its tries, and what streams between client and server."""

from twisted.internet.defer import Deferred
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
from stickyproxy.proxy.body import RequestBody
from stickyproxy.proxy.error_pages import reason_phrase
from stickyproxy.proxy.exchange import CLIENT_CLOSED, Exchange, Router
from stickyproxy.proxy.outcome import Try
from stickyproxy.proxy.recipes import RequestRecipe
from stickyproxy.proxy.retries import IDEMPOTENT, may_try_next
from stickyproxy.proxy.scope import Scope
from stickyproxy.proxy.upstream import Upstream
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Claim, Memory

# What becomes of sessions that have no server any more, where they are not to move.
_LOST = (Affinity.INVALID, Affinity.DOWN)

_log = Logger()


class Forward(Exchange):
    """One client request and its tries.

    It runs one way: recall, assign, send; the response comes, remember, answer. Only a try that fails before anything
    went to the client leads back to assign.
    """

    __slots__ = (
        "_body",
        "_claim",
        "_connecting",
        "_connection",
        "_peer",
        "_recipe",
        "_since",
        "_tried",
        "_tunnel",
        "_upstream",
    )

    def __init__(
        self, site: Router, scope: Scope, channel: Channel, message: Message, upstream: Upstream, recipe: RequestRecipe
    ) -> None:
        super().__init__(site, scope, channel, message)
        self.upstream_name = upstream.name
        self._upstream = upstream
        self._recipe = recipe
        self._claim: Claim = NO_CLAIM
        self._body = RequestBody(message.head.chunked, complete=not message.head.has_body)
        self._since = self.started
        self._tried: list[Peer] = []
        # The try in progress: its peer, and how far it is.
        self._peer: Peer | None = None
        self._connecting: Deferred[ServerConnection] | None = None
        self._connection: ServerConnection | None = None
        # What the request has become by a 101.
        self._tunnel: Tunnel | None = None

    # -- a try ---------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        head, message = self.head, self.message
        if message.complete:
            self._body.add(message.chunks, True)
            if self._too_large():
                self.refuse(413)
                return
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
        self._peer = peer = assignment.peer
        if peer is None:
            refusal = policy.refusal if assignment.affinity in _LOST else None
            why = f", its session is refused ({assignment.reason.value.decode()})" if refusal else ""
            self._complain(f"no server of {self.upstream_name.decode()} takes the request{why}")
            cleared = _lines(policy.forget(self._claim)) if refusal else []
            self.refuse(refusal or (after.status if after else 502), cleared)
            return
        self._tried.append(peer)
        peer.acquire()
        self.tries.append(Try(self.upstream_name, peer.name, now))
        connection = None if self.scope.settings.proxy_protocol else upstream.agent.take(peer.address)
        if connection is None:
            self._connect(peer)
        elif connection.stale:
            # Closed, so that a request would be lost there; or with bytes that nobody asked for, which would be taken
            # for its response.
            connection.close()
            self._connect(peer)
        else:
            self._send(connection)

    def _connect(self, peer: Peer) -> None:
        settings = self.scope.settings
        opening = b""
        if settings.proxy_protocol:
            ends = self.ends
            opening = write_header(ProxyHeader(ends.peer_host, ends.peer_port, ends.local_host, ends.local_port))
        connecting = self._upstream.agent.connect(peer.address, settings.proxy_connect_timeout, opening)
        self._connecting = connecting
        connecting.addCallbacks(self._connected, self._not_connected).addErrback(self._broken)

    def _connected(self, connection: ServerConnection) -> None:
        self._connecting = None
        self._send(connection)

    def _not_connected(self, failure: Failure) -> None:
        if self._connecting is None:
            # Given up by ourselves.
            return
        self._connecting = None
        fault = failure.value
        if not isinstance(fault, ServerFault):
            failure.raiseException()
        self.server_failed(fault)

    def _broken(self, failure: Failure) -> None:
        _log.failure("a request could not be sent", failure)
        self._fail(500)

    def _send(self, connection: ServerConnection) -> None:
        """Send the head and what is here of the body in one write; the rest follows as it comes."""
        self.tries[-1].connected = self.site.seconds()
        self._connection = connection
        body = self._body
        settings = self.scope.settings
        data = self._recipe.head(self, self._claim.cookies)
        data += body.framed(body.kept)
        body.sent()
        connection.send(
            b"".join(data),
            self,
            self.head.method,
            body.complete,
            settings.proxy_read_timeout,
            settings.proxy_send_timeout,
            self._recipe.upgrade(self.head),
        )
        if not body.complete:
            self.channel.want_body()

    @property
    def received(self) -> int:
        return self._body.size + (self._tunnel.server.sent if self._tunnel else 0)

    @property
    def bytes_sent(self) -> int:
        return self.channel.bytes_sent + (self._tunnel.client.sent if self._tunnel else 0)

    # -- the request's body --------------------------------------------------------------------------------------------

    def body_received(self, chunks: list[bytes], complete: bool) -> None:
        body, connection = self._body, self._connection
        body.add(chunks, complete)
        if self._too_large():
            self._fail(413)
        elif connection is not None:
            data = body.framed(chunks)
            body.sent()
            connection.write(b"".join(data))
            if complete:
                connection.finish()

    def body_failed(self, fault: ClientFault) -> None:
        self._fail(fault.status)

    def _too_large(self) -> bool:
        limit = self.scope.settings.client_max_body_size
        return 0 < limit < self._body.size

    def server_paused(self) -> None:
        if not self._body.complete:
            self.channel.hold_body()

    def server_resumed(self) -> None:
        if not self._body.complete:
            self.channel.release_body()

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
        if ended:
            # The connection is no longer ours, whatever becomes of the answer.
            self._connection = None
        if head is not None:
            self.response = head
            attempt = self.tries[-1]
            attempt.status = head.status
            attempt.head_received = now = self.site.seconds()
            if head.status >= 400 and self._another_is_left() and self._may_try_next(f"http_{head.status}", False, now):
                self._hold_body()
                failed = head.status not in (403, 404)
                attempt.fault = f"answered {head.status}" if failed else ""
                self._end_try(now, failed)
                self._assign(now)
                return
            assert self._peer is not None
            self._peer.success(now - attempt.started, now)
            if head.status == 101:
                self._switch(head, self._peer, now)
            else:
                self._answer(head, self._peer, now)
        if chunks:
            size = sum(map(len, chunks))
            self.body_bytes += size
            self.tries[-1].body_bytes += size
            self.channel.write(chunks)
        if ended:
            self._end_try(self.site.seconds(), failed=False)
            self.channel.end()
        else:
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
        memory = self._upstream.policy.remember(set_cookies, self._claim, peer.server, response.status, now, self)
        if memory is not NO_MEMORY:
            lines += _lines(memory)
        if not response.first(b"date"):
            lines.append(b"Date: %b\r\n" % imf_fixdate(int(now)))
        self.status = status
        self.scope.recipe.add(self, status, lines)
        self.sent = lines
        return lines

    def _switch(self, response: ResponseHead, peer: Peer, now: float) -> None:
        """Pass a 101 on and leave both connections to a tunnel; the try lasts as long as that does."""
        connection = self._connection
        assert connection is not None
        lines = [*self._fields(response, peer, now), line(b"Upgrade", response.first(b"upgrade"))]
        deadlines, idle = self._upstream.agent.deadlines, self.scope.settings.proxy_read_timeout
        self._tunnel = tunnel = Tunnel(deadlines, idle, self._tunnel_over)
        from_server = connection.switch(tunnel.server)
        tunnel.open(self.channel.switch(response.reason, lines, tunnel.client), from_server)

    def _tunnel_over(self) -> None:
        assert self._tunnel is not None
        self.body_bytes = self.tries[-1].body_bytes = self._tunnel.client.sent
        self._end_try(self.site.seconds(), failed=False)
        self.conclude()

    def client_paused(self) -> None:
        if self._connection is not None:
            self._connection.hold()

    def client_resumed(self) -> None:
        if self._connection is not None:
            self._connection.release()

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    def server_failed(self, fault: ServerFault) -> None:
        now = self.site.seconds()
        self._connection = None
        self.tries[-1].fault = str(fault) if fault.blames else ""
        peer = self._peer
        assert peer is not None
        if self.status:
            # A part of the answer is out: cut it, so that nobody takes it for the whole.
            self._complain(str(fault), peer)
            self._end_try(now, failed=True)
            self.channel.abort()
            self.conclude()
        elif isinstance(fault, ConnectionStale) and self.head.method in IDEMPOTENT and self._body.resendable:
            self._hold_body()
            self._connect(peer)
        else:
            self._complain(str(fault), peer)
            self._hold_body()
            self.tries[-1].status = fault.status
            again = self._may_try_next(fault.condition, fault.unsent, now)
            self._end_try(now, failed=fault.blames)
            if again:
                self._assign(now, fault)
            else:
                self.refuse(fault.status)

    def _complain(self, what: str, peer: Peer | None = None) -> None:
        """Tell the operator what went wrong with which request."""
        _log.error(
            "{server}{what}; {method} {target} of {client}",
            server=f"{peer.name.decode()}: " if peer else "",
            what=what,
            method=self.head.method.decode(),
            target=self.head.target.decode("ascii", "backslashreplace"),
            client=self.ends.peer_host.decode(),
        )

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

    def _another_is_left(self) -> bool:
        """Whether a server is left to try; if not, the client gets the error that this one sent."""
        upstream = self._upstream
        may_move = upstream.policy.refusal is None or self._claim.server is None
        return may_move and upstream.group.is_another_left(self._tried)

    def _hold_body(self) -> None:
        """Take no more of the body while there is no server for it."""
        if not self._body.complete:
            self.channel.hold_body()

    def _end_try(self, now: float, failed: bool) -> None:
        """The try is over: whoever took part in it is free."""
        peer, connection, connecting = self._peer, self._connection, self._connecting
        self._peer = self._connection = self._connecting = None
        if connecting is not None:
            connecting.cancel()
        if connection is not None:
            connection.close()
        if peer is not None:
            self.tries[-1].ended = now
            peer.release()
            if failed:
                peer.failure(now)

    def _fail(self, status: int) -> None:
        """The client's fault ends the try: answer `status`, or cut the answer that has begun."""
        self._end_try(self.site.seconds(), failed=False)
        if self.status:
            self.channel.abort()
            self.conclude()
        else:
            self.refuse(status)

    def client_lost(self) -> None:
        self._end_try(self.site.seconds(), failed=False)
        self.status = self.status or CLIENT_CLOSED
        self.conclude()


def _lines(memory: Memory) -> list[bytes]:
    """The field lines by which a client remembers."""
    lines = [line(b"Set-Cookie", value) for value in memory.set_cookies]
    lines += [line(name, value) for name, value in memory.fields]
    if memory.private:
        lines.append(b"Cache-Control: private\r\n")
    return lines
