import pytest
from OpenSSL.SSL import TLS_METHOD, Connection, Context, Error, WantReadError

from stickyproxy.health.tls import SslHello, client_hello
from tests.certificates import Authority
from tests.health.answers import verdict

HELLO = SslHello(b"")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "more"),
        (b"\x16\x03\x03\x00\x7a", "more"),
        (b"\x16\x03\x03\x00\x7a\x02", "passed"),
        (b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76", "passed"),
        (b"\x16\x03\x03\x00\x7a\x01", "its answer is no ServerHello"),
        (b"\x16\x02\x03\x00\x7a\x02", "its answer is no ServerHello"),
        (b"\x15\x03\x03\x00\x02\x02", "more"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "it refuses TLS with alert 40"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "its answer is not TLS"),
        (b"H", "its answer is not TLS"),
    ],
)
def test_verdict(answer: bytes, expected: str) -> None:
    """A ServerHello passes; an alert is told by its number; what else there is is not TLS."""
    assert expected == verdict(HELLO, answer)


def test_opening_is_a_modern_hello() -> None:
    """A server of today answers our hello with a ServerHello of its own."""
    signed = Authority().sign("a.example")
    context = Context(TLS_METHOD)
    context.use_certificate(signed.certificate)
    context.use_privatekey(signed.key)
    server = Connection(context)
    server.set_accept_state()
    server.bio_write(client_hello())
    with pytest.raises(WantReadError):
        server.do_handshake()
    assert "passed" == verdict(HELLO, server.bio_read(65536))


def test_server_without_a_certificate() -> None:
    """A server that speaks TLS and cannot shake hands refuses by an alert."""
    server = Connection(Context(TLS_METHOD))
    server.set_accept_state()
    server.bio_write(client_hello())
    with pytest.raises(Error):
        server.do_handshake()
    assert "it refuses TLS with alert 40" == verdict(HELLO, server.bio_read(65536))
