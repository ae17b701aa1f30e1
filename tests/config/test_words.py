from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.words import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t ", []),
        ("a", ["a"]),
        ("  a \t b\r\n", ["a", "b"]),
        ('""', [""]),
        ("''", [""]),
        ('"a b" c', ["a b", "c"]),
        ("'a b' c", ["a b", "c"]),
        ('"it\'s"', ["it's"]),
        ("'say \"x\"'", ['say "x"']),
        ('"say \\"x\\""', ['say "x"']),
        (r'"HEAD / HTTP/1.0\r\n\r\n"', ["HEAD / HTTP/1.0\r\n\r\n"]),
        (r"a\tb", ["a\tb"]),
        (r"a\ b", [r"a\ b"]),
        (r"a\"b", ['a"b']),
        (r"a\\b", [r"a\b"]),
        (r"\.php$", [r"\.php$"]),
        ("a\\", ["a\\"]),
        ("a;b; c#d", ["a;b;", "c#d"]),
        ("a '#b' 'c;'", ["a", "#b", "c;"]),
        ('"a;" ', ["a;"]),
        ('attr="a;"', ['attr="a;"']),
        ('it"s', ['it"s']),
        ("it's", ["it's"]),
        ("$a ${b}", ["$a", "${b}"]),
        ('attr="a b" c', ['attr="a b"', "c"]),
        ('attr="a b', ['attr="a', "b"]),
        ('h3=":443"', ['h3=":443"']),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    """Words are parted by white space; quotes and backslashes are read as nginx reads them."""
    assert expected == split(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b c', '"b c is not closed; expected a " at its end'),
        ("'", "' is not closed; expected a ' at its end"),
        (r'"a\"', r'"a\" is not closed; expected a " at its end'),
        ('"a"b', 'b stands right after "a"; expected a space between them'),
        ("'a'\"b\"", "\"b\" stands right after 'a'; expected a space between them"),
        ("Host $host;", '"$host;" ends in a semicolon; expected no semicolon at the end, or quotes'),
        ("80 ; ", '";" ends in a semicolon; expected no semicolon at the end, or quotes'),
        ('attr="a b";', '"attr="a b";" ends in a semicolon; expected no semicolon at the end, or quotes'),
        ('X "y";', '; stands right after "y"; expected no semicolon at the end'),
        ("80 # http", '"#" begins no comment here; expected the comment on a line of its own, or quotes'),
        ("X #fff y", '"#fff" begins no comment here; expected the comment on a line of its own, or quotes'),
    ],
)
def test_split_refuses(complaints: Callable[..., list[str]], text: str, expected: str) -> None:
    """A quote that is not closed, or closed in the middle of a word, is refused; so are nginx's `;` and `#`."""
    assert [expected] == complaints(split, text)


@given(st.sampled_from("\"'"), st.lists(st.text()))
def test_quoted_words_come_back(quote: str, words: list[str]) -> None:
    """Any words, quoted and with their backslashes and quotes escaped, are read as they were."""
    quoted = [quote + word.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote for word in words]
    assert words == split(" ".join(quoted))


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'\\=#;"), min_size=1)))
def test_bare_words_come_back(words: list[str]) -> None:
    """Words without spaces, quotes, backslashes and nginx's own signs need no quotes."""
    assert words == split("  ".join(words))
