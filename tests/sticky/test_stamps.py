import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.sticky.stamps import DecimalStamps, HaproxyStamps, SealedStamps, Stamp, Stamps

KEY = b"k" * 32
SEALED = SealedStamps(KEY)
SIDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='|~;,"\\='), min_size=1).map(
    str.encode
)
DATES = st.integers(0, 10**12 - 1)
# As far as thirty bits of quarters go; date 0 is none.
HAPROXY_DATES = st.integers(1, (1 << 30) - 1).map(lambda quarter: quarter << 2)


@given(SIDS, DATES, DATES)
@pytest.mark.parametrize("stamps", [DecimalStamps(), SEALED])
def test_decimal_round_trip(stamps: Stamps, sid: bytes, last: int, first: int) -> None:
    """What is written is read again."""
    assert Stamp(sid, last, first) == stamps.read(stamps.write(sid, last, first))


@given(SIDS, HAPROXY_DATES, HAPROXY_DATES, st.integers(0, 3))
def test_haproxy_round_trip(sid: bytes, last: int, first: int, rest: int) -> None:
    """HAProxy's dates are read to four seconds; the first one is there with `maxlife` alone."""
    both, one = HaproxyStamps(maxlife=True), HaproxyStamps(maxlife=False)
    assert Stamp(sid, last, first) == both.read(both.write(sid, last + rest, first + rest))
    assert Stamp(sid, last, None) == one.read(one.write(sid, last + rest, first + rest))


def test_as_haproxy_writes_it() -> None:
    """A date seen on a running HAProxy: five digits, the most significant first."""
    stamps = HaproxyStamps(maxlife=True)
    assert b"s1|awIod|awIod" == stamps.write(b"s1", 1795303540, 1795303540)
    assert Stamp(b"s1", 1795303540, 1795303540) == stamps.read(b"s1|awIod|awIod")


@pytest.mark.parametrize(
    ("value", "last", "first"),
    [
        (b"s1", None, None),
        (b"s1|", None, None),
        (b"s1|awIo", None, None),
        (b"s1|aw:od|awIod", None, 1795303540),
        (b"s1|AAAAA", None, None),
        (b"s1|awIodXYZ", 1795303540, None),
        (b"s1|awIod|awIo", 1795303540, None),
        (b"s1|awIod|awIod|more", 1795303540, 1795303540),
    ],
)
def test_haproxy_forgives_dates(value: bytes, last: int | None, first: int | None) -> None:
    """As in HAProxy a date that is missing or malformed is as good as none; what follows one does not count."""
    assert Stamp(b"s1", last, first) == HaproxyStamps(maxlife=True).read(value)


@pytest.mark.parametrize("value", [b"", b"s1|awIod|aw Iod", b"s1|\x80", b"s1|" + b"x" * 4094])
def test_what_haproxy_has_not_written(value: bytes) -> None:
    """Nothing at all, odd bytes, and more than 4 KiB are no cookie of anybody's."""
    assert None is HaproxyStamps(maxlife=True).read(value)


@pytest.mark.parametrize("value", [b"", b"a", b"a|1", b"a|1|2|3", b"a||1", b"a|x|1", b"a|1|-5", b"a|1|" + b"1" * 13])
def test_malformed_dates(value: bytes) -> None:
    """Tengine's value has two dates of at most twelve digits, or is none."""
    assert None is DecimalStamps().read(value)


@given(st.data(), SIDS, DATES, DATES)
def test_nothing_can_be_changed(data: st.DataObject, sid: bytes, last: int, first: int) -> None:
    """A sealed value with any byte changed is not of our making."""
    value = bytearray(SEALED.write(sid, last, first))
    at = data.draw(st.integers(0, len(value) - 1))
    value[at] ^= data.draw(st.integers(1, 255))
    assert None is SEALED.read(bytes(value))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"|",
        b"a|1|1",
        b"a|1|1|",
        SealedStamps(b"other" * 8).write(b"a", 1, 1),
        b"a" * 1024 + b"|1|1",
        SEALED.write(b"a" * 1024, 1, 1),
    ],
)
def test_unsealed(value: bytes) -> None:
    """A value without a seal, with that of another key, or longer than any of ours, is not read."""
    assert None is SEALED.read(value)


def test_seal_as_it_stands_on_the_wire() -> None:
    """The seal is half an HMAC-SHA256 over server and dates, so that proxies with one key read each other's."""
    assert b"a|1000000|990000|0cafef61fb3c617304ab1420681f473f" == SEALED.write(b"a", 1000000, 990000)
