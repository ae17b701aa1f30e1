"""The corpus of requests: malformed ones with the statuses that refuse them, sound ones as a server must read them.

Sections are those of RFC 9112 unless another RFC is named.
"""

from attrs import frozen


@frozen
class Refused:
    """Bytes that are no request, or none that is served; `statuses` are those that may be answered."""

    name: str
    data: bytes
    statuses: tuple[int, ...]
    section: str


@frozen
class Passed:
    """Bytes that are a request, and what a server is to understand: method, target, host and body."""

    name: str
    data: bytes
    read: tuple[bytes, bytes, bytes, bytes]
    section: str


def lines(*written: bytes, body: bytes = b"") -> bytes:
    """Write a head from its lines, and a body."""
    return b"".join(line + b"\r\n" for line in written) + b"\r\n" + body


def plain(line: bytes) -> bytes:
    """Write a request of nothing but a request line and a Host."""
    return lines(line, b"Host: a")


def get(*fields: bytes, body: bytes = b"") -> bytes:
    """Write a GET with these fields besides its Host."""
    return lines(b"GET / HTTP/1.1", b"Host: a", *fields, body=body)


def post(*fields: bytes, body: bytes = b"") -> bytes:
    """Write a POST with these fields besides its Host."""
    return lines(b"POST / HTTP/1.1", b"Host: a", *fields, body=body)


def chunked(body: bytes) -> bytes:
    """Write a POST with a body that is chunked as it is given."""
    return post(b"Transfer-Encoding: chunked", body=body)


SMUGGLED = plain(b"GET /smuggled HTTP/1.1")


def _refused(section: str, *rows: tuple[str, bytes] | tuple[str, bytes, int]) -> list[Refused]:
    return [Refused(name, data, tuple(statuses) or (400,), section) for name, data, *statuses in rows]


