from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL.SSL import Connection, OP_NO_TLSv1_2, OP_NO_TLSv1_3

from stickyproxy.config.settings import KeyPair, NamedFile, Position, ProxySsl
from stickyproxy.errors import StartError
from stickyproxy.http.certificates import Certificates
from tests.certificates import Authority

BOTH = frozenset({"TLSv1.2", "TLSv1.3"})


def named(path: Path, directive: str = "ssl_certificate", line: int = 1) -> NamedFile:
    return NamedFile(str(path), directive, Position("sticky.ini", line))


def pair(certificate: Path, key: Path) -> KeyPair:
    return KeyPair(named(certificate), named(key, "ssl_certificate_key", 2))


def refusal(files: KeyPair) -> str:
    """Tell why files cannot be used."""
    with pytest.raises(StartError) as caught:
        Certificates().for_clients(files, BOTH)
    return str(caught.value)


def test_each_once(tmp_path: Path) -> None:
    """What is named twice is loaded once, wherever it is named."""
    certificate, key = Authority().sign("a").write(tmp_path, "a")
    certificates = Certificates()
    first = certificates.for_clients(pair(certificate, key), BOTH)
    again = KeyPair(named(certificate, "ssl_certificate", 7), named(key, "ssl_certificate_key", 8))
    assert first is certificates.for_clients(again, BOTH)
    assert first is not certificates.for_clients(again, frozenset({"TLSv1.3"}))


@pytest.mark.parametrize(
    ("protocols", "barred"),
    [(BOTH, 0), (frozenset({"TLSv1.3"}), OP_NO_TLSv1_2), (frozenset({"TLSv1.2"}), OP_NO_TLSv1_3)],
)
def test_protocols(tmp_path: Path, protocols: frozenset[str], barred: int) -> None:
    """Versions of TLS that are not named are barred."""
    context = Certificates().for_clients(pair(*Authority().sign("a").write(tmp_path, "a")), protocols).context
    assert barred == Connection(context).set_options(0) & (OP_NO_TLSv1_2 | OP_NO_TLSv1_3)


def test_missing(tmp_path: Path) -> None:
    """A file that cannot be read is told with the line that names it."""
    certificate, key = Authority().sign("a").write(tmp_path, "a")
    key.unlink()
    expected = f"sticky.ini:2: ssl_certificate_key: {key}: cannot be read: No such file or directory"
    assert expected == refusal(pair(certificate, key))


def test_broken(tmp_path: Path) -> None:
    """A file that holds something else is told of."""
    certificate, key = Authority().sign("a").write(tmp_path, "a")
    key.write_bytes(b"what")
    expected = f"sticky.ini:2: ssl_certificate_key: {key}: cannot be used: no private key in PEM"
    assert expected == refusal(pair(certificate, key))
    certificate.write_bytes(b"what")
    assert refusal(pair(certificate, key)).startswith(f"sticky.ini:1: ssl_certificate: {certificate}: cannot be used: ")


def test_mismatch(tmp_path: Path) -> None:
    """A key that belongs to another certificate is told of."""
    certificate, _ = Authority().sign("a").write(tmp_path, "a")
    _, key = Authority().sign("b").write(tmp_path, "b")
    expected = f"sticky.ini:2: ssl_certificate_key: {key}: cannot be used: key values mismatch"
    assert expected == refusal(pair(certificate, key))


def test_encrypted(tmp_path: Path) -> None:
    """A key with a password is refused, and nobody is asked for it."""
    certificate, key = Authority().sign("a").write(tmp_path, "a", password=b"secret")
    assert refusal(pair(certificate, key)).endswith("the key is encrypted, and there is no way to tell its password")


def test_strange_key(tmp_path: Path) -> None:
    """A key that is of no use in TLS is told of, as any other that does not fit."""
    certificate, key = Authority().sign("a").write(tmp_path, "a")
    key.write_bytes(X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert refusal(pair(certificate, key)).startswith(f"sticky.ini:2: ssl_certificate_key: {key}: cannot be used: ")


def test_refresh(tmp_path: Path, told: list[str]) -> None:
    """Files that have changed make a new context; ones that have not make none."""
    authority = Authority()
    certificate, key = authority.sign("a").write(tmp_path, "a")
    certificates = Certificates()
    source = certificates.for_clients(pair(certificate, key), BOTH)
    before = source.context
    certificates.refresh()
    assert before is source.context
    authority.sign("a").write(tmp_path, "a")
    certificates.refresh()
    assert before is not source.context
    assert [f"info: loaded anew: {certificate}, {key}"] == told


def test_refresh_with_broken_files(tmp_path: Path, told: list[str]) -> None:
    """Files that cannot be used change nothing, and are told of once; when they are in order they are loaded."""
    authority = Authority()
    certificate, key = authority.sign("a").write(tmp_path, "a")
    certificates = Certificates()
    source = certificates.for_clients(pair(certificate, key), BOTH)
    before = source.context
    certificate.unlink()
    certificates.refresh()
    certificates.refresh()
    assert before is source.context
    assert [
        (
            f"error: sticky.ini:1: ssl_certificate: {certificate}: cannot be read: No such file or directory; "
            "what was loaded before stays in use"
        )
    ] == told
    authority.sign("a").write(tmp_path, "a")
    certificates.refresh()
    assert before is not source.context


def test_for_servers(tmp_path: Path) -> None:
    """What is shown to servers, and by whom they must be signed, is loaded too; or is told of."""
    authority = Authority()
    ours = pair(*authority.sign("a").write(tmp_path, "a"))
    roots = authority.write(tmp_path)
    certificates = Certificates()
    settings = ProxySsl("app", True, True, named(roots), ours)
    source = certificates.for_servers(settings)
    assert source is certificates.for_servers(settings)
    before = source.context
    Authority().write(tmp_path)
    certificates.refresh()
    assert before is not source.context
    roots.write_bytes(b"")
    with pytest.raises(StartError, match=rf"^sticky.ini:1: proxy_ssl_trusted_certificate: {roots}: cannot be used: "):
        Certificates().for_servers(ProxySsl("app", True, True, named(roots, "proxy_ssl_trusted_certificate"), None))
