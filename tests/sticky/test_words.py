from stickyproxy.sticky.words import NO_CLAIM, NO_MEMORY, Affinity


def test_sticky_status() -> None:
    """The words of `$sticky_status` are fixed."""
    assert [b"none", b"invalid", b"valid", b"down", b"expired"] == [affinity.value for affinity in Affinity]


def test_nothing() -> None:
    """No claim and no memory are about no cookies and no server."""
    assert (Affinity.NONE, (), None, None) == (
        NO_CLAIM.affinity,
        NO_CLAIM.cookies,
        NO_CLAIM.server,
        NO_CLAIM.first_seen,
    )
    assert ((), False) == (NO_MEMORY.set_cookies, NO_MEMORY.private)