REFUSED: list[Refused] = [
    *_refused(
        "3",
        ("no version", plain(b"GET /")),
        ("HTTP/0.9 alone", b"GET /\r\n"),
        ("HTTP/0.9 named", plain(b"GET / HTTP/0.9"), 400, 505),
        ("HTTP/1.10", plain(b"GET / HTTP/1.10"), 400, 505),
        ("HTTP/2.0", plain(b"GET / HTTP/2.0"), 400, 505),
        ("HTTP/1.2", plain(b"GET / HTTP/1.2"), 400, 505),
        ("HTTP/1", plain(b"GET / HTTP/1"), 400, 505),
        ("HTTP/01.1", plain(b"GET / HTTP/01.1"), 400, 505),
        ("HTTP/1.1x", plain(b"GET / HTTP/1.1x")),
        ("http/1.1", plain(b"GET / http/1.1")),
        ("another protocol", plain(b"GET / RTSP/1.0")),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
        ("two spaces before the target", plain(b"GET  / HTTP/1.1")),
        ("two spaces before the version", plain(b"GET /  HTTP/1.1")),
        ("tab before the target", plain(b"GET\t/ HTTP/1.1")),
        ("tab before the version", plain(b"GET /\tHTTP/1.1")),
        ("trailing space", plain(b"GET / HTTP/1.1 ")),
        ("trailing tab", plain(b"GET / HTTP/1.1\t")),
        ("leading space", plain(b" GET / HTTP/1.1")),
        ("vertical tab for a space", plain(b"GET\x0b/ HTTP/1.1")),
        ("four words", plain(b"GET / / HTTP/1.1")),
        ("one word", plain(b"GET")),
        ("no method", plain(b" / HTTP/1.1")),
        ("no target", plain(b"GET  HTTP/1.1")),
        ("two empty lines before", b"\r\n\r\n" + plain(b"GET / HTTP/1.1")),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("a PROXY line", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + plain(b"GET / HTTP/1.1")),
    ),
    *_refused(
        "3.1",
        ("method that is no token", plain(b"GE(T / HTTP/1.1")),
        ("colon in the method", plain(b"GET: / HTTP/1.1")),
        ("obs-text in the method", plain(b"G\xc9T / HTTP/1.1")),
        ("CONNECT", lines(b"CONNECT a:80 HTTP/1.1", b"Host: a:80"), 405),
        ("CONNECT to a path", plain(b"CONNECT / HTTP/1.1"), 405),
        ("TRACE", plain(b"TRACE / HTTP/1.1"), 405),
    ),
    *_refused(
        "3.2",
        ("space in the target", plain(b"GET /a b HTTP/1.1")),
        ("NUL in the target", plain(b"GET /\0 HTTP/1.1")),
        ("control byte in the target", plain(b"GET /\x07 HTTP/1.1")),
        ("DEL in the target", plain(b"GET /\x7f HTTP/1.1")),
        ("obs-text in the target", plain(b"GET /\xe9 HTTP/1.1")),
        ("fragment", plain(b"GET /a#b HTTP/1.1")),
        ("relative target", plain(b"GET a HTTP/1.1")),
        ("query alone", plain(b"GET ?a HTTP/1.1")),
        ("another scheme", plain(b"GET ftp://a/ HTTP/1.1")),
        ("no scheme", plain(b"GET a.example/ HTTP/1.1")),
        ("scheme of one slash", plain(b"GET http:/a/ HTTP/1.1")),
        ("absolute without a host", plain(b"GET http:///x HTTP/1.1")),
        ("absolute with user", plain(b"GET http://u@a/ HTTP/1.1")),
        ("absolute with a bad port", plain(b"GET http://a:x/ HTTP/1.1")),
        ("absolute without a Host line", lines(b"GET http://a/ HTTP/1.1")),
        ("asterisk for GET", plain(b"GET * HTTP/1.1")),
        ("asterisk and more", plain(b"OPTIONS *x HTTP/1.1")),
        ("target over the limit", plain(b"GET /" + b"x" * 33000 + b" HTTP/1.1"), 414),
    ),
    *_refused(
        "2.2",
        ("bare LF everywhere", b"GET / HTTP/1.1\nHost: a\n\n"),
        ("bare LF behind the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
        ("bare LF behind a field", b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        ("bare LF at the end", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
        ("bare CR behind the request line", b"GET / HTTP/1.1\rHost: a\r\n\r\n"),
        ("bare CR between fields", b"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
        ("bare CR in a value", get(b"X: a\rb")),
        ("CR CR LF", b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
        ("CR CR LF behind a field", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        ("CR CR LF at the end", b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
        ("LF before the request line", b"\n" + plain(b"GET / HTTP/1.1")),
        ("CR before the request line", b"\r" + plain(b"GET / HTTP/1.1")),
        ("space before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    ),
    *_refused(
        "3.2",
        ("no Host", lines(b"GET / HTTP/1.1")),
        ("two Hosts", get(b"Host: b")),
        ("two equal Hosts", get(b"Host: a")),
        ("two Hosts in HTTP/1.0", lines(b"GET / HTTP/1.0", b"Host: a", b"Host: b")),
        ("two Hosts, of another case", get(b"hOST: a")),
        ("empty Host", lines(b"GET / HTTP/1.1", b"Host:")),
        ("Host with a comma", lines(b"GET / HTTP/1.1", b"Host: a,b")),
        ("Host with a slash", lines(b"GET / HTTP/1.1", b"Host: a/b")),
        ("Host with a space", lines(b"GET / HTTP/1.1", b"Host: a b")),
        ("Host with a tab", lines(b"GET / HTTP/1.1", b"Host: a\tb")),
        ("Host with a user", lines(b"GET / HTTP/1.1", b"Host: u@a")),
        ("Host with a backslash", lines(b"GET / HTTP/1.1", b"Host: a\\b")),
        ("Host with a query", lines(b"GET / HTTP/1.1", b"Host: a?b")),
        ("Host with a fragment", lines(b"GET / HTTP/1.1", b"Host: a#b")),
        ("Host with obs-text", lines(b"GET / HTTP/1.1", b"Host: \xe9")),
        ("port that is a word", lines(b"GET / HTTP/1.1", b"Host: a:http")),
        ("port over 65535", lines(b"GET / HTTP/1.1", b"Host: a:65536")),
        ("two ports", lines(b"GET / HTTP/1.1", b"Host: a:1:2")),
        ("signed port", lines(b"GET / HTTP/1.1", b"Host: a:+1")),
        ("IPv6 without brackets", lines(b"GET / HTTP/1.1", b"Host: ::1")),
        ("open bracket", lines(b"GET / HTTP/1.1", b"Host: [::1")),
        ("bad Host beside an absolute target", lines(b"GET http://a/ HTTP/1.1", b"Host: b/c")),
    ),
    *_refused(
        "5",
        ("space before the colon", get(b"X : y")),
        ("tab before the colon", get(b"X\t: y")),
        ("space before the colon of Host", lines(b"GET / HTTP/1.1", b"Host : a")),
        ("space before the colon of Content-Length", post(b"Content-Length : 5", body=b"hello")),
        ("space before the colon of Transfer-Encoding", post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n")),
        ("obs-fold", get(b"X: y", b" z")),
        ("obs-fold with a tab", get(b"X: y", b"\tz")),
        ("obs-fold of a coding", post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n")),
        ("folded empty line", get(b"X: y", b" ")),
        ("no colon", get(b"X")),
        ("empty name", get(b": y")),
        ("space in a name", get(b"X Y: z")),
        ("parenthesis in a name", get(b"X(: y")),
        ("slash in a name", get(b"X/Y: z")),
        ("obs-text in a name", get(b"X\xe9: y")),
        ("NUL in a name", get(b"X\0: y")),
        ("control byte in a name", get(b"X\x01: y")),
        ("NUL in a value", get(b"X: a\0b")),
        ("control byte in a value", get(b"X: a\x01b")),
        ("escape in a value", get(b"X: a\x1bb")),
        ("form feed in a value", get(b"X: a\x0cb")),
        ("DEL in a value", get(b"X: a\x7fb")),
        ("NUL in Content-Length", post(b"Content-Length: 5\0", body=b"hello")),
        ("vertical tab in Transfer-Encoding", post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n")),
    ),
    *_refused(
        "RFC 6585 5",
        ("101 fields", get(*[b"X: y"] * 100), 431),
        ("field over the limit", get(b"X: " + b"y" * 8192), 431),
        ("name over the limit", get(b"X" * 8192 + b": y"), 431),
        ("head over the limit", get(*[b"X: " + b"y" * 8000] * 5), 431),
        ("100 more Cookies", get(*[b"Cookie: a=b"] * 100), 431),
    ),
    *_refused(
        "6.3",
        (
            "Content-Length with Transfer-Encoding",
            post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
        ),
        (
            "Transfer-Encoding with Content-Length",
            post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n" + SMUGGLED),
        ),
        ("two Content-Lengths", post(b"Content-Length: 5", b"Content-Length: 0", body=SMUGGLED)),
        ("two equal Content-Lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
        ("list of Content-Lengths", post(b"Content-Length: 5, 5", body=b"hello")),
        ("Content-Length with a comma", post(b"Content-Length: 5,", body=b"hello")),
        ("positive Content-Length", post(b"Content-Length: +5", body=b"hello")),
        ("negative Content-Length", post(b"Content-Length: -5", body=b"hello")),
        ("hexadecimal Content-Length", post(b"Content-Length: 0x5", body=b"hello")),
        ("hexadecimal digits", post(b"Content-Length: a", body=b"hellohello")),
        ("Content-Length with an underscore", post(b"Content-Length: 1_0", body=b"hellohello")),
        ("Content-Length with a point", post(b"Content-Length: 5.0", body=b"hello")),
        ("two numbers", post(b"Content-Length: 5 5", body=b"hello")),
        ("quoted Content-Length", post(b'Content-Length: "5"', body=b"hello")),
        ("empty Content-Length", post(b"Content-Length:", body=b"hello")),
        ("Content-Length of spaces", post(b"Content-Length:   ", body=b"hello")),
        ("superscript Content-Length", post(b"Content-Length: \xc2\xb2", body=b"hello")),
        ("Arabic digits", post("Content-Length: \u0665".encode(), body=b"hello")),
        ("Content-Length over 2^63", post(b"Content-Length: 9223372036854775808", body=b"hello"), 400, 413),
        ("Content-Length over 2^64", post(b"Content-Length: 18446744073709551621", body=b"hello"), 400, 413),
        ("Content-Length of a hundred digits", post(b"Content-Length: " + b"9" * 100, body=b"hello"), 400, 413),
        ("Content-Length over the limit for bodies", post(b"Content-Length: 1048577"), 413),
    ),
    *_refused(
        "6.1",
        *[
            (
                f"Transfer-Encoding {coding.decode('latin-1')!r}",
                post(b"Transfer-Encoding: " + coding, body=b"0\r\n\r\n" + SMUGGLED),
                400,
                501,
            )
            for coding in (
                b"gzip",
                b"identity",
                b"gzip, chunked",
                b"chunked, gzip",
                b"chunked, chunked",
                b",chunked",
                b"chunked,",
                b"chunked;q=1",
                b'"chunked"',
                b"xchunked",
                b"chunkedx",
                b"chunk",
                b"chunked identity",
                b"",
            )
        ],
        (
            "two Transfer-Encodings",
            post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
            400,
            501,
        ),
        (
            "chunked and identity on two lines",
            post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
            400,
            501,
        ),
        (
            "Transfer-Encoding in HTTP/1.0",
            lines(
                b"POST / HTTP/1.0",
                b"Host: a",
                b"Transfer-Encoding: chunked",
                b"Connection: keep-alive",
                body=b"0\r\n\r\n" + SMUGGLED,
            ),
        ),
        (
            "Transfer-Encoding on GET with Content-Length",
            get(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
        ),
    ),
    *_refused(
        "7.1",
        ("no chunk size", chunked(b"\r\nhello\r\n0\r\n\r\n")),
        ("chunk size that is no number", chunked(b"g\r\nhello\r\n0\r\n\r\n")),
        ("chunk size with 0x", chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
        ("negative chunk size", chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
        ("positive chunk size", chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
        ("chunk size with an underscore", chunked(b"0_5\r\nhello\r\n0\r\n\r\n")),
        ("space before the chunk size", chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
        ("space behind the chunk size", chunked(b"5 \r\nhello\r\n0\r\n\r\n")),
        ("tab behind the chunk size", chunked(b"5\t\r\nhello\r\n0\r\n\r\n")),
        ("17 digits", chunked(b"00000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("chunk size over 2^64", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("bare LF behind the chunk size", chunked(b"5\nhello\r\n0\r\n\r\n")),
        ("bare CR behind the chunk size", chunked(b"5\rhello\r\n0\r\n\r\n")),
        ("bare LF behind the chunk", chunked(b"5\r\nhello\n0\r\n\r\n")),
        ("no CRLF behind the chunk", chunked(b"5\r\nhello0\r\n\r\n")),
        ("two bytes for a CRLF", chunked(b"5\r\nhelloxx0\r\n\r\n")),
        ("chunk longer than its size", chunked(b"4\r\nhello\r\n0\r\n\r\n")),
        ("chunk shorter than its size", chunked(b"6\r\nhello\r\n0\r\n\r\n")),
        ("bare LF behind the last chunk", chunked(b"5\r\nhello\r\n0\r\n\n")),
        ("bare LF behind the last size", chunked(b"5\r\nhello\r\n0\n\r\n")),
        ("control byte in an extension", chunked(b"5;a\x01\r\nhello\r\n0\r\n\r\n")),
        ("NUL in an extension", chunked(b"5;\0\r\nhello\r\n0\r\n\r\n")),
        ("bare LF in an extension", chunked(b"5;a\nhello\r\n0\r\n\r\n")),
        ("bare CR in an extension", chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n")),
        ("extension over 4 KiB", chunked(b"5;" + b"a" * 4096 + b"\r\nhello\r\n0\r\n\r\n")),
        ("extensions over 16 KiB", chunked(b"1;%b\r\nx\r\n" % (b"a" * 4000) * 5 + b"0\r\n\r\n")),
    ),
    *_refused(
        "RFC 9110 6.5",
        ("space before a trailer's colon", chunked(b"0\r\nX : y\r\n\r\n")),
        ("folded trailer", chunked(b"0\r\nX: y\r\n z\r\n\r\n")),
        ("trailer that starts with a space", chunked(b"0\r\n X: y\r\n\r\n")),
        ("trailer without a colon", chunked(b"0\r\nGET / HTTP/1.1\r\n\r\n")),
        ("trailer without a name", chunked(b"0\r\n: y\r\n\r\n")),
        ("NUL in a trailer", chunked(b"0\r\nX: \0\r\n\r\n")),
        ("bare LF behind a trailer", chunked(b"0\r\nX: y\n\r\n")),
        ("101 trailers", chunked(b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n"), 431),
    ),
    *_refused(
        "RFC 9110 10.1.1",
        ("another expectation", post(b"Expect: 200-ok", b"Content-Length: 5", body=b"hello"), 417),
        ("two expectations in one", post(b"Expect: 100-continue, x", b"Content-Length: 5", body=b"hello"), 417),
    ),
]

_GET = (b"GET", b"/", b"a", b"")
_HELLO = (b"POST", b"/", b"a", b"hello")

PASSED: list[Passed] = [
    Passed("plain", plain(b"GET / HTTP/1.1"), _GET, "3"),
    Passed("one empty line before", b"\r\n" + plain(b"GET / HTTP/1.1"), _GET, "2.2"),
    Passed("HTTP/1.0", lines(b"GET / HTTP/1.0", b"Host: a"), _GET, "2.5"),
    Passed("HTTP/1.0 without a Host", lines(b"GET / HTTP/1.0"), (b"GET", b"/", b"app", b""), "3.2"),
    Passed("lower-case method", plain(b"get / HTTP/1.1"), (b"get", b"/", b"a", b""), "3.1"),
    Passed("unknown method", plain(b"BREW / HTTP/1.1"), (b"BREW", b"/", b"a", b""), "3.1"),
    Passed(
        "method of all that a token may hold",
        plain(b"!#$%&'*+-.^_`|~1 / HTTP/1.1"),
        (b"!#$%&'*+-.^_`|~1", b"/", b"a", b""),
        "3.1",
    ),
    Passed(
        "unknown method with a body",
        lines(b"BREW / HTTP/1.1", b"Host: a", b"Content-Length: 5", body=b"hello"),
        (b"BREW", b"/", b"a", b"hello"),
        "3.1",
    ),
    Passed("extension method of WebDAV", plain(b"PROPFIND / HTTP/1.1"), (b"PROPFIND", b"/", b"a", b""), "3.1"),
    Passed("method that other protocols know", plain(b"PRI / HTTP/1.1"), (b"PRI", b"/", b"a", b""), "3.1"),
    Passed("OPTIONS *", plain(b"OPTIONS * HTTP/1.1"), (b"OPTIONS", b"*", b"a", b""), "3.2.4"),
    Passed(
        "absolute target", plain(b"GET http://b.example/x?y HTTP/1.1"), (b"GET", b"/x?y", b"b.example", b""), "3.2.2"
    ),
    Passed(
        "absolute target without a path",
        plain(b"GET HTTP://b.example HTTP/1.1"),
        (b"GET", b"/", b"b.example", b""),
        "3.2.2",
    ),
    Passed(
        "absolute target with a query alone",
        plain(b"GET https://b.example?y HTTP/1.1"),
        (b"GET", b"/?y", b"b.example", b""),
        "3.2.2",
    ),
    Passed(
        "odd bytes in the target", plain(b'GET /"<>{}|\\^`%zz HTTP/1.1'), (b"GET", b'/"<>{}|\\^`%zz', b"a", b""), "3.2"
    ),
    Passed("two slashes", plain(b"GET //x HTTP/1.1"), (b"GET", b"//x", b"a", b""), "3.2.1"),
    Passed("Host with a port", lines(b"GET / HTTP/1.1", b"Host: a:8080"), (b"GET", b"/", b"a:8080", b""), "3.2"),
    Passed("Host with an empty port", lines(b"GET / HTTP/1.1", b"Host: a:"), (b"GET", b"/", b"a:", b""), "3.2"),
    Passed("IPv6 address", lines(b"GET / HTTP/1.1", b"Host: [::1]:80"), (b"GET", b"/", b"[::1]:80", b""), "3.2"),
    Passed("Host without a space", lines(b"GET / HTTP/1.1", b"Host:a"), _GET, "5.1"),
    Passed("spaces around a Host", lines(b"GET / HTTP/1.1", b"Host: \t a \t"), _GET, "5.1"),
    Passed("empty value", get(b"X:"), _GET, "5"),
    Passed("obs-text in a value", get(b"X: \xe9"), _GET, "RFC 9110 5.5"),
    Passed("tab in a value", get(b"X: a\tb"), _GET, "RFC 9110 5.5"),
    Passed("100 fields", get(*[b"X: y"] * 99), _GET, "RFC 6585 5"),
    Passed("names with an underscore", get(b"Content_Length: 5", b"Transfer_Encoding: chunked"), _GET, "RFC 9110 5.1"),
    Passed("body by Content-Length", post(b"Content-Length: 5", body=b"hello"), _HELLO, "6.2"),
    Passed("leading zeros", post(b"Content-Length: 0005", body=b"hello"), _HELLO, "6.2"),
    Passed("thirty leading zeros", post(b"Content-Length: " + b"0" * 30 + b"5", body=b"hello"), _HELLO, "6.2"),
    Passed("no body", post(b"Content-Length: 0"), (b"POST", b"/", b"a", b""), "6.2"),
    Passed("body on GET", get(b"Content-Length: 5", body=b"hello"), (b"GET", b"/", b"a", b"hello"), "6.3"),
    Passed(
        "chunked body on GET",
        get(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        (b"GET", b"/", b"a", b"hello"),
        "6.3",
    ),
    Passed(
        "body on HEAD",
        lines(b"HEAD / HTTP/1.1", b"Host: a", b"Content-Length: 5", body=b"hello"),
        (b"HEAD", b"/", b"a", b"hello"),
        "6.3",
    ),
    Passed(
        "body on DELETE",
        lines(b"DELETE / HTTP/1.1", b"Host: a", b"Content-Length: 5", body=b"hello"),
        (b"DELETE", b"/", b"a", b"hello"),
        "6.3",
    ),
    Passed(
        "body that looks like a request",
        post(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        (b"POST", b"/", b"a", SMUGGLED),
        "6.2",
    ),
    Passed("chunked", chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), _HELLO, "7.1"),
    Passed("Chunked", post(b"Transfer-Encoding: Chunked", body=b"5\r\nhello\r\n0\r\n\r\n"), _HELLO, "7"),
    Passed(
        "chunked with a space behind",
        post(b"Transfer-Encoding: chunked ", body=b"5\r\nhello\r\n0\r\n\r\n"),
        _HELLO,
        "5.1",
    ),
    Passed("16 digits", chunked(b"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n"), _HELLO, "7.1"),
    Passed(
        "hexadecimal sizes",
        chunked(b"a\r\nhellohello\r\nA\r\nhellohello\r\n0\r\n\r\n"),
        (b"POST", b"/", b"a", b"hello" * 4),
        "7.1",
    ),
    Passed("chunk extensions", chunked(b'5;a;b=c;d="e; f"\r\nhello\r\n0;g\r\n\r\n'), _HELLO, "7.1.1"),
    Passed(
        "chunk that looks like the end",
        chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        (b"POST", b"/", b"a", b"0\r\n\r\n"),
        "7.1",
    ),
    Passed("trailers", chunked(b"5\r\nhello\r\n0\r\nX: y\r\nHost: b\r\nContent-Length: 9\r\n\r\n"), _HELLO, "7.1.2"),
    Passed(
        "body and upgrade",
        post(b"Connection: upgrade", b"Upgrade: x", b"Content-Length: 5", body=b"hello"),
        _HELLO,
        "RFC 9110 7.8",
    ),
    Passed(
        "Connection names what must stay",
        post(b"Connection: content-length, host", b"Content-Length: 5", body=b"hello"),
        _HELLO,
        "RFC 9110 7.6.1",
    ),
    Passed("Connection: close", get(b"Connection: close"), _GET, "9.6"),
    Passed(
        "100-continue", post(b"Expect: 100-Continue", b"Content-Length: 5", body=b"hello"), _HELLO, "RFC 9110 10.1.1"
    ),
]
