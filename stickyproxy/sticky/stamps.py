"""How a cookie's value tells the server and two dates, in each dialect's spelling: one codec each."""

from collections.abc import Sequence
from hmac import compare_digest
from math import inf
from typing import Protocol

from attrs import frozen

from stickyproxy.sticky.cookies import is_plausible
from stickyproxy.sticky.sids import SEAL_LENGTH, seal

# More digits than any date has that is not too far ahead.
_LONGEST_DATE = 12
# A longer value cannot be ours, and its seal is not worth the work.
_LONGEST_SEALED = 1024

# HAProxy's alphabet, digit 0 first, and its digits.
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_DIGIT = {byte: digit for digit, byte in enumerate(_ALPHABET)}
_DIGITS = 5


@frozen
class Stamp:
    """What a value says. Dates are epoch seconds, None where a dialect lets a value do without."""

    sid: bytes
    last_seen: int | None
    first_seen: int | None


class Stamps(Protocol):
    """One spelling."""

    @property
    def patience(self) -> float:
        """How old, in seconds, a session's last date may become before it is renewed."""

    def read(self, value: bytes) -> Stamp | None:
        """Read a value; None if it is not of this spelling."""

    def write(self, sid: bytes, last_seen: int, first_seen: int) -> bytes:
        """Write a value."""


class DecimalStamps:
    """Tengine's `SID|LASTSEEN|FIRSTSEEN`, renewed by every answer."""

    __slots__ = ()

    patience = -inf

    def read(self, value: bytes) -> Stamp | None:
        parts = value.split(b"|")
        return _decimal(*parts) if len(parts) == 3 else None

    def write(self, sid: bytes, last_seen: int, first_seen: int) -> bytes:
        return b"%b|%d|%d" % (sid, last_seen, first_seen)


class SealedStamps:
    """Tengine's value with a seal behind it, `SID|LASTSEEN|FIRSTSEEN|SEAL`, that only the key can make."""

    __slots__ = ("_key",)

    patience = -inf

    def __init__(self, key: bytes) -> None:
        self._key = key

    def read(self, value: bytes) -> Stamp | None:
        told, bar, sealed = value.rpartition(b"|")
        if not bar or len(sealed) != SEAL_LENGTH or len(value) > _LONGEST_SEALED:
            # Junk, and any number of copies of it, costs no HMAC.
            return None
        if not compare_digest(sealed, self._seal(told)):
            return None
        return _decimal(*told.split(b"|"))

    def write(self, sid: bytes, last_seen: int, first_seen: int) -> bytes:
        told = b"%b|%d|%d" % (sid, last_seen, first_seen)
        return told + b"|" + self._seal(told)

    def _seal(self, told: bytes) -> bytes:
        return seal(self._key, b"dates " + told)


class HaproxyStamps:
    """HAProxy's `VALUE|LASTSEEN`, and with `maxlife` `VALUE|LASTSEEN|FIRSTSEEN`, in units of four seconds.

    As there, a date that is malformed or missing is as good as none, and a value without dates is a session all the
    same (http_ana.c, http_manage_client_side_cookies).
    """

    __slots__ = ("_maxlife",)

    patience = 4

    def __init__(self, maxlife: bool) -> None:
        self._maxlife = maxlife

    def read(self, value: bytes) -> Stamp | None:
        if not is_plausible(value):
            return None
        sid, *dates = value.split(b"|")
        return Stamp(sid, _date(dates, 0), _date(dates, 1))

    def write(self, sid: bytes, last_seen: int, first_seen: int) -> bytes:
        value = sid + b"|" + _base64(last_seen)
        return value + b"|" + _base64(first_seen) if self._maxlife else value


def _decimal(sid: bytes, last: bytes, first: bytes) -> Stamp | None:
    if last.isdigit() and first.isdigit() and len(last) <= _LONGEST_DATE and len(first) <= _LONGEST_DATE:
        return Stamp(sid, int(last), int(first))
    return None


def _base64(seconds: int) -> bytes:
    """Five digits, the most significant first, of the 30 lowest bits of a quarter of the seconds."""
    quarter = seconds >> 2
    return bytes(_ALPHABET[quarter >> shift & 63] for shift in range(6 * (_DIGITS - 1), -1, -6))


def _date(dates: Sequence[bytes], at: int) -> int | None:
    if at >= len(dates) or len(dates[at]) < _DIGITS:
        return None
    quarter = 0
    for byte in dates[at][:_DIGITS]:
        digit = _DIGIT.get(byte)
        if digit is None:
            return None
        quarter = quarter << 6 | digit
    return quarter << 2 or None
