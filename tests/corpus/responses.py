"""The corpus of what servers answer: faulty responses, and odd ones that are sound, with what the client gets.

Sections are those of RFC 9112 unless another RFC is named. The request is a GET unless the row says otherwise.
"""

from typing import Literal

from attrs import frozen


@frozen
class Response:
    """What a server sends, and what becomes of it.

    `ends`: the server closes or resets behind it. The client gets `status` and `body`, or what came before the fault
    and then a `cut`: its connection is aborted. `reused`: the connection to the server takes the next request.
    """

    name: str
    data: bytes
    section: str
    status: int = 200
    body: bytes = b""
    cut: bool = False
    reused: bool = False
    ends: Literal["", "close", "reset"] = ""
    method: bytes = b"GET"
    http10: bool = False


def ok(*fields: bytes, body: bytes = b"", line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Write a response."""
    return line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def sized(length: int, body: bytes) -> bytes:
    """Write a response whose Content-Length may lie."""
    return ok(b"Content-Length: %d" % length, body=body)


def chunked(body: bytes) -> bytes:
    """Write a response with a body that is chunked as it is given."""
    return ok(b"Transfer-Encoding: chunked", body=body)


HELLO = sized(5, b"hello")
FORGED = ok(b"Content-Length: 6", b"X-Forged: yes", body=b"forged")


def _no_response() -> list[Response]:
    rows: list[tuple[str, str, bytes]] = [
        ("2.1", "garbage", b"\x00\x01\x02garbage\r\n\r\n"),
        ("2.1", "another protocol", b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
        ("2.1", "a request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("2.1", "HTTP/0.9", b"<html>hello</html>\r\n\r\n"),
        ("2.2", "empty line before", b"\r\n" + HELLO),
        ("2.2", "bare LF", HELLO.replace(b"\r\n", b"\n")),
        ("2.2", "bare LF behind a field", b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\r\nhello"),
        ("2.2", "bare CR behind a field", b"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 5\r\n\r\nhello"),
        ("4", "HTTP/2.0", HELLO.replace(b"HTTP/1.1", b"HTTP/2.0")),
        ("4", "HTTP/0.9 named", HELLO.replace(b"HTTP/1.1", b"HTTP/0.9")),
        ("4", "http/1.1", HELLO.replace(b"HTTP", b"http")),
        ("4", "no status", HELLO.replace(b" 200 OK", b"")),
        ("4", "status of two digits", HELLO.replace(b"200", b"20")),
        ("4", "status of four digits", HELLO.replace(b"200", b"2000")),
        ("4", "status of nought", HELLO.replace(b"200", b"000")),
        ("4", "status that is a word", HELLO.replace(b"200", b"abc")),
        ("4", "two spaces before the status", HELLO.replace(b" 200", b"  200")),
        ("4", "tab before the status", HELLO.replace(b" 200", b"\t200")),
        ("4", "NUL in the reason", HELLO.replace(b"OK", b"O\0K")),
        ("4", "CR in the reason", HELLO.replace(b"OK", b"O\rK")),
        ("5", "space before the colon", ok(b"X : y", b"Content-Length: 0")),
        ("5", "space before the colon of Content-Length", ok(b"Content-Length : 5", body=b"hello")),
        ("5", "obs-fold", ok(b"X: y", b" z", b"Content-Length: 0")),
        ("5", "no colon", ok(b"X", b"Content-Length: 0")),
        ("5", "empty name", ok(b": y", b"Content-Length: 0")),
        ("5", "space in a name", ok(b"X Y: z", b"Content-Length: 0")),
        ("5", "NUL in a field", ok(b"X: \0", b"Content-Length: 0")),
        ("5", "control byte in a field", ok(b"X: \x08", b"Content-Length: 0")),
        ("5", "CR in a field", ok(b"X: a\rSet-Cookie: b=c", b"Content-Length: 0")),
        ("5", "LF in a field", ok(b"X: a\nSet-Cookie: b=c", b"Content-Length: 0")),
        ("5", "head over the limit", ok(*[b"X: " + b"y" * 8000] * 9, b"Content-Length: 0")),
        (
            "6.3",
            "Content-Length with Transfer-Encoding",
            ok(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        ),
        (
            "6.3",
            "Transfer-Encoding with Content-Length",
            ok(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        ),
        ("6.3", "two Content-Lengths", ok(b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
        ("6.3", "two equal Content-Lengths", ok(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
        ("6.3", "list of Content-Lengths", ok(b"Content-Length: 5, 5", body=b"hello")),
        ("6.3", "negative Content-Length", ok(b"Content-Length: -5", body=b"hello")),
        ("6.3", "empty Content-Length", ok(b"Content-Length:", body=b"hello")),
        ("6.3", "hexadecimal Content-Length", ok(b"Content-Length: 0x5", body=b"hello")),
        ("6.3", "Content-Length over 2^63", ok(b"Content-Length: 9223372036854775808", body=b"hello")),
        ("6.1", "unknown coding", ok(b"Transfer-Encoding: gzip", body=b"hello")),
        ("6.1", "list of codings", ok(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
        (
            "6.1",
            "two Transfer-Encodings",
            ok(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        ),
        ("6.1", "chunked in HTTP/1.0", chunked(b"5\r\nhello\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0")),
        ("RFC 9110 15.2", "101 unasked", ok(b"Connection: upgrade", b"Upgrade: x", line=b"HTTP/1.1 101 Switching")),
        ("RFC 9110 15.2", "unknown interim status", ok(line=b"HTTP/1.1 199 X")),
        ("RFC 9110 15.2", "100 with a body", ok(b"Content-Length: 5", line=b"HTTP/1.1 100 X") + b"hello" + HELLO),
        ("RFC 9110 15.2", "100 without end", ok(line=b"HTTP/1.1 100 Continue") * 3000),
    ]
    return [Response(name, data, section, 502) for section, name, data in rows]


FAULTY: list[Response] = [
    *_no_response(),
    Response("nothing, and a close", b"", "9.5", 502, ends="close"),
    Response("nothing, and a reset", b"", "9.5", 502, ends="reset"),
    Response("half a status line", b"HTTP/1.1 2", "8", 502, ends="close"),
    Response("half a head", b"HTTP/1.1 200 OK\r\nX: y\r\n", "8", 502, ends="close"),
    Response("half a head, and a reset", b"HTTP/1.1 200 OK\r\nX: y\r\n", "8", 502, ends="reset"),
    Response("100 and a close", ok(line=b"HTTP/1.1 100 Continue"), "8", 502, ends="close"),
    Response("short body", sized(10, b"hello"), "8", cut=True, ends="close"),
    Response("short body, and a reset", sized(10, b"hello"), "8", cut=True, ends="reset"),
    Response("no body where one is due", sized(10, b""), "8", cut=True, ends="close"),
    Response("chunks without end", chunked(b"5\r\nhello\r\n"), "8", cut=True, ends="close"),
    Response("half a chunk", chunked(b"5\r\nhel"), "8", cut=True, ends="close"),
    Response("half a last chunk", chunked(b"5\r\nhello\r\n0\r\n"), "8", cut=True, ends="close"),
    Response("half a trailer", chunked(b"5\r\nhello\r\n0\r\nX: y"), "8", cut=True, ends="close"),
    Response("broken chunk size", chunked(b"5\r\nhello\r\nzz\r\n"), "7.1", cut=True),
    Response("chunk without CRLF", chunked(b"5\r\nhelloxx"), "7.1", cut=True),
    Response("bare LF in chunks", chunked(b"5\r\nhello\n0\r\n\r\n"), "7.1", cut=True),
    Response("17 digits", chunked(b"1\r\nx\r\n" + b"0" * 17 + b"\r\n\r\n"), "7.1", cut=True),
    Response("control byte in an extension", chunked(b"1\r\nx\r\n1;\x01\r\nx\r\n0\r\n\r\n"), "7.1", cut=True),
    Response("malformed trailer", chunked(b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"), "7.1.2", cut=True),
    Response("until a reset", ok(body=b"hello"), "8", cut=True, ends="reset"),
    Response("byte behind the body", HELLO + b"x", "6.3", body=b"hello"),
    Response("CRLF behind the body", HELLO + b"\r\n", "6.3", body=b"hello"),
    Response("second response behind the body", HELLO + FORGED, "6.3", body=b"hello"),
    Response("response behind the last chunk", chunked(b"5\r\nhello\r\n0\r\n\r\n") + FORGED, "7.1", body=b"hello"),
    Response("body with 204", ok(b"Content-Length: 5", body=b"hello", line=b"HTTP/1.1 204 No Content"), "6.3", 204),
    Response(
        "chunks with 204",
        ok(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", line=b"HTTP/1.1 204 No Content"),
        "6.3",
        204,
    ),
    Response("body with 304", ok(b"Content-Length: 5", body=b"hello", line=b"HTTP/1.1 304 Not Modified"), "6.3", 304),
    Response("body to HEAD", HELLO, "6.3", method=b"HEAD"),
    Response("chunks to HEAD", chunked(b"5\r\nhello\r\n0\r\n\r\n"), "6.3", method=b"HEAD"),
    Response("response behind the one to HEAD", sized(5, b"") + FORGED, "6.3", method=b"HEAD"),
]

SOUND: list[Response] = [
    Response("plain", HELLO, "4", body=b"hello", reused=True),
    Response("no reason", HELLO.replace(b" OK", b" "), "4", body=b"hello", reused=True),
    Response("no space for a reason", HELLO.replace(b" OK", b""), "4", body=b"hello", reused=True),
    Response("obs-text in the reason", HELLO.replace(b"OK", b"\xe9"), "4", body=b"hello", reused=True),
    Response("unknown status", HELLO.replace(b"200", b"299"), "4", 299, body=b"hello", reused=True),
    Response("obs-text in a field", ok(b"X: \xe9", b"Content-Length: 0"), "5", reused=True),
    Response("leading zeros", ok(b"Content-Length: 0005", body=b"hello"), "6.3", body=b"hello", reused=True),
    Response("chunks", chunked(b"2\r\nhe\r\n3;x\r\nllo\r\n0\r\nX: y\r\n\r\n"), "7.1", body=b"hello", reused=True),
    Response(
        "chunks to an HTTP/1.0 client",
        chunked(b"5\r\nhello\r\n0\r\n\r\n"),
        "6.1",
        body=b"hello",
        reused=True,
        http10=True,
    ),
    Response("until close", ok(body=b"hello"), "6.3", body=b"hello", ends="close"),
    Response("until close in HTTP/1.0", ok(body=b"hello", line=b"HTTP/1.0 200 OK"), "6.3", body=b"hello", ends="close"),
    Response("until close to an HTTP/1.0 client", ok(body=b"hello"), "6.3", body=b"hello", ends="close", http10=True),
    Response("HTTP/1.0 with a length", HELLO.replace(b"HTTP/1.1", b"HTTP/1.0"), "9.3", body=b"hello"),
    Response(
        "HTTP/1.0 kept alive",
        ok(b"Connection: keep-alive", b"Content-Length: 5", body=b"hello", line=b"HTTP/1.0 200 OK"),
        "9.3",
        body=b"hello",
        reused=True,
    ),
    Response("Connection: close", ok(b"Connection: close", b"Content-Length: 5", body=b"hello"), "9.6", body=b"hello"),
    Response("204", ok(line=b"HTTP/1.1 204 No Content"), "6.3", 204, reused=True),
    Response("304 with a length", ok(b"Content-Length: 5", line=b"HTTP/1.1 304 Not Modified"), "6.3", 304, reused=True),
    Response("HEAD with a length", sized(5, b""), "6.3", method=b"HEAD", reused=True),
    Response("HEAD with a coding", chunked(b""), "6.3", method=b"HEAD", reused=True),
    Response(
        "Upgrade offered",
        ok(b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: 5", body=b"hello"),
        "RFC 9110 7.8",
        body=b"hello",
        reused=True,
    ),
    Response("100", ok(line=b"HTTP/1.1 100 Continue") + HELLO, "RFC 9110 15.2", body=b"hello", reused=True),
    Response("503", HELLO.replace(b"200", b"503"), "RFC 9110 15.6", 503, body=b"hello", reused=True),
]
