import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.sticky.cookies import cut, find, is_plausible, prefix_value, replace_value, sets, taken_out, values

TOKEN = b"route="

# A cookie pair as it may stand in a Cookie line: anything but a semicolon, and not the cookie that is edited.
others = st.binary(min_size=1).filter(
    lambda pair: b";" not in pair and not pair.strip(b" \t").startswith(TOKEN) and pair.strip(b" \t") != b""
)
ours = st.builds(
    lambda blanks, value: blanks + TOKEN + value,
    st.sampled_from([b"", b" ", b"\t ", b"  "]),
    st.binary().filter(lambda value: b";" not in value),
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([b"route=B"], [b"B"]),
        ([b"a=1; route=B"], [b"B"]),
        ([b"route=B; a=1"], [b"B"]),
        ([b"a=1;route=B;b=2"], [b"B"]),
        ([b"a=1; \t route=B"], [b"B"]),
        ([b"  route=B"], [b"B"]),
        ([b"route=B "], [b"B"]),
        ([b"route= B"], [b"B"]),
        ([b"route="], [b""]),
        ([b'route="B"'], [b"B"]),
        ([b'route="B" ; a=1'], [b"B"]),
        ([b'route="'], [b""]),
        ([b'route="B'], [b'"B']),
        ([b"route=B=C"], [b"B=C"]),
        ([b"route=A; route=B"], [b"A", b"B"]),
        ([b"route=A; a=1", b"b=2; route=B"], [b"A", b"B"]),
        ([b"xroute=A"], []),
        ([b"x route=A"], []),
        ([b"xroute=A; route=B"], [b"B"]),
        ([b"route_meta=1; route=B"], [b"B"]),
        ([b"a=route=A; route=B"], [b"B"]),
        ([b"Route=A"], []),
        ([b"route"], []),
        ([b"route=A; xroute=B; route=C"], [b"A", b"C"]),
    ],
)
def test_values(lines: list[bytes], expected: list[bytes]) -> None:
    """Every copy is read, in order, by its whole name and without quotes."""
    assert expected == values(lines, TOKEN) == taken_out(lines, TOKEN)[0]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"route=B"], []),
        ([b"a=1; route=B"], [b"a=1"]),
        ([b"route=B; a=1"], [b"a=1"]),
        ([b"a=1; route=B; b=2"], [b"a=1; b=2"]),
        ([b"a=1;route=B;b=2"], [b"a=1;b=2"]),
        ([b"route=A; a=1; route=B"], [b"a=1"]),
        ([b"route=A; route=B"], []),
        ([b"route=B;"], []),
        ([b"; route=B; "], []),
        ([b"a=1; route=B; "], [b"a=1"]),
        ([b"route=A", b"a=1", b"b=2; route=B"], [b"a=1", b"b=2"]),
        ([b"xroute=A; route=B; route_meta=1"], [b"xroute=A; route_meta=1"]),
        ([b"xroute=A; ;"], [b"xroute=A; ;"]),
        ([b'a="x=1, y" ; route="B"'], [b'a="x=1, y" ']),
    ],
)
def test_taken_out(lines: list[bytes], expected: list[bytes]) -> None:
    """Cookies that are taken out leave well-formed lines, and no line at all where nothing is left."""
    assert expected == taken_out(lines, TOKEN)[1]


@given(before=st.lists(others), after=st.lists(others), own=st.lists(ours, min_size=1))
def test_others_stay(before: list[bytes], after: list[bytes], own: list[bytes]) -> None:
    """Whatever the other cookies are, not a byte of them changes when ours are hidden."""
    expected = b";".join(before + after).lstrip(b" \t")
    assert ([expected] if expected else []) == taken_out([b";".join([*before, *own, *after])], TOKEN)[1]


@given(line=st.binary())
def test_none_is_left(line: bytes) -> None:
    """Nothing is found any more where everything was taken out, and taking out again changes nothing."""
    _, hidden = taken_out([line], TOKEN)
    assert [] == values(hidden, TOKEN)
    assert ([], hidden) == taken_out(hidden, TOKEN)


