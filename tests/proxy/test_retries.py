import pytest
from attrs import evolve

from stickyproxy.config.settings import NextUpstream
from stickyproxy.proxy.retries import may_try_next

IDEMPOTENT = (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE")
OTHERS = (b"POST", b"PATCH", b"LOCK", b"get", b"PURGE")
DEFAULT = NextUpstream(frozenset({"error", "timeout"}), tries=0, timeout=0.0)


def asked(
    policy: NextUpstream = DEFAULT,
    condition: str = "error",
    method: bytes = b"GET",
    unsent: bool = False,
    resendable: bool = True,
    tries: int = 1,
    elapsed: float = 0.0,
) -> bool:
    """Ask about a try that may be followed by another, but for what is said."""
    return may_try_next(policy, condition, method, unsent, resendable, tries, elapsed)


# Is the method idempotent, was the request not sent, can its body be sent again, does the policy say non_idempotent?
TRUTH = {
    (True, True, True, True): True,
    (True, True, True, False): True,
    (True, True, False, True): False,
    (True, True, False, False): False,
    (True, False, True, True): True,
    (True, False, True, False): True,
    (True, False, False, True): False,
    (True, False, False, False): False,
    (False, True, True, True): True,
    (False, True, True, False): True,
    (False, True, False, True): False,
    (False, True, False, False): False,
    (False, False, True, True): True,
    (False, False, True, False): False,
    (False, False, False, True): False,
    (False, False, False, False): False,
}


@pytest.mark.parametrize(("facts", "expected"), TRUTH.items())
def test_what_may_be_sent_again(facts: tuple[bool, bool, bool, bool], expected: bool) -> None:
    """A request goes out again if its method allows it or nothing was sent, and if its body is still there."""
    idempotent, unsent, resendable, told = facts
    policy = evolve(DEFAULT, conditions=frozenset({"error", "non_idempotent"} if told else {"error"}))
    answers = {
        asked(policy, method=method, unsent=unsent, resendable=resendable)
        for method in (IDEMPOTENT if idempotent else OTHERS)
    }
    assert {expected} == answers


@pytest.mark.parametrize(
    ("conditions", "allowed"),
    [
        ({"error", "timeout"}, {"error", "timeout"}),
        ({"error"}, {"error"}),
        (set(), set()),
        ({"non_idempotent"}, set()),
        ({"http_503", "http_404"}, {"http_503", "http_404"}),
        ({"invalid_header"}, {"invalid_header"}),
    ],
)
def test_conditions(conditions: set[str], allowed: set[str]) -> None:
    """Only what proxy_next_upstream names leads to another server."""
    happenings = {"error", "timeout", "invalid_header", "http_404", "http_502", "http_503"}
    policy = evolve(DEFAULT, conditions=frozenset(conditions))
    assert allowed == {condition for condition in happenings if asked(policy, condition)}


def test_defaults() -> None:
    """Without a word errors and timeouts lead to another server, and answers do not."""
    assert (True, True, False, False) == tuple(
        asked(condition=condition) for condition in ("error", "timeout", "invalid_header", "http_502")
    )


@pytest.mark.parametrize(
    ("limit", "tries", "expected"), [(0, 1, True), (0, 99, True), (1, 1, False), (2, 1, True), (2, 2, False)]
)
def test_tries(limit: int, tries: int, expected: bool) -> None:
    """There are never more tries than proxy_next_upstream_tries, where 0 is no limit."""
    assert expected == asked(evolve(DEFAULT, tries=limit), tries=tries)


@pytest.mark.parametrize(
    ("limit", "elapsed", "expected"),
    [(0.0, 0.0, True), (0.0, 1e6, True), (5.0, 0.0, True), (5.0, 4.999, True), (5.0, 5.0, False), (5.0, 6.0, False)],
)
def test_timeout(limit: float, elapsed: float, expected: bool) -> None:
    """No try begins when proxy_next_upstream_timeout has passed, where 0 is no limit."""
    assert expected == asked(evolve(DEFAULT, timeout=limit), elapsed=elapsed)
