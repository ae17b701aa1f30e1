"""Which certificates a section names, and what a server has to prove there."""

from stickyproxy.config.scopes import Scope
from stickyproxy.config.settings import KeyPair, ProxySsl
from stickyproxy.config.tls import parse_ssl_name


def key_pair(scope: Scope, directive: str) -> KeyPair | None:
    """The files that `directive` and its fellow, `..._key`, name; one without the other is a fault of `scope`."""
    certificate, key = scope.file(directive), scope.file(f"{directive}_key")
    if certificate and key:
        return KeyPair(certificate, key)
    for here, lacking in ((certificate, f"{directive}_key"), (key, directive)):
        if here:
            scope.blame(here.directive, f"stands alone; expected {lacking} beside it", here.position)
    return None


def proxy_ssl(scope: Scope, host: str) -> ProxySsl | None:
    """How TLS is spoken to the servers of `https://HOST`, whose port is left out; None where that is faulty."""
    name = scope.value("proxy_ssl_name")
    if name is None:
        try:
            name = parse_ssl_name(host)
        except ValueError:
            scope.blame("proxy_pass", f'"{host}" is in no certificate; expected proxy_ssl_name = NAME beside it')
            return None
    return ProxySsl(
        name,
        scope.value("proxy_ssl_verify"),
        scope.value("proxy_ssl_server_name"),
        scope.file("proxy_ssl_trusted_certificate"),
        key_pair(scope, "proxy_ssl_certificate"),
    )
