"""HTTP/1.1 messages as the two ends of the proxy see them: read without the proxy's help, and strict about framing."""

from attrs import frozen

_BODILESS = (204, 304)


@frozen
class Message:
    """One request or response off the wire: its first line, its fields as they were written, and its body, unframed."""

    first: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.first.split(b" ")[1])

    @property
    def method(self) -> bytes:
        """The method of a request."""
        return self.first.split(b" ")[0]

    def values(self, name: bytes) -> list[bytes]:
        """List the values of every field of that name, whatever its case, in order."""
        return [value for written, value in self.fields if written.lower() == name.lower()]


def head_of(data: bytes) -> tuple[Message, bytes] | None:
    """Split a head off the front of `data`; None while it is not whole. The message has no body."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.split(b"\r\n")
    fields = [line.partition(b": ") for line in lines]
    assert all(colon for _, colon, _ in fields), f"not a field in {head!r}"
    return Message(first, tuple((name, value) for name, _, value in fields), b""), rest


def message_of(data: bytes, bodiless: bool = False, closed: bool = False) -> tuple[Message, bytes] | None:
    """Split a whole message off the front of `data`; None while it is not whole.

    `bodiless`: it answers a HEAD. `closed`: nothing follows `data`, which is how a response without a length ends.
    """
    found = head_of(data)
    if found is None:
        return None
    head, rest = found
    response = head.first.startswith(b"HTTP/")
    if bodiless or (response and (head.status in _BODILESS or head.status < 200)):
        return head, rest
    if head.values(b"transfer-encoding"):
        assert [b"chunked"] == head.values(b"transfer-encoding")
        assert [] == head.values(b"content-length")
        split = _dechunked(rest)
    elif lengths := head.values(b"content-length"):
        (length,) = map(int, lengths)
        split = (rest[:length], rest[length:]) if len(rest) >= length else None
    elif response:
        split = (rest, b"") if closed else None
    else:
        split = (b"", rest)
    return split and (Message(head.first, head.fields, split[0]), split[1])


def _dechunked(data: bytes) -> tuple[bytes, bytes] | None:
    """Split a chunked body off the front of `data` (RFC 9112 section 7.1); there must be no trailers."""
    body = []
    while True:
        size, end, data = data.partition(b"\r\n")
        if not end:
            return None
        length = int(size, 16)
        if len(data) < length + 2:
            return None
        assert b"\r\n" == data[length : length + 2], "a chunk that does not end where it should"
        if length == 0:
            return b"".join(body), data[2:]
        body.append(data[:length])
        data = data[length + 2 :]
