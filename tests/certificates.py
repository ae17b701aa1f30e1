"""Certificates for the tests: an authority of our own, and files of what it has signed."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

DAY = timedelta(days=1)


@frozen
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path, name: str, *chain: "Signed", password: bytes = b"") -> tuple[Path, Path]:
        """Write `NAME.pem`, with `chain` behind the certificate, and `NAME.key`; return both."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (self, *chain)))
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return certificate, key


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "an authority", above: "Authority | None" = None) -> None:
        self.own = _sign(name, (), above.own if above else None, is_authority=True)

    def sign(self, *names: str, days: int = 2) -> Signed:
        """Sign a certificate for host names and IP addresses that is over in so many days; it began the day before."""
        return _sign(names[0], names, self.own, days=days)

    def write(self, folder: Path, name: str = "ca") -> Path:
        """Write its own certificate."""
        return self.own.write(folder, name)[0]


def _sign(
    name: str, names: tuple[str, ...], issuer: Signed | None, days: int = 2, is_authority: bool = False
) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    over = datetime.now(UTC) + days * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(over - (abs(days) + 2) * DAY)
        .not_valid_after(over)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
    return Signed(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
