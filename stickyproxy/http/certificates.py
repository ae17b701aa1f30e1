"""Certificates on disk as OpenSSL contexts, which are made anew when their files change."""

import os
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL.SSL import Connection, Context, Error
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.logger import Logger

from stickyproxy.config.settings import KeyPair, NamedFile, ProxySsl, Settings
from stickyproxy.errors import StartError

_log = Logger()


class ContextSource:
    """What a context is made of; `context` is the one made when the files were last in order.

    Raises StartError if they are not at the beginning.
    """

    def __init__(self, files: tuple[NamedFile, ...], make: Callable[[], Context]) -> None:
        self._files = files
        self._make = make
        # Looked at before they are read: what changes in between is then noticed by the next look.
        self._seen = self._look()
        self.context = make()

    def refresh(self) -> None:
        """Make the context anew if a file has changed. If it cannot be made, the old one serves on."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.context = self._make()
        except StartError as error:
            _log.error("{error}; what was loaded before stays in use", error=error)
        else:
            _log.info("loaded anew: {files}", files=", ".join(file.path for file in self._files))

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_fingerprint(file.path) for file in self._files]


class NamingConnection(Connection):
    """The TLS of a client, which takes the context that `choose` finds for the name the client asks for (SNI)."""

    def __init__(self, context: Context, choose: Callable[[bytes], ContextSource]) -> None:
        super().__init__(context)
        self._choose = choose

    def switch(self) -> None:
        """Take the context for the name; a client that gives none keeps the one it has."""
        if name := self.get_servername():
            self.set_context(self._choose(name).context)


class Certificates:
    """All contexts that are made of files, each made once."""

    def __init__(self) -> None:
        self._sources: dict[object, ContextSource] = {}

    def for_clients(self, pair: KeyPair, protocols: frozenset[str]) -> ContextSource:
        """Return the context that shows a certificate to clients. Raises StartError."""
        files = (pair.certificate, pair.key)
        return self._source((pair, protocols), files, lambda: _server_context(pair, protocols))

    def for_servers(self, ssl: ProxySsl) -> ContextSource:
        """Return the context by which servers are judged, and spoken to. Raises StartError."""
        pair = (ssl.key_pair.certificate, ssl.key_pair.key) if ssl.key_pair else ()
        trusted = (ssl.trusted_certificate,) if ssl.trusted_certificate else ()
        return self._source(ssl, pair + trusted, lambda: _client_context(ssl))

    def load(self, settings: Settings) -> None:
        """Load all that a configuration names, to see whether it can be used. Raises StartError."""
        for server in settings.servers:
            if server.key_pair is not None:
                self.for_clients(server.key_pair, server.ssl_protocols)
            for location in server.locations:
                if location.proxy_pass is not None and location.proxy_pass.ssl is not None:
                    self.for_servers(location.proxy_pass.ssl)

    def refresh(self) -> None:
        """Make those contexts anew whose files have changed."""
        for source in self._sources.values():
            source.refresh()

    def _source(self, key: object, files: tuple[NamedFile, ...], make: Callable[[], Context]) -> ContextSource:
        if key not in self._sources:
            self._sources[key] = ContextSource(files, make)
        return self._sources[key]


def reason_of(error: Error) -> str:
    """Say in OpenSSL's own words what went wrong: the last of the errors that it piled up."""
    pile = error.args[0] if error.args else ()
    return str(pile[-1][-1]) if pile and isinstance(pile, list) else str(error) or "the connection broke"


def _fingerprint(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _server_context(pair: KeyPair, protocols: frozenset[str]) -> Context:
    versions = sorted(TLSVersion.lookupByName(name.replace(".", "_")) for name in protocols)
    options = CertificateOptions(
        raiseMinimumTo=versions[0], lowerMaximumSecurityTo=versions[-1], acceptableProtocols=[b"http/1.1"]
    )
    context = options.getContext()
    context.set_tlsext_servername_callback(_switch)
    _show(context, pair)
    return context


def _switch(connection: Connection) -> None:
    assert isinstance(connection, NamingConnection)
    connection.switch()


def _client_context(ssl: ProxySsl) -> Context:
    context = CertificateOptions().getContext()
    if ssl.trusted_certificate is None:
        context.set_default_verify_paths()
    else:
        _load(ssl.trusted_certificate, context.load_verify_locations)
    if ssl.key_pair is not None:
        _show(context, ssl.key_pair)
    return context


def _show(context: Context, pair: KeyPair) -> None:
    _load(pair.certificate, context.use_certificate_chain_file)
    # OpenSSL by itself would ask for the password of an encrypted key at the terminal.
    _load(pair.key, lambda path: context.use_privatekey(_read_key(path)))
    _load(pair.key, lambda _: context.check_privatekey())


def _read_key(path: str) -> Any:
    """Read a private key. Raises ValueError."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        return load_pem_private_key(data, None)
    except TypeError:
        raise ValueError("the key is encrypted, and there is no way to tell its password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("no private key in PEM") from None


def _load(file: NamedFile, load: Callable[[str], object]) -> None:
    """Have `load` read a file. Raises StartError with a line for the operator."""
    try:
        # OpenSSL's own words for a file that cannot be opened are a riddle.
        with open(file.path, "rb"):
            load(file.path)
    except OSError as error:
        raise StartError(f"{file}: cannot be read: {error.strerror}") from None
    except Error as error:
        raise StartError(f"{file}: cannot be used: {reason_of(error)}") from None
    except (TypeError, ValueError) as error:
        # TypeError: a key of a kind that no certificate has.
        raise StartError(f"{file}: cannot be used: {error}") from None
