"""Answers of servers, judged in however many pieces they come."""

from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.health.words import Conversation, Failed, Passed


def verdict(conversation: Conversation, answer: bytes, ended: bool = False) -> str:
    """Say in a word what an answer comes to: passed, kept, more, or why it failed.

    However it is cut, it comes to the same, and nothing is said on the strength of a part that the whole does not bear.
    """
    whole = word(conversation.judge(answer, ended))

    @given(st.integers(0, len(answer)))
    def hold(cut: int) -> None:
        part = word(conversation.judge(answer[:cut], False))
        assert part in ("more", whole) or {"kept", "passed"} == {part, whole}

    hold()
    return whole


def word(judged: Passed | Failed | None) -> str:
    match judged:
        case Passed(kept):
            return "kept" if kept else "passed"
        case Failed(reason):
            return reason
        case None:
            return "more"
