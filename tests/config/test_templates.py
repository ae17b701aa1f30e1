from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.templates import NAMES, PREFIXES, Template, Variable, parse_template


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ()),
        ([""], ()),
        (["plain"], (b"plain",)),
        (["é"], ("é".encode(),)),
        (["$host"], (Variable("host"),)),
        (["https://$host$request_uri"], (b"https://", Variable("host"), Variable("request_uri"))),
        (["${host}s"], (Variable("host"), b"s")),
        (["$host-x"], (Variable("host"), b"-x")),
        (["a", "b $host", "s"], (b"ab ", Variable("host"), b"s")),
        (["$HOST"], (Variable("host"),)),
        (["$http_X_Tenant"], (Variable("http_x_tenant"),)),
        (["$cookie_JSESSIONID"], (Variable("cookie_JSESSIONID"),)),
        (["$COOKIE_aB"], (Variable("cookie_aB"),)),
        (["$arg_Id"], (Variable("arg_Id"),)),
        (["$upstream_cookie_Sid"], (Variable("upstream_cookie_Sid"),)),
        (["$sent_http_ETag"], (Variable("sent_http_etag"),)),
        (["}{"], (b"}{",)),
    ],
)
def test_parse(words: list[str], parts: tuple[bytes | Variable, ...]) -> None:
    """Variables and literal bytes come in order; words are joined with nothing between them, but each read alone."""
    assert Template(parts) == parse_template(*words)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("$remote_adr", ('unknown variable "$remote_adr"; did you mean "$remote_addr"?',)),
        ("$colour", ('unknown variable "$colour"',)),
        ("$http_", ('unknown variable "$http_"; did you mean "$http_host"?',)),
        ("$1", ('unknown variable "$1"',)),
        ("5$", ('"$" names no variable; expected $name or ${name}',)),
        ("$$host", ('"$" names no variable; expected $name or ${name}',)),
        ("${}", ('"$" names no variable; expected $name or ${name}',)),
        ("${host", ('"${host" has no closing brace; expected ${name}',)),
        ("${ho-st}", ('"${ho" has no closing brace; expected ${name}',)),
        ("$a $b", ('unknown variable "$a"', 'unknown variable "$b"')),
    ],
)
def test_parse_refuses(complaints: Callable[..., list[str]], word: str, expected: tuple[str, ...]) -> None:
    """Each unknown or malformed variable is a fault of its own; a dollar cannot be escaped."""
    assert [*expected] == complaints(parse_template, word)


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_characters="$", codec="utf-8")), st.sampled_from(sorted(NAMES)).map(Variable)
        )
    )
)
def test_templates_come_back(parts: list[str | Variable]) -> None:
    """Whatever is written with literal texts and variables is read as just that."""
    words = "".join(f"${{{part.name}}}" if isinstance(part, Variable) else part for part in parts)
    read = "".join(
        f"${{{part.name}}}" if isinstance(part, Variable) else part.decode() for part in parse_template(words).parts
    )
    assert words == read
    assert [part for part in parts if isinstance(part, Variable)] == [
        part for part in parse_template(words).parts if isinstance(part, Variable)
    ]


def test_names_are_lower_case() -> None:
    """Variables are looked up by lower-case names, so that is how the known ones are spelled."""
    assert {*NAMES, *PREFIXES} == {name.lower() for name in (*NAMES, *PREFIXES)}
