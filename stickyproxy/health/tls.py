"""The check of type `ssl_hello`: a ClientHello is answered by a ServerHello (RFC 8446 section 4.1)."""

from typing import ClassVar

from attrs import frozen
from OpenSSL.SSL import TLS_METHOD, Connection, Context, WantReadError

from stickyproxy.health.words import Failed, Passed

# Types of records (RFC 8446 section 5.1), and of what is in a handshake.
_ALERT = 21
_HANDSHAKE = 22
_SERVER_HELLO = 2

# Type, version and length of a record, and the type of the message in it.
_ENOUGH = 6
_ALERT_LENGTH = 7


@frozen
class SslHello:
    """Begins a handshake, and leaves it at that: whether the server's certificate will do is not asked."""

    opening: bytes
    quiet: ClassVar[float | None] = None

    def judge(self, received: bytes, ended: bool) -> Passed | Failed | None:
        if received[:1] not in (b"", bytes([_ALERT]), bytes([_HANDSHAKE])):
            return Failed("its answer is not TLS")
        if len(received) < _ENOUGH:
            return None
        if received[0] == _ALERT:
            return Failed(f"it refuses TLS with alert {received[6]}") if len(received) >= _ALERT_LENGTH else None
        if received[1] != 3 or received[5] != _SERVER_HELLO:
            return Failed("its answer is no ServerHello")
        return Passed()


def client_hello() -> bytes:
    """Return a ClientHello as OpenSSL makes them today."""
    connection = Connection(Context(TLS_METHOD))
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except WantReadError:
        return connection.bio_read(16 * 1024)
    raise AssertionError("a handshake with nobody")
