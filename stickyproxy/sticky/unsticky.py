"""No stickiness: nothing is claimed, nothing is remembered, and every cookie passes."""

from collections.abc import Sequence

from stickyproxy.config.settings import Server
from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity, Asker, Claim, Memory


class Unsticky:
    """The policy of an upstream that has none."""

    __slots__ = ()

    refusal = None

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        return Claim(Affinity.NONE, cookies) if cookies else NO_CLAIM

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY
