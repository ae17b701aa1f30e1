from collections.abc import Callable

import pytest

from stickyproxy.config.settings import FASTCGI_PARAMS, Check, Settings

SERVER = "\n[server www]\n[location www /]\nreturn = 404\n"
UPSTREAM = "[upstream u]\nserver = 10.0.0.1\n"


def test_no_check(settings_with: Callable[..., Settings]) -> None:
    """Without the directive nobody is checked."""
    assert None is settings_with(UPSTREAM).upstreams["u"].check


def test_check(settings_with: Callable[..., Settings]) -> None:
    """A check is what the directive and its companions say together."""
    text = (
        f"{UPSTREAM}check = interval=3000 type=http\n"
        'check_http_send = "HEAD / HTTP/1.0\\r\\n\\r\\n"\ncheck_http_expect_alive = http_2xx\n'
        "check_keepalive_requests = 9\n"
    )
    expected = Check("http", 3.0, send=b"HEAD / HTTP/1.0\r\n\r\n", alive=frozenset({2}), keepalive_requests=9)
    assert expected == settings_with(text).upstreams["u"].check


@pytest.mark.parametrize("type", ["tcp", "http", "https", "ssl_hello", "mysql", "ajp"])
def test_defaults(settings_with: Callable[..., Settings], type: str) -> None:  # noqa: A002 - the directive's word
    """Without companions a check has Tengine's request, statuses, and one check a connection."""
    check = settings_with(f"{UPSTREAM}check = type={type}\n").upstreams["u"].check
    assert Check(type, send=b"GET / HTTP/1.0\r\n\r\n", alive=frozenset({2, 3}), keepalive_requests=1) == check


def test_fastcgi(settings_with: Callable[..., Settings]) -> None:
    """An application may answer with any status unless some are expected, and is asked for an index by default."""
    text = f"{UPSTREAM}check = type=fastcgi\n"
    assert Check("fastcgi", alive=frozenset({1, 2, 3, 4, 5}), fastcgi_params=FASTCGI_PARAMS) == (
        settings_with(text).upstreams["u"].check
    )
    text += "check_http_expect_alive = http_2xx\ncheck_fastcgi_param =\n  REQUEST_METHOD GET\n  SCRIPT_NAME /ping\n"
    params = ((b"REQUEST_METHOD", b"GET"), (b"SCRIPT_NAME", b"/ping"))
    assert Check("fastcgi", alive=frozenset({2}), fastcgi_params=params) == settings_with(text).upstreams["u"].check


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "check_keepalive_requests = 5\n",
            ["3: [upstream u] check_keepalive_requests: stands without check; expected check = in the section"],
        ),
        (
            "check =\ncheck_http_expect_alive = http_2xx\n",
            [
                (
                    "4: [upstream u] check_http_expect_alive: says nothing about type=tcp; expected it beside "
                    "http, https or fastcgi alone"
                )
            ],
        ),
        (
            "check = type=http\ncheck_fastcgi_param = A b\n",
            [
                "4: [upstream u] check_fastcgi_param: says nothing about type=http; expected it beside fastcgi alone",
            ],
        ),
        (
            "check = type=htp\ncheck_http_expect_alive = http_2xx\n",
            [
                (
                    '3: [upstream u] check: type: "htp" is unknown; expected tcp, http, https, ssl_hello, mysql, ajp '
                    'or fastcgi; did you mean "http"?'
                )
            ],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], lines: str, expected: list[str]) -> None:
    """What would have no effect is refused, and a faulty check brings no further faults."""
    assert expected == faults_of(UPSTREAM + lines + SERVER)


def test_port_of_a_socket(faults_of: Callable[[str], list[str]]) -> None:
    """A Unix socket has no other port."""
    text = "[upstream u]\nserver =\n  10.0.0.1\n  unix:/run/app\ncheck = port=81\n"
    expected = ["5: [upstream u] check: port=81, but unix:/run/app has no ports; expected no port="]
    assert expected == faults_of(text + SERVER)
