from collections.abc import Callable

import pytest

from stickyproxy.config.tls import parse_protocols, parse_ssl_name


def test_protocols(complaints: Callable[..., list[str]]) -> None:
    """Versions of TLS are named as nginx names them; old ones are refused."""
    assert frozenset({"TLSv1.2", "TLSv1.3"}) == parse_protocols(["TLSv1.3", "TLSv1.2"])
    assert ['"TLSv1.1" is unknown; expected TLSv1.2 or TLSv1.3; did you mean "TLSv1.3"?'] == complaints(
        parse_protocols, ["TLSv1.1"]
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("www.example.org", "www.example.org"),
        ("app_1", "app_1"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
    ],
)
def test_name(word: str, expected: str) -> None:
    """What a certificate is for is a host name or an IP address."""
    assert expected == parse_ssl_name(word)


@pytest.mark.parametrize("word", ["", "a b", "*.example.org", "$host", "a..b", "a:443", "ä"])
def test_name_refuses(complaints: Callable[..., list[str]], word: str) -> None:
    """What no certificate can be for is refused."""
    expected = f'"{word}" is in no certificate; expected a host name or an IP address'
    assert [expected] == complaints(parse_ssl_name, word)
