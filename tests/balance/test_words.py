from stickyproxy.balance.words import Reason


def test_sticky_reason() -> None:
    """The words of `$sticky_reason` are fixed."""
    assert [b"bound", b"new", b"unknown", b"expired", b"down", b"sick", b"failed", b"full"] == [
        reason.value for reason in Reason
    ]
