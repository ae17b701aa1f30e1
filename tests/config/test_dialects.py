import pytest

from stickyproxy.config.dialects import (
    ApacheCookie,
    CookieSettings,
    HaproxyCookie,
    HeaderSticky,
    NginxCookie,
    SessionSticky,
)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SessionSticky(), (b"; Path=/", b"")),
        (SessionSticky(path=None), (b"", b"")),
        (
            SessionSticky(domain=b"d", path=b"/p", attributes=(b"Secure", b"X=1")),
            (b"; Domain=d; Path=/p", b"; Secure; X=1"),
        ),
        (HaproxyCookie(b"SRV", domain=b"d", attributes=(b"HttpOnly",)), (b"; path=/; domain=d", b"; HttpOnly")),
        (ApacheCookie(b"ROUTEID", domain=b"d", attributes=(b"HttpOnly",)), (b"; path=/; domain=d", b"; HttpOnly")),
        (NginxCookie(b"route", path=None), (b"", b"")),
        (
            NginxCookie(b"route", domain=b"d", path=b"/p", attributes=(b"httponly",)),
            (b"", b"; domain=d; httponly; path=/p"),
        ),
    ],
)
def test_spelling(settings: CookieSettings, expected: tuple[bytes, bytes]) -> None:
    """Each dialect has its own spelling and order of attributes, around the cookie's lifetime."""
    assert expected == settings.spelling


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SessionSticky(), False),
        (SessionSticky(maxage=5), False),
        (HaproxyCookie(maxidle=1.0), True),
        (SessionSticky(maxlife=1.0), True),
    ],
)
def test_dated(settings: CookieSettings, expected: bool) -> None:
    """One of the two limits makes the cookie tell dates."""
    assert expected is settings.dated


@pytest.mark.parametrize("settings", [SessionSticky(keys=(b"hush",)), HeaderSticky(b"X", keys=(b"hush",))])
def test_keys_are_not_shown(settings: object) -> None:
    """Whoever prints settings prints no keys."""
    assert "hush" not in repr(settings)
