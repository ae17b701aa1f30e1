"""A directive's arguments, split and unquoted as nginx does it (ngx_conf_read_token)."""

import re

_SPACE = re.compile(r"[ \t\r\n]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
# name="a b" stays one word, its quotes included; nginx would end the word at the space.
_BARE = re.compile(r'(?:="(?:[^"\\]|\\.)*"|\\.|[^ \t\r\n])+', re.DOTALL)
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}


def split(text: str) -> list[str]:
    """Split one argument list into its words.

    Words are parted by white space, or stand whole in single or double quotes; a backslash quotes the character after
    it, and `\\"`, `\\'`, `\\\\`, `\\t`, `\\r` and `\\n` stand for what they do in nginx. Raises ValueError for a quote
    that is not closed, or closed in the middle of a word.
    """
    words = []
    at = _skip_space(text, 0)
    while at < len(text):
        quoted = text[at] in "\"'"
        match = (_QUOTED if quoted else _BARE).match(text, at)
        if match is None:
            raise ValueError(f"{text[at:]} is not closed; expected a {text[at]} at its end")
        at = match.end()
        if quoted and at < len(text) and text[at] not in " \t\r\n":
            raise ValueError(f"{text[at:]} stands right after {match[0]}; expected a space between them")
        words.append(_ESCAPE.sub(_unescape, match[0][1:-1] if quoted else match[0]))
        at = _skip_space(text, at)
    return words


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])
