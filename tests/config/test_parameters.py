from collections.abc import Callable, Sequence
from typing import Any

import pytest

from stickyproxy.config import values
from stickyproxy.config.parameters import parse_parameters


def parse(words: Sequence[str]) -> dict[str, Any]:
    """Read a number, a text that may be repeated, and a flag."""
    return parse_parameters(words, {"n": values.number(0), "text": str}, flags=("flag",), repeatable=("text",))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["n=1", "flag"], {"n": 1, "flag": True}),
        (['n="1"'], {"n": 1}),
        (['text="'], {"text": ['"']}),
        (["text=a=b", "text="], {"text": ["a=b", ""]}),
    ],
)
def test_parse(words: list[str], expected: dict[str, object]) -> None:
    """Values are read by name, quotes around them stripped; flags are True; repeatable ones are lists."""
    assert expected == parse(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["n=x"], ['n: "x" is wrong; expected a whole number from 0 to 2147483647']),
        (["n=1", "n=2"], ['parameter "n" is given twice; expected once']),
        (
            ["n=x", "n=2"],
            [
                'n: "x" is wrong; expected a whole number from 0 to 2147483647',
                'parameter "n" is given twice; expected once',
            ],
        ),
        (["flag=on"], ['parameter "flag" takes no value; expected flag alone']),
        (["n"], ['parameter "n" lacks its value; expected n=...']),
        (["fla"], ['unknown parameter "fla"; expected n= text= flag; did you mean "flag"?']),
        (["txt=a"], ['unknown parameter "txt=a"; expected n= text= flag; did you mean "text="?']),
        (
            ["nX=1", "flagX"],
            [
                'unknown parameter "nX=1"; expected n= text= flag; did you mean "n="?',
                'unknown parameter "flagX"; expected n= text= flag; did you mean "flag"?',
            ],
        ),
        (["=1"], ['unknown parameter "=1"; expected n= text= flag; did you mean "n="?']),
    ],
)
def test_parse_refuses(complaints: Callable[..., list[str]], words: list[str], expected: list[str]) -> None:
    """Names are exact, and every fault of a line is told."""
    assert expected == complaints(parse, words)
