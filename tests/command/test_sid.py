from hashlib import md5
from ipaddress import ip_address

import pytest

from stickyproxy.command.sid import sid
from stickyproxy.config.addresses import InetAddress
from stickyproxy.config.load import loads

NOW = 1_700_000_000.0
ADDRESS = "10.0.0.1:8080"
MD5 = md5(ADDRESS.encode()).hexdigest()


def of(
    stickiness: str, server: str = "a", first: str = f"{ADDRESS} id=a", upstream: str = "app", location: str = ""
) -> str:
    """The cookie of a server in an upstream that keeps its clients so."""
    text = (
        f"[upstream app]\nserver =\n    {first}\n    10.0.0.2:8080 id=b srun_id=jvm2\n{stickiness}\n"
        f"[server www]\n[location www /x]\nproxy_pass = http://app\naccess = deny all\n{location}\n"
    )
    return sid(loads(text), upstream, server, lambda host, port: [InetAddress(ip_address("10.9.9.9"), port)], NOW)


@pytest.mark.parametrize(
    ("stickiness", "server", "expected"),
    [
        ("session_sticky =", "a", f"route={MD5}"),
        ("session_sticky =", ADDRESS, f"route={MD5}"),
        ("session_sticky = hash=plain cookie=s", "b", "s=b"),
        ("session_sticky = hash=plain option=indirect", "b", "route=b"),
        ("session_sticky = hash=plain maxidle=30m", "a", "route=a|1700000000|1700000000"),
        ("sticky = cookie srv", "a", f"srv={MD5}"),
        ("cookie = SRV insert", "a", "SRV=a"),
        ("session_sticky = hash=plain mode=prefix", "a", "route=a~VALUE"),
        ("session_sticky = hash=plain mode=rewrite", "a", "route=a"),
        ("session_sticky = hash=plain preserve", "a", "route=a"),
        ("session_sticky = hash=plain option=indirect preserve maxidle=30m", "b", "route=b|1700000000|1700000000"),
        ("cookie = SRV insert indirect preserve", "a", "SRV=a"),
        ("stickysession = ROUTEID", "b", "ROUTEID=.b"),
        ("cookie = S prefix", "a", "S=a~VALUE"),
    ],
)
def test_cookie(stickiness: str, server: str, expected: str) -> None:
    """The cookie is what the proxy would set, whatever the mode, the state of the server, and who may enter."""
    assert expected == of(stickiness, server)


@pytest.mark.parametrize("flag", ["down", "drain", "backup"])
def test_server_that_takes_nobody(flag: str) -> None:
    """A server has its cookie even while it takes no new sessions."""
    assert "route=a" == of("session_sticky = hash=plain", first=f"{ADDRESS} id=a {flag}")


def test_location_without_stickiness() -> None:
    """A server has its cookie though the first location that leads to it does not ask for one."""
    assert "route=a" == of("session_sticky = hash=plain", location="session_sticky = off")


def test_name_is_resolved() -> None:
    """A server that was written by name goes by its address."""
    digest = md5(b"10.9.9.9:80").hexdigest()
    assert f"route={digest}" == of("session_sticky =", "app.example", "app.example")
    assert f"route={digest}" == of("session_sticky =", "app.example", "app.example resolve")


def test_demonstration_server() -> None:
    """A demonstration server has a cookie by its id, and by its address none that could be known."""
    assert "route=a" == of("session_sticky = hash=plain", first="demo:a id=a")
    with pytest.raises(ValueError, match="a gets its port, of which its cookie is made, when the proxy starts"):
        of("session_sticky =", first="demo:a id=a")


@pytest.mark.parametrize(
    ("stickiness", "server", "upstream", "expected"),
    [
        ("", "a", "app", "app keeps nobody by a cookie; expected an upstream that does"),
        ("session_sticky =", "c", "app", 'no server "c" in the upstream; expected a or b'),
        ("session_sticky =", "a", "ap", 'no upstream "ap"; expected app; did you mean "app"?'),
        (
            "jvm_route = $cookie_JSESSIONID",
            "b",
            "app",
            "the proxy writes nothing into the cookie of app; its servers name themselves there",
        ),
    ],
)
def test_what_has_no_cookie(stickiness: str, server: str, upstream: str, expected: str) -> None:
    """Where there is no cookie to show, the reason is."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared whole
        of(stickiness, server, upstream=upstream)
    assert expected == str(refused.value)


def test_name_that_does_not_resolve() -> None:
    """Without an address there is nothing to make a cookie of, and nobody to send it to."""

    def lookup(host: str, port: int) -> list[InetAddress]:
        raise OSError("no such host")

    text = (
        "[upstream app]\nserver = app.example id=a\nsession_sticky =\n"
        "[server www]\n[location www /]\nproxy_pass = http://app\n"
    )
    with pytest.raises(ValueError, match=r"app\.example does not resolve; expected a server with an address"):
        sid(loads(text), "app", "a", lookup, NOW)


def test_upstream_that_nobody_is_passed_to() -> None:
    """Without a location nothing is ever sent to a client."""
    settings = loads("[upstream app]\nserver = 10.0.0.1\nsession_sticky =\n[server www]\n")
    with pytest.raises(ValueError, match="no location passes anything to app; expected one"):
        sid(settings, "app", "10.0.0.1", lambda host, port: [], NOW)
