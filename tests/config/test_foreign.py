from collections.abc import Callable

import pytest

from stickyproxy.config.dialects import ApacheCookie, HaproxyCookie, NginxCookie, NginxLearn, NginxRoute, RouteKey
from stickyproxy.config.foreign import parse_cookie, parse_sticky, parse_stickysession
from stickyproxy.config.templates import Template, Variable
from stickyproxy.config.words import split

NO_TOKEN = "is no token; expected letters, digits and !#$%&'*+-.^_`|~"
NO_VALUE = "cannot stand in a cookie; expected printable ASCII without ;"
NGINX = "expires= domain= path= samesite= httponly secure"
HOST_REJECTED = (
    "stickysession __Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
    "expected secure, path=/ and no domain="
)
HAPROXY = "insert prefix rewrite indirect nocache preserve httponly secure domain maxidle maxlife attr"


def variable(name: str) -> Template:
    """Make the template of one variable."""
    return Template((Variable(name),))


# -- HAProxy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SRV", HaproxyCookie(b"SRV")),
        ("SRV insert indirect nocache", HaproxyCookie(b"SRV", indirect=True, nocache=True)),
        ("S prefix indirect", HaproxyCookie(b"S", mode="prefix", indirect=True)),
        ("S rewrite nocache", HaproxyCookie(b"S", mode="rewrite", nocache=True)),
        ("SRV maxidle 30m insert maxlife 8h", HaproxyCookie(b"SRV", maxidle=1800.0, maxlife=28800.0)),
        (
            'SRV insert preserve secure attr "SameSite=Lax" domain .x.org httponly attr Priority=High',
            HaproxyCookie(
                b"SRV",
                preserve=True,
                domain=b".x.org",
                attributes=(b"HttpOnly", b"Secure", b"SameSite=Lax", b"Priority=High"),
            ),
        ),
    ],
)
def test_cookie(text: str, expected: HaproxyCookie) -> None:
    """HAProxy's arguments stand in any order behind the name."""
    assert expected == parse_cookie(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b insert", [f'"a;b" {NO_TOKEN}']),
        ("S insert prefix", ['"prefix" stands beside "insert"; expected one of them']),
        ("S inser", [f'unknown argument "inser"; expected {HAPROXY}; did you mean "insert"?']),
        (
            "S maxidle",
            ['maxidle: "" is no time; expected a number with ms, s, m, h, d, w, M or y, such as 30s or 1h30m'],
        ),
        ("S domain a;b", [f'domain: "a;b" {NO_VALUE}']),
        (
            "S prefix maxidle 5 secure",
            [f'"{word}" does not apply to prefix; expected insert with it' for word in ("maxidle", "secure")],
        ),
        ("__Secure-S", ["cookie __Secure-... without secure: browsers reject such a cookie; expected secure with it"]),
    ],
)
def test_cookie_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What is unknown, contradictory or would do nothing is told with what was expected."""
    assert expected == complaints(parse_cookie, split(text))


# -- nginx -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cookie route", NginxCookie(b"route", path=None)),
        ("cookie route expires=1h path=/p", NginxCookie(b"route", path=b"/p", maxage=3600)),
        ("cookie route expires=max", NginxCookie(b"route", path=None, forever=True)),
        (
            "cookie route samesite=lax domain=.x.org secure httponly",
            NginxCookie(b"route", domain=b".x.org", path=None, attributes=(b"httponly", b"secure", b"samesite=lax")),
        ),
        ("route $cookie_a $arg_b", NginxRoute((RouteKey(variable("cookie_a")), RouteKey(variable("arg_b"))))),
        ("route suffix($cookie_a)", NginxRoute((RouteKey(variable("cookie_a"), suffix=True),))),
        (
            "learn create=$upstream_cookie_s lookup=$cookie_s zone=z:1m timeout=1h",
            NginxLearn((variable("upstream_cookie_s"),), (variable("cookie_s"),), 1 << 20, 3600.0),
        ),
        (
            "learn lookup=$cookie_a lookup=$arg_b create=$upstream_http_x create=$upstream_cookie_s zone=z:64k header",
            NginxLearn(
                (variable("upstream_http_x"), variable("upstream_cookie_s")),
                (variable("cookie_a"), variable("arg_b")),
                1 << 16,
                header=True,
            ),
        ),
    ],
)
def test_sticky(text: str, expected: object) -> None:
    """The three kinds have nginx's parameters and defaults."""
    assert expected == parse_sticky(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cooky route", ['"cooky" is unknown; expected cookie, route or learn; did you mean "cookie"?']),
        (
            "cookie a;b expires=5 pat=/",
            [
                f'"a;b" {NO_TOKEN}',
                f'unknown parameter "pat=/"; expected {NGINX}; did you mean "path="?',
            ],
        ),
        ("cookie a expires=100ms", ['expires: "100ms" is no whole number of seconds; expected such as 3600 or 1h']),
        (
            "cookie a samesite=none",
            ["samesite=none without secure: browsers reject such a cookie; expected secure with it"],
        ),
        ("route abc", ['"abc" names no variable; expected one such as $cookie_NAME']),
        ("route suffix(abc)", ['"abc" names no variable; expected one such as $cookie_NAME']),
        (
            "learn timeout=5",
            [
                'parameter "create" is missing; expected create=$upstream_cookie_NAME',
                'parameter "lookup" is missing; expected lookup=$cookie_NAME',
                'parameter "zone" is missing; expected zone=NAME:SIZE',
            ],
        ),
        (
            "learn create=x lookup=$cookie_s zone=z",
            [
                'create: "x" names no variable; expected one such as $cookie_NAME',
                'zone: "z" is no zone; expected NAME:SIZE, such as sessions:1m',
            ],
        ),
        (
            "learn create=$upstream_cookie_s lookup=$cookie_s zone=z:31k",
            ['zone: "z:31k" is too small; expected 32k or more'],
        ),
    ],
)
def test_sticky_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What is unknown, missing or too small is told with what was expected."""
    assert expected == complaints(parse_sticky, split(text))


# -- Apache ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ROUTEID", ApacheCookie(b"ROUTEID")),
        ("ROUTEID nofailover=On", ApacheCookie(b"ROUTEID", refusal=503)),
        ("ROUTEID nofailover=Off path=/app", ApacheCookie(b"ROUTEID", path=b"/app")),
        (
            "ROUTEID secure httponly domain=d",
            ApacheCookie(b"ROUTEID", domain=b"d", attributes=(b"HttpOnly", b"Secure")),
        ),
    ],
)
def test_stickysession(text: str, expected: ApacheCookie) -> None:
    """The cookie is that of Apache's manual; `nofailover` refuses with its status."""
    assert expected == parse_stickysession(split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("JSESSIONID;x", [f'"JSESSIONID;x" {NO_TOKEN}']),
        ("R nofailover=on", ['nofailover: "on" is unknown; expected On or Off']),
        ("__Host-R", [HOST_REJECTED]),
        ("J|j", ['"J|j" is an id in cookies and URLs; expected jvm_route $cookie_J|j for it']),
    ],
)
def test_stickysession_refuses(complaints: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    """What is wrong is told with what was expected."""
    assert expected == complaints(parse_stickysession, split(text))
