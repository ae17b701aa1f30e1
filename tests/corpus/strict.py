"""A second reader of requests, written by hand and without the proxy's help: what it refuses no server may be sent.

It reads one request off the front of bytes by splitting them, line by line, as RFC 9112 is written. It is slow, it
wants everything at once, and it shares no pattern with the proxy.
"""

from attrs import frozen

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset(b"0123456789")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_TARGET = frozenset(range(0x21, 0x7F)) - frozenset(b"#")
_TEXT = frozenset(range(0x20, 0x7F)) | frozenset(range(0x80, 0x100)) | {0x09}
_HOST = frozenset(range(0x21, 0x7F)) - frozenset(b'/?#@,\\"<>^`{|}[]:')


class Refused(Exception):
    """What is no request, by the rules."""


@frozen
class Request:
    """A request as it is to be understood, whoever reads it. `last`: no other may follow on the connection."""

    method: bytes
    target: bytes
    host: bytes
    body: bytes
    last: bool


def read_request(data: bytes) -> tuple[Request, bytes] | None:
    """Split a request off the front of `data`; None while it is not whole. Raises Refused."""
    head, end, rest = data.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        return None
    line, *lines = head.split(b"\r\n")
    _must(len(data) - len(rest) <= 32768, "a head over the limit")
    method, target, http11 = _request_line(line)
    fields = _fields(lines)
    hosts, lengths, codings = (_values(fields, name) for name in (b"host", b"content-length", b"transfer-encoding"))
    _must(len(hosts) == 1 if http11 else len(hosts) <= 1, "not one Host")
    for host in hosts:
        _check_host(host)
    target, named = _target(method, target)
    for expectation in _values(fields, b"expect"):
        _must(expectation.lower() == b"100-continue", "an expectation")
    _must(len(lengths) + len(codings) <= 1, "more than one length")
    if codings:
        _must(http11 and codings[0].lower() == b"chunked", "a coding")
        found = _chunks(rest)
    elif lengths:
        _must(bool(lengths[0]) and set(lengths[0]) <= _DIGITS and int(lengths[0]) < 2**63, "a length")
        length = int(lengths[0])
        found = (rest[:length], rest[length:]) if len(rest) >= length else None
    else:
        found = b"", rest
    if found is None:
        return None
    options = {option.strip().lower() for value in _values(fields, b"connection") for option in value.split(b",")}
    last = b"close" in options or (not http11 and b"keep-alive" not in options)
    return Request(method, target, named or b"".join(hosts), found[0], last), found[1]


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Refused(what)


def _request_line(line: bytes) -> tuple[bytes, bytes, bool]:
    words = line.split(b" ")
    _must(len(words) == 3, "a request line of three words")
    method, target, version = words
    _must(bool(method) and set(method) <= _TOKEN and method not in (b"CONNECT", b"TRACE"), "a method")
    _must(bool(target) and set(target) <= _TARGET, "a target")
    _must(version in (b"HTTP/1.1", b"HTTP/1.0"), "a version")
    return method, target, version == b"HTTP/1.1"


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    _must(len(lines) <= 100, "too many fields")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        _must(bool(colon and name) and set(name) <= _TOKEN and set(value) <= _TEXT, "a field")
        _must(len(name) + len(value) <= 8192, "a field over the limit")
        fields.append((name.lower(), value))
    return fields


def _values(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in fields if key == name]


def _target(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Return a target in origin form, and the host that it names."""
    if target.startswith(b"/"):
        return target, b""
    if target == b"*":
        _must(method == b"OPTIONS", "an asterisk")
        return target, b""
    scheme, colon, rest = target.partition(b"://")
    _must(bool(colon) and scheme.lower() in (b"http", b"https"), "a scheme")
    at = min(found for found in (rest.find(b"/"), rest.find(b"?"), len(rest)) if found >= 0)
    _check_host(rest[:at])
    return (rest[at:] if rest[at : at + 1] == b"/" else b"/" + rest[at:]), rest[:at]


def _check_host(host: bytes) -> None:
    if host.startswith(b"["):
        address, bracket, port = host[1:].partition(b"]")
        _must(bool(bracket and address) and set(address) <= _HEX | frozenset(b":."), "an address")
        _must(not port or port.startswith(b":"), "a port")
        port = port[1:]
    else:
        name, _, port = host.partition(b":")
        _must(bool(name) and set(name) <= _HOST, "a name")
    _must(set(port) <= _DIGITS and len(port) <= 5 and int(port or 0) < 65536, "a port")


def _chunks(data: bytes) -> tuple[bytes, bytes] | None:
    """Split a chunked body off the front of `data`; None while it is not whole."""
    body, extensions = b"", 0
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size, semicolon, extension = line.partition(b";")
        _must(0 < len(size) <= 16 and set(size) <= _HEX, "the size of a chunk")
        extensions += len(semicolon + extension)
        _must(set(extension) <= _TEXT and len(extension) < 4096 and extensions <= 16384, "an extension")
        length = int(size, 16)
        if not length:
            break
        if len(data) < length + 2:
            return None
        _must(data[length : length + 2] == b"\r\n", "the end of a chunk")
        body += data[:length]
        data = data[length + 2 :]
    trailers = []
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        if not line:
            _fields(trailers)
            return body, data
        trailers.append(line)
