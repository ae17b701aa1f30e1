import pytest

from stickyproxy.errors import ClientFault
from stickyproxy.http.request import Limits, RequestHead, read_request_head


def read(
    *lines: tuple[bytes, bytes],
    method: bytes = b"GET",
    target: bytes = b"/",
    http11: bool = True,
    size: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> RequestHead:
    fields = [(name.lower(), name, value) for name, value in lines]
    size = sum(len(name) + len(value) + 4 for name, value in lines) if size is None else size
    return read_request_head(method, target, http11, fields, size, limits)


HOST = (b"Host", b"example.org")


def test_plain() -> None:
    """A head is what was parsed: the fields as they were written, and what they say."""
    head = read(HOST, (b"X-Y", b"z"), (b"Cookie", b"a=1"), (b"cookie", b"b=2"), target=b"/x?y")
    assert (b"GET", b"/x?y", True) == (head.method, head.target, head.http11)
    assert (b"example.org", (b"a=1", b"b=2")) == (head.host, head.cookies)
    assert ((b"x-y", b"X-Y", b"z"), b"z", b"") == (head.fields[1], head.first(b"x-y"), head.first(b"x-z"))
    assert (None, False, False) == (head.length, head.chunked, head.has_body)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(b"Content-Length", b"0")], (0, False, False)),
        ([(b"Content-Length", b"0012")], (12, False, True)),
        ([(b"Transfer-Encoding", b"Chunked")], (None, True, True)),
    ],
)
def test_body(lines: list[tuple[bytes, bytes]], expected: tuple[int | None, bool, bool]) -> None:
    """The framing says whether a body follows."""
    head = read(HOST, *lines, method=b"POST")
    assert expected == (head.length, head.chunked, head.has_body)


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        (b"http://a.example/x?y", b"b.example", (b"/x?y", b"a.example")),
        (b"HTTPS://a.example:8443?y", b"b.example", (b"/?y", b"a.example:8443")),
        (b"http://a.example", b"b.example", (b"/", b"a.example")),
    ],
)
def test_absolute_form(target: bytes, host: bytes, expected: tuple[bytes, bytes]) -> None:
    """An absolute target names the host, whatever the Host field says (RFC 9112 section 3.2.2)."""
    head = read((b"Host", host), target=target)
    assert expected == (head.target, head.host)


def test_asterisk_form() -> None:
    """`*` is a target for OPTIONS."""
    assert b"*" == read(HOST, method=b"OPTIONS", target=b"*").target


def test_http10_without_host() -> None:
    """An HTTP/1.0 request may do without a Host."""
    assert (b"", False) == ((head := read(http11=False)).host, head.http11)


@pytest.mark.parametrize(
    ("lines", "http11", "expected"),
    [
        ([], True, True),
        ([], False, False),
        ([(b"Connection", b"close")], True, False),
        ([(b"Connection", b"x"), (b"Connection", b"Close")], True, False),
        ([(b"Connection", b"Keep-Alive")], False, True),
        ([(b"Proxy-Connection", b"close")], True, True),
        ([(b"Proxy-Connection", b"keep-alive")], False, False),
    ],
)
def test_keep_alive(lines: list[tuple[bytes, bytes]], http11: bool, expected: bool) -> None:
    """Version and all the Connection lines say whether the client may ask again."""
    assert expected is read(HOST, *lines, http11=http11).keep_alive


def test_nominated() -> None:
    """Fields that Connection names are known; the usual values of Connection name none."""
    assert {b"x-y"} == read(HOST, (b"Connection", b"close, X-Y")).nominated
    assert set() == read(HOST, (b"Connection", b"keep-alive")).nominated


@pytest.mark.parametrize("http11", [True, False])
def test_expect(http11: bool) -> None:
    """100-continue is expected in HTTP/1.1 only (RFC 9110 section 10.1.1)."""
    assert http11 == read(HOST, (b"Expect", b"100-Continue"), http11=http11).expects_continue


