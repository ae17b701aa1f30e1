from collections.abc import Callable

import pytest

from stickyproxy.config.settings import JvmRoute, SessionSticky
from stickyproxy.config.stickiness import parse_jvm_route, parse_session_sticky
from stickyproxy.config.words import split

NO_TOKEN = "is no token; expected letters, digits and !#$%&'*+-.^_`|~"
NO_VALUE = "cannot stand in a cookie; expected printable ASCII without ;"
HOST_REJECTED = (
    "cookie=__Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
    "expected secure, path=/ and no domain="
)
PARAMETERS = (
    "cookie= domain= path= maxage= mode= option= maxidle= maxlife= fallback= hash= samesite= attr= "
    "secure httponly partitioned nocache"
)
REJECTED = "browsers reject such a cookie; expected secure with it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SessionSticky()),
        ("cookie=uid", SessionSticky(cookie=b"uid")),
        ("mode=prefix option=direct", SessionSticky(mode="prefix")),
        ("mode=rewrite option=indirect", SessionSticky(mode="rewrite", indirect=True)),
        ("hash=plain fallback=off", SessionSticky(hash="plain", fallback=False)),
        ("domain=.example.org path=/app", SessionSticky(domain=b".example.org", path=b"/app")),
        ("path=", SessionSticky(path=None)),
        ("maxage=3600", SessionSticky(maxage=3600)),
        ("maxage=2h", SessionSticky(maxage=7200)),
        ("maxidle=30m maxlife=8h", SessionSticky(maxidle=1800.0, maxlife=28800.0)),
        ("maxidle=90", SessionSticky(maxidle=90.0)),
        ("nocache", SessionSticky(nocache=True)),
        ('cookie="uid"', SessionSticky(cookie=b"uid")),
        ("samesite=lax httponly", SessionSticky(attributes=(b"HttpOnly", b"SameSite=Lax"))),
        (
            'attr="Priority=High" partitioned samesite=none attr=x httponly secure',
            SessionSticky(
                attributes=(b"Secure", b"HttpOnly", b"SameSite=None", b"Partitioned", b"Priority=High", b"x"),
            ),
        ),
        ('attr="a b"', SessionSticky(attributes=(b"a b",))),
        ("mode=prefix path=/x domain=d maxage=5", SessionSticky(mode="prefix", path=b"/x", domain=b"d", maxage=5)),
        ("cookie=__Host-sid secure", SessionSticky(cookie=b"__Host-sid", attributes=(b"Secure",))),
        ("cookie=__Secure-sid secure", SessionSticky(cookie=b"__Secure-sid", attributes=(b"Secure",))),
    ],
)
def test_session_sticky(text: str, expected: SessionSticky) -> None:
    """The parameters are Tengine's with its defaults, and the attributes that its cookie lacks, in a fixed order."""
    assert expected == parse_session_sticky(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "mode=insertXYZ",
            ['mode: "insertXYZ" is unknown; expected insert, rewrite or prefix; did you mean "insert"?'],
        ),
        ("option=none", ['option: "none" is unknown; expected indirect or direct']),
        ("hash=sha1", ['hash: "sha1" is unknown; expected md5 or plain']),
        ("samesite=Lax", ['samesite: "Lax" is unknown; expected strict, lax or none; did you mean "lax"?']),
        ("fallback=of", ['fallback: "of" is unknown; expected on or off; did you mean "off"?']),
        ("cookie=a;b", [f'cookie: "a;b" {NO_TOKEN}']),
        ("cookie=", [f'cookie: "" {NO_TOKEN}']),
        ("domain=", [f'domain: "" {NO_VALUE}']),
        ("domain=a;b", [f'domain: "a;b" {NO_VALUE}']),
        (r'"path=/\r\n"', [f'path: "/\\x0d\\x0a" {NO_VALUE}']),
        ("attr=é", [f'attr: "é" {NO_VALUE}']),
        ("attr=Secure", ['attr: "Secure" has a parameter of its own; expected secure']),
        ("attr=SameSite=None", ['attr: "SameSite=None" has a parameter of its own; expected samesite=']),
        ("maxage=500ms", ['maxage: "500ms" is no whole number of seconds; expected such as 3600 or 1h']),
        ("samesite=none", [f"samesite=none without secure: {REJECTED}"]),
        ("partitioned", [f"partitioned without secure: {REJECTED}"]),
        ("cookie=__Secure-x", [f"cookie=__Secure-... without secure: {REJECTED}"]),
        (
            "cookie=__Host-x secure path=/app",
            [
                HOST_REJECTED,
            ],
        ),
        ("mode=prefix maxidle=5", ['parameter "maxidle" does not apply to mode=prefix; expected mode=insert with it']),
        (
            "mode=rewrite maxlife=5 secure",
            [
                'parameter "maxlife" does not apply to mode=rewrite; expected mode=insert with it',
                'parameter "secure" does not apply to mode=rewrite; expected mode=insert with it',
            ],
        ),
        (
            "secur",
            [
                f'unknown parameter "secur"; expected {PARAMETERS}; did you mean "secure"?',
            ],
        ),
    ],
)
def test_session_sticky_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What cannot be, would do nothing or would be thrown away by browsers is refused."""
    assert expected == complaints(parse_session_sticky, split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$cookie_JSESSIONID", JvmRoute(b"JSESSIONID", b"JSESSIONID")),
        ("$cookie_JSESSIONID|jsessionid", JvmRoute(b"JSESSIONID", b"jsessionid")),
        ("$cookie_JSESSIONID|jsessionid reverse", JvmRoute(b"JSESSIONID", b"jsessionid")),
        ("$cookie_a forward fallback=off", JvmRoute(b"a", b"a", forward=True, fallback=False)),
    ],
)
def test_jvm_route(text: str, expected: JvmRoute) -> None:
    """The name in the URL is the cookie's when left out, and reverse is the default."""
    assert expected == parse_jvm_route(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("JSESSIONID", ['"JSESSIONID" names no cookie; expected $cookie_NAME or $cookie_NAME|URLNAME']),
        ("$arg_x", ['"$arg_x" names no cookie; expected $cookie_NAME or $cookie_NAME|URLNAME']),
        ("$cookie_", [f'"" {NO_TOKEN}']),
        ("$cookie_a|", ['"" cannot be a name in a URL; expected one without ; ? & / # = and spaces']),
        ("$cookie_a|b;c", ['"b;c" cannot be a name in a URL; expected one without ; ? & / # = and spaces']),
        ("$cookie_a reverse forward", ['"reverse" and "forward" exclude each other; expected one of them']),
        (
            "$cookie_a revers",
            ['unknown parameter "revers"; expected fallback= reverse forward; did you mean "reverse"?'],
        ),
    ],
)
def test_jvm_route_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What names no cookie, or could not be found in a URL, is refused."""
    assert expected == complaints(parse_jvm_route, split(text))
