"""The attributes of cookies, in whichever directive they stand."""

from collections.abc import Sequence

from stickyproxy.config import values

# Attributes that have a parameter of their own, by their lower-case names.
OWN_PARAMETER = {
    "domain": "domain=",
    "path": "path=",
    "max-age": "maxage=",
    "expires": "maxage=",
    "secure": "secure",
    "httponly": "httponly",
    "samesite": "samesite=",
    "partitioned": "partitioned",
}


def attribute_value(word: str) -> bytes:
    """What may stand in a cookie's attribute. Raises ValueError."""
    if not word or not word.isascii() or not word.isprintable() or ";" in word:
        raise ValueError(f"{values.shown(word)} cannot stand in a cookie; expected printable ASCII without ;")
    return word.encode()


def kept_by_browsers(
    name: bytes, attributes: Sequence[bytes], domain: bytes | None, path: bytes | None, parameter: str = "cookie="
) -> list[str]:
    """The faults of a cookie that every browser throws away (RFC 6265bis, CHIPS)."""
    prefix = name.lower()
    found = {attribute.lower() for attribute in attributes}
    secure = b"secure" in found
    faults = []
    if b"samesite=none" in found and not secure:
        faults.append("samesite=none without secure: browsers reject such a cookie; expected secure with it")
    if b"partitioned" in found and not secure:
        faults.append("partitioned without secure: browsers reject such a cookie; expected secure with it")
    if prefix.startswith(b"__secure-") and not secure:
        faults.append(f"{parameter}__Secure-... without secure: browsers reject such a cookie; expected secure with it")
    if prefix.startswith(b"__host-") and not (secure and domain is None and path == b"/"):
        faults.append(
            f"{parameter}__Host-...: browsers reject such a cookie but with Secure, Path=/ and no Domain; "
            "expected secure, path=/ and no domain="
        )
    return faults
