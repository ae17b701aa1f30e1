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
    that is not closed, or closed in the middle of a word; and for a `;` at the end and a `#` that begins a word, which
    are nginx's own signs and here would be part of the value, unless they are quoted.
    """
    words = []
    at = _skip_space(text, 0)
    while at < len(text):
        quoted = text[at] in "\"'"
        match = (_QUOTED if quoted else _BARE).match(text, at)
        if match is None:
            raise ValueError(f"{text[at:]} is not closed; expected a {text[at]} at its end")
        word, end = match[0], match.end()
        at = _skip_space(text, end)
        if not quoted:
            _refuse_signs(word, last=at == len(text))
        elif end == at < len(text):
            expected = "no semicolon at the end" if text[at:].rstrip() == ";" else "a space between them"
            raise ValueError(f"{text[at:]} stands right after {word}; expected {expected}")
        words.append(_ESCAPE.sub(_unescape, word[1:-1] if quoted else word))
    return words


def _refuse_signs(word: str, last: bool) -> None:
    if word.startswith("#"):
        raise ValueError(f'"{word}" begins no comment here; expected the comment on a line of its own, or quotes')
    if last and word.endswith(";"):
        raise ValueError(f'"{word}" ends in a semicolon; expected no semicolon at the end, or quotes')


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])
