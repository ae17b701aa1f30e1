from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config import values

Complaints = Callable[[Callable[[str], Any], str], list[str]]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0", 0.0),
        ("30", 30.0),
        ("500ms", 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1w", 604800.0),
        ("1M", 2592000.0),
        ("1y", 31536000.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("1m30", 90.0),
        ("1s500ms", 1.5),
        ("1y1M1w1d1h1m1s1ms", 34822861.001),
        ("2147483647", 2147483647.0),
    ],
)
def test_time(word: str, expected: float) -> None:
    """Times are nginx's: units in falling order, bare numbers are seconds."""
    assert expected == pytest.approx(values.time(word))


@pytest.mark.parametrize(
    "word", ["", " ", "s", "5x", "-1", "1.5s", "30m1h", "1m1m", "5 s", "1H", "٣", "1ss", "30 ", "1e3"]
)
def test_time_refuses(complaints: Complaints, word: str) -> None:
    """What is no time is refused with examples of what is."""
    expected = f'"{word}" is no time; expected a number with ms, s, m, h, d, w, M or y, such as 30s or 1h30m'
    assert [expected] == complaints(values.time, word)


@pytest.mark.parametrize("word", ["2147483648", "2147483647s1ms", "69y", "999999999999y"])
def test_time_that_never_ends(complaints: Complaints, word: str) -> None:
    """A time is bounded, so that a date so far from now is still a date."""
    assert [f'"{word}" is too long; expected at most 2147483647s, which is 68 years'] == complaints(values.time, word)


@given(st.lists(st.integers(0, 30), min_size=7, max_size=7))
def test_times_add_up(counts: list[int]) -> None:
    """A time of several units is the sum of the times of each."""
    words = [f"{count}{unit}" for count, unit in zip(counts, ["y", "M", "w", "d", "h", "m", "s"], strict=True)]
    assert sum(map(values.time, words)) == values.time("".join(words))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0", 0),
        ("512", 512),
        ("8k", 8192),
        ("8K", 8192),
        ("20m", 20 << 20),
        ("1M", 1 << 20),
        ("3g", 3 << 30),
        ("1G", 1 << 30),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_size(word: str, expected: int) -> None:
    """Sizes are bytes, or multiples of 1024 with k, m and g."""
    assert expected == values.size(word)


@pytest.mark.parametrize("word", ["9223372036854775808", "8589934592g", "999999999999999999g"])
def test_size_beyond_all_files(complaints: Complaints, word: str) -> None:
    """A size is bounded as nginx bounds it."""
    assert [f'"{word}" is too large; expected at most 9223372036854775807 bytes'] == complaints(values.size, word)


@given(st.integers(0, 2**33 - 1), st.sampled_from([("", 1), ("k", 2**10), ("m", 2**20), ("g", 2**30)]))
def test_sizes_come_back(count: int, unit: tuple[str, int]) -> None:
    """Every number with every unit is its product."""
    assert count * unit[1] == values.size(f"{count}{unit[0]}")


@pytest.mark.parametrize(
    ("read", "word", "expected"),
    [
        (values.number(0), "0", 0),
        (values.number(1), "2147483647", 2147483647),
        (values.number(300, 599), "404", 404),
        (values.choice("a", "b"), "b", "b"),
        (values.on_off, "on", True),
        (values.on_off, "off", False),
        (values.network, "127.0.0.1", ip_network("127.0.0.1/32")),
        (values.network, "10.0.0.0/8", ip_network("10.0.0.0/8")),
        (values.network, "::1", ip_network("::1/128")),
        (values.network, "fe80::/10", ip_network("fe80::/10")),
        (values.token, "X-Real-IP", b"X-Real-IP"),
        (values.printable, "é x", "é x"),
    ],
)
def test_reads(read: Callable[[str], Any], word: str, expected: object) -> None:
    """A sound word is read as what it stands for."""
    assert expected == read(word)


@pytest.mark.parametrize(
    ("read", "word", "expected"),
    [
        (values.size, "1t", '"1t" is no size; expected a number with k, m or g, such as 512k or 20m'),
        (values.size, "", '"" is no size; expected a number with k, m or g, such as 512k or 20m'),
        (values.size, "1.5m", '"1.5m" is no size; expected a number with k, m or g, such as 512k or 20m'),
        (values.number(1), "0", '"0" is wrong; expected a whole number from 1 to 2147483647'),
        (values.number(0), "-1", '"-1" is wrong; expected a whole number from 0 to 2147483647'),
        (values.number(0), "2147483648", '"2147483648" is wrong; expected a whole number from 0 to 2147483647'),
        (values.number(300, 599), "200", '"200" is wrong; expected a whole number from 300 to 599'),
        (values.choice("md5", "plain"), "md6", '"md6" is unknown; expected md5 or plain; did you mean "md5"?'),
        (values.choice("a"), "x", '"x" is unknown; expected a'),
        (values.on_off, "yes", '"yes" is unknown; expected on or off'),
        (values.network, "x", '"x" is no network; expected an address or CIDR, such as 10.0.0.0/8 or ::1'),
        (
            values.network,
            "10.0.0.0/33",
            '"10.0.0.0/33" is no network; expected an address or CIDR, such as 10.0.0.0/8 or ::1',
        ),
        (values.network, "10.0.0.1/8", '"10.0.0.1/8" has bits behind its mask; expected 10.0.0.0/8'),
        (values.token, "X Y", '"X Y" is no token; expected letters, digits and !#$%&\'*+-.^_`|~'),
        (values.token, "", '"" is no token; expected letters, digits and !#$%&\'*+-.^_`|~'),
        (values.token, "é", '"é" is no token; expected letters, digits and !#$%&\'*+-.^_`|~'),
        (values.printable, "a\r\nb", '"a\\x0d\\x0ab" holds a control character; expected printable text'),
    ],
)
def test_refuses(complaints: Complaints, read: Callable[[str], Any], word: str, expected: str) -> None:
    """A word that is refused is named, and what was expected too."""
    assert [expected] == complaints(read, word)
