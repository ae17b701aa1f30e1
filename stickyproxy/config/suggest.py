"""What the operator may have meant: the known word nearest to a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of a fault's message: `; did you mean "x"?`, or nothing when no known word is near."""
    near = get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