@given(pairs=st.lists(st.one_of(others, ours)))
def test_values_are_of_whole_names(pairs: list[bytes]) -> None:
    """What is found is what splitting the line at every semicolon finds."""
    stripped = [pair.strip(b" \t") for pair in pairs]
    expected = [pair.removeprefix(TOKEN).strip(b" \t") for pair in stripped if pair.startswith(TOKEN)]
    unquoted = [value[1:-1] if value[:1] == b'"' == value[-1:] else value for value in expected]
    line = b";".join(pairs)
    assert unquoted == values([line], TOKEN) == taken_out([line], TOKEN)[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"route=S~V", b"route=V"),
        (b'route="S~V"', b'route="V"'),
        (b"route= S~V; a=S~V", b"route= V; a=S~V"),
        (b"a=S~; route=S~S~V", b"a=S~; route=S~V"),
    ],
)
def test_cut(line: bytes, expected: bytes) -> None:
    """The head of one value goes; its quotes, the rest of the value and all other cookies stay."""
    assert expected == cut(line, find(line, TOKEN), b"S~")


@given(before=st.lists(others), after=st.lists(others), value=st.binary().filter(lambda value: b";" not in value))
def test_cut_undoes_a_prefix(before: list[bytes], after: list[bytes], value: bytes) -> None:
    """A cookie that went out with a prefix and comes back loses it, and no other byte changes."""
    sent = prefix_value(TOKEN + value, b"sid~")
    line = b";".join([*before, sent, *after])
    assert b";".join([*before, TOKEN + value, *after]) == cut(line, find(line, TOKEN), b"sid~")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"B", True),
        (b"B" * 4096, True),
        (b"B" * 4097, False),
        (b"", False),
        (b"B C", False),
        (b"B\x80", False),
        (b"B,C", False),
        (b"B\x7f", False),
    ],
)
def test_is_plausible(value: bytes, expected: bool) -> None:
    """What is empty, over 4 KiB or written in bytes that no cookie has is nobody's sid."""
    assert expected is is_plausible(value)


@pytest.mark.parametrize(
    ("set_cookie", "expected"),
    [
        (b"route=B", True),
        (b"route=B; Path=/", True),
        (b"route =B", True),
        (b" route=", True),
        (b"route", False),
        (b"route; x=1", False),
        (b"Route=B", False),
        (b"userRoute=42", False),
        (b"route_meta=1", False),
        (b"a=1; Path=/route", False),
        (b"a=1; route=B", False),
        (b"a=route=B", False),
    ],
)
def test_sets(set_cookie: bytes, expected: bool) -> None:
    """A Set-Cookie is recognised by its whole name alone; values and attributes are not looked into."""
    assert expected is sets(set_cookie, b"route")


@pytest.mark.parametrize(
    ("set_cookie", "expected"),
    [
        (b"route=x", b"route=SID"),
        (b"route=", b"route=SID"),
        (b'route="x"; Path=/a=b; HttpOnly', b"route=SID; Path=/a=b; HttpOnly"),
        (b"route=a=b;Secure", b"route=SID;Secure"),
    ],
)
def test_replace_value(set_cookie: bytes, expected: bytes) -> None:
    """The value is exchanged and the attributes stay as they are."""
    assert expected == replace_value(set_cookie, b"SID")


@given(name=st.binary(), value=st.binary(), attributes=st.binary())
def test_replace_value_leaves_attributes(name: bytes, value: bytes, attributes: bytes) -> None:
    """Whatever the attributes are, not a byte of them changes."""
    name, value = name.translate(None, b"=;"), value.translate(None, b";")
    assert name + b"=SID;" + attributes == replace_value(name + b"=" + value + b";" + attributes, b"SID")


def test_prefix_value() -> None:
    """The prefix stands in front of the value, quotes and all."""
    assert b'route=SID~"x=1"; Path=/' == prefix_value(b'route="x=1"; Path=/', b"SID~")
