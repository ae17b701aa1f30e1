"""Whether another server may be tried: `proxy_next_upstream`, decided from plain facts."""

from stickyproxy.config.settings import NextUpstream

# Methods whose request may be sent twice (RFC 9110 section 9.2.2).
IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


def may_try_next(
    policy: NextUpstream, condition: str, method: bytes, unsent: bool, resendable: bool, tries: int, elapsed: float
) -> bool:
    """Say whether a failed try may be followed by one at another server; nothing has gone to the client yet.

    `condition` is nginx's word for what happened, `unsent` that not a byte of the request reached the server,
    `resendable` that the body can be sent again, `tries` how many there were, `elapsed` seconds since the first.
    """
    if condition not in policy.conditions or not resendable:
        return False
    if not unsent and method not in IDEMPOTENT and "non_idempotent" not in policy.conditions:
        return False
    if policy.tries and tries >= policy.tries:
        return False
    return not policy.timeout or elapsed < policy.timeout
