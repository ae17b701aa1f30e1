from collections.abc import Callable

import pytest

from stickyproxy.config.cookies import attribute_value, kept_by_browsers

WITHOUT = "without secure: browsers reject such a cookie; expected secure with it"
HOST = (
    "stickysession __Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
    "expected secure, path=/ and no domain="
)


@pytest.mark.parametrize(
    ("name", "attributes", "domain", "path", "expected"),
    [
        (b"x", (), None, b"/", []),
        (b"x", (b"SameSite=None", b"Secure"), None, None, []),
        (b"x", (b"samesite=none",), None, None, [f"samesite=none {WITHOUT}"]),
        (b"x", (b"Partitioned",), None, None, [f"partitioned {WITHOUT}"]),
        (b"__Secure-x", (b"secure",), None, None, []),
        (b"__secure-x", (), None, None, [f"stickysession __Secure-... {WITHOUT}"]),
        (b"__Host-x", (b"secure",), None, b"/", []),
        (b"__Host-x", (), None, b"/", [HOST]),
        (b"__Host-x", (b"Secure",), b"d", b"/", [HOST]),
        (b"__Host-x", (b"Secure",), None, None, [HOST]),
    ],
)
def test_kept_by_browsers(
    name: bytes, attributes: tuple[bytes, ...], domain: bytes | None, path: bytes | None, expected: list[str]
) -> None:
    """What every browser throws away is a fault, however the attributes are spelled, and is told in that dialect."""
    assert expected == kept_by_browsers(name, attributes, domain, path, "stickysession ")


@pytest.mark.parametrize("word", ["", "a;b", "é", "a\tb"])
def test_no_attribute_value(complaints: Callable[..., list[str]], word: str) -> None:
    """What would end an attribute, or could not be sent, is none."""
    (fault,) = complaints(attribute_value, word)
    assert fault.endswith("cannot stand in a cookie; expected printable ASCII without ;")
