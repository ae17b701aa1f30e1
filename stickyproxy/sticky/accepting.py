"""`accept =`: several dialects are read while one is written, so that a site moves without losing a session."""

from collections.abc import Sequence

from attrs import evolve, frozen

from stickyproxy.config.settings import Server
from stickyproxy.frozen import frozen_by_type
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Memory, StickyPolicy

# Whom to believe: a known server, then dates that are good, then such as are over, then a name that nobody has.
_BELIEF = {Affinity.VALID: 4, Affinity.EXPIRED: 2, Affinity.INVALID: 1, Affinity.NONE: 0}
_GOOD_DATES = 3


@frozen
class Dialect:
    """A dialect that is read besides the written one. `cleared` are the Set-Cookie values that end its cookie."""

    policy: StickyPolicy
    cleared: Sequence[bytes] = ()


@frozen_by_type
class Heard(Claim):
    """The claim that counts, and what the request claims in each dialect, the written one first."""

    each: Sequence[Claim] = ()


class Accepting:
    """The first dialect that names a known server decides; the answer speaks the written one."""

    __slots__ = ("_accepted", "_written", "policies", "refusal")

    def __init__(self, written: StickyPolicy, accepted: Sequence[Dialect]) -> None:
        self.refusal = written.refusal
        self._written = written
        self._accepted = accepted
        self.policies = (written, *(dialect.policy for dialect in accepted))

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Heard:
        onward = cookies
        each = []
        for policy in self.policies:
            claim = policy.recall(cookies, asker, now)
            each.append(claim)
            # What one dialect keeps from the server, the next must not bring back.
            onward = claim.cookies if onward is cookies else policy.recall(onward, asker, now).cookies
        told = max(each, key=_belief)
        renew = told.renew or told is not each[0]
        heard = Heard(told.affinity, onward, told.server, told.first_seen, renew, each)
        if self.refusal and each[0].affinity is Affinity.NONE and self._would_last(heard):
            return evolve(heard, affinity=Affinity.NONE)
        return heard

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        memory = self._written.remember(set_cookies, claim, server, status, now, asker)
        if not memory.ours:
            # The client was told nothing new: it needs its old cookie still.
            return memory
        assert isinstance(claim, Heard)
        cleared = [
            value
            for dialect, old in zip(self._accepted, claim.each[1:], strict=True)
            if old.affinity is not Affinity.NONE
            for value in dialect.cleared
        ]
        return evolve(memory, set_cookies=(*memory.set_cookies, *cleared)) if cleared else memory

    def _would_last(self, claim: Heard) -> bool:
        """Whether a refusal would come ever again: an id of the application's that names no server is not cleared."""
        return claim.affinity is Affinity.INVALID and self.forget(claim) is NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        if claim.affinity is not Affinity.INVALID:
            # A server that is merely out: one dialect knows the cookie that another, of the same name, does not.
            return NO_MEMORY
        assert isinstance(claim, Heard)
        forgotten = [policy.forget(each) for policy, each in zip(self.policies, claim.each, strict=True)]
        cleared = dict.fromkeys(value for memory in forgotten for value in memory.set_cookies)
        private = any(memory.private for memory in forgotten)
        return Memory(tuple(cleared), private) if cleared else NO_MEMORY


def _belief(claim: Claim) -> int:
    """How far a claim is believed: that of a server that is gone too, where another dialect cannot read its dates."""
    if claim.affinity is Affinity.INVALID and claim.first_seen is not None:
        return _GOOD_DATES
    return _BELIEF[claim.affinity]
