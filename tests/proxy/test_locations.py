import pytest

from tests.proxy.house import House, answer, status

HEAD = "[upstream app]\nserver = 10.0.0.1:80\n[server www]\nlisten = 8080\n[location www /]\n"


def house(*lines: str) -> House:
    """Build a proxy whose one location says that."""
    return House(HEAD + "\n".join(lines) + "\n")


def ask(home: House, method: bytes = b"GET", target: bytes = b"/x?y=1") -> tuple[bytes, bytes]:
    """Send a request; return the head and the body of the answer."""
    client = home.client()
    client.send(method + b" " + target + b" HTTP/1.1\r\nHost: www.example:80\r\n\r\n")
    head, _, body = client.received().partition(b"\r\n\r\n")
    return head, body


def test_proxy() -> None:
    """What comes to a location with proxy_pass goes to a server of its upstream, and the answer comes back."""
    home = house("proxy_pass = http://app")
    client = home.client()
    client.send(b"GET /x HTTP/1.1\r\nHost: www.example\r\n\r\n")
    server = home.servers.accept()
    assert [("10.0.0.1", 80)] == home.servers.asked
    assert server.received().startswith(b"GET /x HTTP/1.1\r\nHost: www.example\r\n")
    server.send(answer(b"hello"))
    assert client.received().endswith(b"\r\n\r\nhello")


def test_return_text() -> None:
    """A text is answered with its variables filled in, as plain text."""
    head, body = ask(house('return = 200 "$request_method $arg_y $host"'))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in head
    assert b"GET 1 www.example" == body


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_return_redirect(code: int) -> None:
    """A redirect's text is its Location."""
    head, body = ask(house(f"return = {code} https://$host$request_uri"))
    assert code == status(head)
    assert b"\r\nLocation: https://www.example/x?y=1\r\n" in head
    assert b"" == body


def test_redirects_begin_no_line() -> None:
    """A line end that is hidden in the path does not come out in a Location."""
    head, _ = ask(house("return = 302 https://$host$uri"), target=b"/x%0d%0aX-Evil:%201")
    assert b"\r\nLocation: https://www.example/xX-Evil: 1\r\n" in head


@pytest.mark.parametrize(("code", "body"), [(200, b""), (204, b""), (404, b"<h1>404 Not Found</h1>")])
def test_return_status(code: int, body: bytes) -> None:
    """A status alone is answered without a body if it is good, and with its page if it is an error."""
    head, got = ask(house(f"return = {code}"))
    assert code == status(head)
    assert body in got
    assert bool(body) == bool(got)


def test_return_error_with_text() -> None:
    """An error with a text of its own is answered with that."""
    head, body = ask(house("return = 503 later"))
    assert (503, b"later") == (status(head), body)


def test_return_to_head() -> None:
    """HEAD gets the fields that GET would, and no body."""
    home = house("return = 200 hello")
    head, body = ask(home, b"HEAD")
    assert b"\r\nContent-Length: 5" in head
    assert b"" == body


def test_close() -> None:
    """444 closes the connection without a word."""
    client = house("return = 444").client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (b"", True) == (client.received(), client.transport.disconnected)
