"""nginx's `sticky learn`: the application's own session id, and which server gave it, kept in a table here."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial

from stickyproxy.config.settings import Server
from stickyproxy.sticky.cookies import bare
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Getter, Memory

# What one session costs in bytes where the tables of Python have just grown and are emptiest: 3,000 in a megabyte.
SESSION_SIZE = 349
# No session id is longer than the longest cookie.
_LONGEST_ID = 4096


class Sessions:
    """Which server has which session: so many at most; the one that was used longest ago makes room.

    Ids are kept as Python's own keyed hashes: 64 bits that nobody outside this process can foresee.
    """

    __slots__ = ("_heirs", "_most", "_sessions", "_timeout")

    def __init__(self, most: int, timeout: float) -> None:
        self._most = most
        self._timeout = timeout
        self._sessions: OrderedDict[int, tuple[Server, float]] = OrderedDict()
        # The lines in which servers stand now that stood in others when their sessions were learned.
        self._heirs: dict[Server, Server] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def put(self, session: bytes, server: Server, now: float) -> None:
        """Note, or note again, that the session is on that server."""
        sessions, key = self._sessions, hash(session)
        sessions[key] = (server, now)
        sessions.move_to_end(key)
        if len(sessions) > self._most:
            sessions.popitem(last=False)

    def find(self, session: bytes, now: float) -> Server | None:
        """Return the server of a session, which has been used then; None if it is not known, or its time is over."""
        sessions, key = self._sessions, hash(session)
        found = sessions.get(key)
        if found is None:
            return None
        server, used = found
        if now - used > self._timeout:
            del sessions[key]
            return None
        sessions[key] = (server, now)
        sessions.move_to_end(key)
        return self._heirs.get(server, server)

    def take_over(self, before: "Sessions", heirs: Mapping[Server, Server]) -> None:
        """Go on with the table of another, which requests in progress still write to; `heirs` are its servers now."""
        self._sessions = before._sessions  # noqa: SLF001
        known = before._heirs  # noqa: SLF001
        self._heirs = {first: heirs.get(last, last) for first, last in known.items()} | dict(heirs)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)


class Learn:
    """Learns from the heads of answers and looks up in requests; nothing is ever written."""

    __slots__ = ("_create", "_lookup", "sessions")

    refusal = None

    def __init__(self, create: Sequence[Getter], lookup: Sequence[Getter], sessions: Sessions) -> None:
        self._create = create
        self._lookup = lookup
        self.sessions = sessions

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        session = _first(self._lookup, asker)
        if not session:
            return Claim(Affinity.NONE, cookies)
        server = self.sessions.find(session, now)
        return Claim(Affinity.INVALID if server is None else Affinity.VALID, cookies, server)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        session = self._created(asker)
        if session:
            self.sessions.put(session, server, now)
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY

    def _created(self, asker: Asker) -> bytes:
        """The session that the answer tells of; empty if it tells of none."""
        return _first(self._create, asker)


class LearnAtEnd(Learn):
    """Learns when an answer is here to its end: one that breaks off tells of no session."""

    __slots__ = ()

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        session = self._created(asker)
        if session:
            return Memory(set_cookies, at_end=partial(self.sessions.put, session, server))
        return Memory(set_cookies) if set_cookies else NO_MEMORY


def _first(getters: Sequence[Getter], asker: Asker) -> bytes:
    """The first value that is not empty, without quotes; one that is too long for a session id is none."""
    for getter in getters:
        value = bare(getter(asker))
        if 0 < len(value) <= _LONGEST_ID:
            return value
    return b""
