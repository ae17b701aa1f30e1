"""`session_sticky = off` in a location: what is served there neither follows a session nor starts one."""

from collections.abc import Sequence

from stickyproxy.config.settings import Server
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Asker, Claim, Memory, StickyPolicy


class Bypass:
    """Claims nothing and remembers nothing; the servers are still shown no more of the cookies than elsewhere."""

    __slots__ = ("_policy",)

    refusal = None

    def __init__(self, policy: StickyPolicy) -> None:
        self._policy = policy

    def recall(self, cookies: Sequence[bytes], asker: Asker, now: float) -> Claim:
        return Claim(Affinity.NONE, self._policy.recall(cookies, asker, now).cookies)

    def remember(
        self, set_cookies: Sequence[bytes], claim: Claim, server: Server, status: int, now: float, asker: Asker
    ) -> Memory:
        return Memory(set_cookies) if set_cookies else NO_MEMORY

    def forget(self, claim: Claim) -> Memory:
        return NO_MEMORY
