from collections.abc import Callable
from pathlib import Path

import pytest

from stickyproxy.config.dialects import HaproxyCookie, HeaderSticky, JvmRoute, SessionSticky, Stickiness
from stickyproxy.config.stickiness import parse_accept, parse_jvm_route, parse_session_sticky
from stickyproxy.config.words import split

NO_TOKEN = "is no token; expected letters, digits and !#$%&'*+-.^_`|~"
NO_VALUE = "cannot stand in a cookie; expected printable ASCII without ;"
HOST_REJECTED = (
    "cookie=__Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
    "expected secure, path=/ and no domain="
)
PARAMETERS = (
    "cookie= header= domain= path= maxage= mode= option= maxidle= maxlife= refresh= fallback= strict= hash= secret= "
    "samesite= attr= secure httponly partitioned nocache preserve"
)
DIRECTIVES = "session_sticky, jvm_route, sticky, cookie or stickysession"
REJECTED = "browsers reject such a cookie; expected secure with it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SessionSticky()),
        ("cookie=uid", SessionSticky(cookie=b"uid")),
        ("mode=prefix option=direct", SessionSticky(mode="prefix")),
        ("mode=rewrite option=indirect", SessionSticky(mode="rewrite", indirect=True)),
        ("hash=plain fallback=off", SessionSticky(hash="plain", refusal=502)),
        ("fallback=on", SessionSticky()),
        ("strict=503", SessionSticky(refusal=503)),
        ("maxidle=10m refresh=20%", SessionSticky(maxidle=600.0, refresh=0.2)),
        ("preserve", SessionSticky(preserve=True)),
        ("header=X-Session hash=plain strict=410 nocache", HeaderSticky(b"X-Session", "plain", (), True, 410)),
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
def test_session_sticky(text: str, expected: Stickiness) -> None:
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
        ("hash=sha1", ['hash: "sha1" is unknown; expected md5, plain or hmac']),
        ("samesite=Lax", ['samesite: "Lax" is unknown; expected strict, lax or none; did you mean "lax"?']),
        ("fallback=of", ['fallback: "of" is unknown; expected on or off; did you mean "off"?']),
        ("strict=200", ['strict: "200" is wrong; expected a whole number from 400 to 599']),
        (
            "strict=503 fallback=on",
            ['"fallback" and "strict" say the same; expected one of them (fallback=off is strict=502)'],
        ),
        ("refresh=20%", ['parameter "refresh" is a share of maxidle; expected maxidle= with it']),
        ("maxidle=5 refresh=101%", ['refresh: "101%" is no share; expected a whole number from 0% to 100%']),
        ("mode=prefix preserve", ['parameter "preserve" does not apply to mode=prefix; expected mode=insert with it']),
        ("hash=hmac", ["hash=hmac without keys; expected secret=FILE with it"]),
        (
            "secret=/dev/zero/x",
            ["secret: /dev/zero/x cannot be read: Not a directory; expected a file with keys, one a line"],
        ),
        (
            "header=X path=/ maxidle=5",
            [f'parameter "{name}" is about a cookie; expected none with header=' for name in ("path", "maxidle")],
        ),
        (
            "header=X_Session",
            ['header: "X_Session" never arrives: fields with _ in their names are not passed on; expected - for it'],
        ),
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
        ("$cookie_a forward fallback=off", JvmRoute(b"a", b"a", forward=True, refusal=502)),
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


def test_keys_are_read(tmp_path: Path) -> None:
    """`hash=hmac` has the keys of its file; they are for no other hash."""
    path = tmp_path / "keys"
    path.write_text("k" * 32)
    assert SessionSticky(hash="hmac", keys=(b"k" * 32,)) == parse_session_sticky(["hash=hmac", f"secret={path}"])
    with pytest.raises(ValueError, match="belongs to hash=hmac"):
        parse_session_sticky([f"secret={path}"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("session_sticky", SessionSticky()),
        ("session_sticky cookie=old", SessionSticky(cookie=b"old")),
        ("cookie SRV insert indirect", HaproxyCookie(b"SRV", indirect=True)),
        ("jvm_route $cookie_J", JvmRoute(b"J", b"J")),
    ],
)
def test_accept(text: str, expected: Stickiness) -> None:
    """A line of `accept` is a directive and its arguments."""
    assert expected == parse_accept(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "cooky SRV",
            [
                f'"cooky" is no way to stick; expected {DIRECTIVES}; did you mean "cookie"?',
            ],
        ),
        ("sticky cookie", ['"sticky" lacks its arguments; expected those of the directive sticky']),
        ("session_sticky hash=sha1", ['hash: "sha1" is unknown; expected md5, plain or hmac']),
    ],
)
def test_accept_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What is no directive of stickiness, or wrong in it, is told."""
    assert expected == complaints(parse_accept, split(text))
