from collections.abc import Callable

import pytest

from stickyproxy.config.checking import parse_alive, parse_check, parse_fastcgi_param, parse_request
from stickyproxy.config.settings import Check


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Check("tcp", 30.0, 5, 2, 1.0, True, 0, False)),
        ("interval=3000 rise=1 fall=3 timeout=500", Check(interval=3.0, rise=1, fall=3, timeout=0.5)),
        ("interval=1m timeout=2s", Check(interval=60.0, timeout=2.0)),
        ("interval=1 timeout=250ms", Check(interval=0.001, timeout=0.25)),
        ("default_down=false type=ssl_hello", Check("ssl_hello", default_down=False)),
        ("port=8081 unique=true type=https", Check("https", port=8081, unique=True)),
        ("type=mysql default_down=true unique=false port=0", Check("mysql")),
    ],
)
def test_check(words: str, expected: Check) -> None:
    """Each parameter has Tengine's default, and bare times are milliseconds."""
    assert expected == parse_check(words.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "type=htp",
            'type: "htp" is unknown; expected tcp, http, https, ssl_hello, mysql, ajp or fastcgi; did you mean "http"?',
        ),
        ("rise=0", 'rise: "0" is wrong; expected a whole number from 1 to 2147483647'),
        ("fall=x", 'fall: "x" is wrong; expected a whole number from 1 to 2147483647'),
        ("port=65536", 'port: "65536" is wrong; expected a whole number from 0 to 65535'),
        ("interval=0", 'interval: "0" is no time to wait; expected at least 1 millisecond'),
        ("timeout=0s", 'timeout: "0s" is no time to wait; expected at least 1 millisecond'),
        ("unique=on", 'unique: "on" is unknown; expected true or false'),
        ("default_down", 'parameter "default_down" lacks its value; expected default_down=...'),
    ],
)
def test_check_is_refused(complaints: Callable[..., list[str]], words: str, expected: str) -> None:
    """What would never check, or check without a pause, is refused."""
    assert [expected] == complaints(parse_check, words.split())


def test_every_fault_of_a_check(complaints: Callable[..., list[str]]) -> None:
    """All faults are told at once."""
    assert 3 == len(complaints(parse_check, ["interval=x", "fall=0", "every=3s"]))


@pytest.mark.parametrize(
    "request_",
    [
        "GET / HTTP/1.0\r\n\r\n",
        "HEAD /healthz?deep=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "POST /check HTTP/1.0\r\nContent-Length: 4\r\n\r\nping",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_request(request_: str) -> None:
    """A whole request goes out as it is written."""
    assert request_.encode() == parse_request(request_)


@pytest.mark.parametrize(
    "request_",
    ["", "GET /", "GET / HTTP/1.0", "GET / HTTP/1.0\r\n", "GET / HTTP/1.0\n\n", "GET / HTTP/2\r\n\r\n", "GET\r\n\r\n"],
)
def test_request_is_refused(complaints: Callable[..., list[str]], request_: str) -> None:
    """A request whose end no server would see is refused, and an example shown."""
    (complaint,) = complaints(parse_request, request_)
    assert complaint.endswith(r' is no request; expected such as "HEAD / HTTP/1.0\r\n\r\n"')


def test_alive(complaints: Callable[..., list[str]]) -> None:
    """Statuses are named by their first digits."""
    assert frozenset({2, 5}) == parse_alive(["http_2xx", "http_5xx"])
    assert ['"http_200" is unknown; expected http_1xx, http_2xx, http_3xx, http_4xx or http_5xx'] == [
        complaint.partition("; did")[0] for complaint in complaints(parse_alive, ["http_2xx", "http_200"])
    ]


def test_fastcgi_param() -> None:
    """A parameter is a name and a value."""
    assert (b"SCRIPT_NAME", b"/ping") == parse_fastcgi_param(["SCRIPT_NAME", "/ping"])
