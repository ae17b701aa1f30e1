import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import KeyPair, NamedFile, Position, ProxySsl, Settings
from stickyproxy.errors import ConfigError

UPSTREAM = "[upstream app]\nserver = 10.0.0.1\n"


def settings(location: str, http: str = "") -> Settings:
    return loads(f"{UPSTREAM}[http]\n{http}\n[server www]\n[location www /]\n{location}\n")


def ssl_of(location: str, http: str = "") -> ProxySsl | None:
    """How TLS is spoken to the servers of a location."""
    ((found,),) = [server.locations for server in settings(location, http).servers]
    assert found.proxy_pass is not None
    return found.proxy_pass.ssl


def file(path: str) -> NamedFile:
    return NamedFile(path, "", Position("", 0))


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loads(text, "f")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("https://app", "app"),
        ("https://app/x", "app"),
        ("https://www.example.org:8443", "www.example.org"),
        ("https://10.0.0.1", "10.0.0.1"),
        ("https://[::1]:8443/", "::1"),
        ("https://unix:/run/a.sock", "localhost"),
    ],
)
def test_name(target: str, name: str) -> None:
    """A server is to be what `proxy_pass` calls it, is told so, and has to prove it before those whom all trust."""
    assert ProxySsl(name, True, True, None, None) == ssl_of(f"proxy_pass = {target}")


def test_plain() -> None:
    """Without https there is no TLS to a server, whatever is said about it."""
    assert None is ssl_of("proxy_pass = http://app\nproxy_ssl_name = x")


def test_all_that_is_said() -> None:
    """Each directive finds its place, and is inherited."""
    http = "proxy_ssl_verify = off\nproxy_ssl_certificate = a.pem\nproxy_ssl_certificate_key = a.key\n"
    lines = "proxy_ssl_name = other\nproxy_ssl_server_name = off\nproxy_ssl_trusted_certificate = ca.pem\n"
    pair = KeyPair(file("a.pem"), file("a.key"))
    assert ProxySsl("other", False, False, file("ca.pem"), pair) == ssl_of("proxy_pass = https://app\n" + lines, http)


def test_ports() -> None:
    """Where no port is written that of the scheme is meant."""
    upstreams = settings("proxy_pass = https://10.0.0.9\n[location www /b]\nproxy_pass = http://10.0.0.9").upstreams
    found = {key: (each.name, str(each.servers[0].address)) for key, each in upstreams.items() if key != "app"}
    assert {
        "https://10.0.0.9": ("10.0.0.9", "10.0.0.9:443"),
        "10.0.0.9": ("10.0.0.9", "10.0.0.9:80"),
    } == found


def test_redirects() -> None:
    """The way back of `proxy_pass` has its scheme."""
    ((location,),) = [server.locations for server in settings("proxy_pass = https://app").servers]
    assert [b"https://app/"] == [each.source for each in location.proxy_redirects]


def test_one_alone() -> None:
    """A certificate without a key, or a key without a certificate, is told where it stands."""
    text = (
        f"{UPSTREAM}[server www]\nssl_certificate_key = a.key\n"
        "[location www /]\nproxy_pass = https://app\nproxy_ssl_certificate = a.pem\n"
    )
    assert [
        "f:4: [server www] ssl_certificate_key: stands alone; expected ssl_certificate beside it",
        ("f:7: [location www /] proxy_ssl_certificate: stands alone; expected proxy_ssl_certificate_key beside it"),
    ] == faults(text)


def test_no_name() -> None:
    """An upstream whose name can be in no certificate needs another one to go by."""
    text = "[upstream a+b]\nserver = 10.0.0.1\n[server www]\n[location www /]\nproxy_pass = https://a+b\n"
    assert [
        'f:5: [location www /] proxy_pass: "a+b" is in no certificate; expected proxy_ssl_name = NAME beside it'
    ] == faults(text)
    assert loads(text + "proxy_ssl_name = b\n")


def test_listen_without_certificate() -> None:
    """Who listens for TLS needs a certificate; that of `[http]` will do."""
    text = "[server www]\nlisten = 443 ssl\n"
    assert [
        (
            "f:2: [server www] listen: ssl without a certificate; "
            "expected ssl_certificate and ssl_certificate_key in the section"
        )
    ] == faults(text)
    (server,) = loads("[http]\nssl_certificate = a.pem\nssl_certificate_key = a.key\n" + text).servers
    assert (KeyPair(file("a.pem"), file("a.key")), True) == (server.key_pair, server.listens[0].ssl)


def test_one_address() -> None:
    """One address speaks TLS for all its servers or for none."""
    pair = "ssl_certificate = a.pem\nssl_certificate_key = a.key\n"
    text = f"[server a]\nlisten = 443 ssl\n{pair}[server b]\nserver_name = b\nlisten = 443\n"
    assert [
        "f:7: [server b] listen: 0.0.0.0:443 is said to be with and without ssl, f:2; expected one an address"
    ] == faults(text)
