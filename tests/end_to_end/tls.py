"""TLS as the two ends of the proxy speak it, without the proxy's help."""

from pathlib import Path

from cryptography import x509
from OpenSSL.SSL import TLS_METHOD, VERIFY_FAIL_IF_NO_PEER_CERT, VERIFY_PEER, Connection, Context
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import ContextFactory
from zope.interface import implementer

from tests.end_to_end.fakes import Client


class Showing(ContextFactory):
    """The TLS of a server with that certificate and key; from a client it demands a certificate of `authority`.

    `names` are those that its clients have asked for, in order.
    """

    def __init__(self, certificate: Path, key: Path, authority: Path | None = None) -> None:
        self.names: list[bytes | None] = []
        self._context = context = Context(TLS_METHOD)
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.set_tlsext_servername_callback(lambda connection: self.names.append(connection.get_servername()))
        if authority is not None:
            context.load_verify_locations(str(authority))
            context.set_verify(VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT)

    def getContext(self) -> Context:
        return self._context


@implementer(IOpenSSLClientConnectionCreator)
class Asking:
    """The TLS of a client that trusts `authority`, asks for `name`, and speaks no later version than `latest`."""

    def __init__(self, authority: Path, name: bytes = b"", latest: int | None = None) -> None:
        self._name = name
        self._context = context = Context(TLS_METHOD)
        context.load_verify_locations(str(authority))
        context.set_verify(VERIFY_PEER)
        if latest is not None:
            context.set_max_proto_version(latest)

    def clientConnectionForTLS(self, tlsProtocol: object) -> Connection:
        connection = Connection(self._context)
        if self._name:
            connection.set_tlsext_host_name(self._name)
        return connection


def shown(client: Client) -> str:
    """Tell whose certificate a client was shown, which has already had an answer."""
    certificate = client.transport.getHandle().get_peer_certificate(as_cryptography=True)
    (name,) = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
    return str(name.value)