SMALL = Limits(field=50, fields=4, target=20)


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (405, {"method": b"CONNECT", "target": b"a:1"}),
        (405, {"method": b"TRACE"}),
        (400, {"target": b"*"}),
        (400, {"target": b"x"}),
        (400, {"target": b"ftp://example.org/"}),
        (414, {"target": b"/" + b"x" * 20}),
    ],
)
def test_refused_request_line(status: int, request_: dict) -> None:
    """A request line that cannot be served says so by its status."""
    with pytest.raises(ClientFault) as caught:
        read(HOST, limits=SMALL, **request_)
    assert status == caught.value.status


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (400, []),
        (400, [HOST, HOST]),
        (400, [(b"Host", b"a,b")]),
        (400, [(b"Host", b"a/b")]),
        (400, [(b"Host", b"user@a")]),
        (400, [(b"Host", b"a:port")]),
        (400, [(b"Host", b"a:65536")]),
        (400, [(b"Host", b"a b")]),
        (400, [(b"Host", b"")]),
        (400, [HOST, (b"Content-Length", b"1"), (b"Content-Length", b"1")]),
        (400, [HOST, (b"Content-Length", b"+1")]),
        (400, [HOST, (b"Content-Length", b"1,1")]),
        (400, [HOST, (b"Content-Length", b"")]),
        (400, [HOST, (b"Content-Length", b"9" * 20)]),
        (400, [HOST, (b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")]),
        (400, [HOST, (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")]),
        (501, [HOST, (b"Transfer-Encoding", b"gzip, chunked")]),
        (501, [HOST, (b"Transfer-Encoding", b"identity")]),
        (417, [HOST, (b"Expect", b"200-ok")]),
        (431, [HOST, (b"X", b"y" * 50)]),
        (431, [HOST, *[(b"X", b"y")] * 4]),
    ],
)
def test_refused_fields(status: int, lines: list[tuple[bytes, bytes]]) -> None:
    """Fields that cannot be served say so by their status (RFC 9112 sections 3.2 and 6)."""
    with pytest.raises(ClientFault) as caught:
        read(*lines, limits=SMALL)
    assert status == caught.value.status


def test_coding_in_http10() -> None:
    """HTTP/1.0 has no transfer codings (RFC 9112 section 6.1)."""
    with pytest.raises(ClientFault) as caught:
        read(HOST, (b"Transfer-Encoding", b"chunked"), http11=False)
    assert 400 == caught.value.status


def test_a_name_or_an_address_is_a_host() -> None:
    """Names, IPv4 and bracketed IPv6 addresses pass, each with or without a port."""
    for host in (b"a", b"a.b-c.example", b"a:80", b"192.0.2.1:8080", b"[2001:db8::1]", b"[::1]:80", b"a:"):
        assert host == read((b"Host", host)).host


@pytest.mark.parametrize(
    ("lines", "http11", "expected"),
    [
        ([(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")], True, b"websocket"),
        ([(b"Upgrade", b"a"), (b"Connection", b"x"), (b"Upgrade", b"b"), (b"Connection", b"UPGRADE")], True, b"a, b"),
        ([(b"Connection", b"upgrade"), (b"Upgrade", b"a"), (b"Content-Length", b"0")], True, b"a"),
        ([(b"Connection", b"upgrade"), (b"Upgrade", b"a"), (b"Content-Length", b"1")], True, b""),
        ([(b"Connection", b"upgrade"), (b"Upgrade", b"a"), (b"Transfer-Encoding", b"chunked")], True, b""),
        ([(b"Connection", b"upgrade"), (b"Upgrade", b"a")], False, b""),
        ([(b"Connection", b"upgrade"), (b"Upgrade", b"h2c")], True, b""),
        ([(b"Connection", b"keep-alive"), (b"Upgrade", b"a")], True, b""),
        ([(b"Upgrade", b"a")], True, b""),
        ([(b"Connection", b"upgrade")], True, b""),
    ],
)
def test_upgrade(lines: list[tuple[bytes, bytes]], http11: bool, expected: bytes) -> None:
    """A request asks for an upgrade if it is of HTTP/1.1, without a body, and its Connection says so as well."""
    assert expected == read((b"Host", b"a"), *lines, http11=http11).upgrade
