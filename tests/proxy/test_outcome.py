from stickyproxy.proxy.outcome import Try
from tests.proxy.facts import facts


def test_try() -> None:
    """A try begins with an address and a moment, and everything else about it has still to happen."""
    begun = Try(b"app", b"10.0.0.1:80", 1_000.0)
    assert (b"10.0.0.1:80", 1_000.0) == (begun.address, begun.started)
    assert (None, None, None) == (begun.connected, begun.head_received, begun.ended)
    assert (0, 0) == (begun.status, begun.body_bytes)


def test_outcome_of_our_own_answer() -> None:
    """A request that went to no server has no tries, no assignment and no response."""
    outcome = facts()
    assert (b"", (), None, None) == (outcome.upstream_name, outcome.tries, outcome.assignment, outcome.response)
