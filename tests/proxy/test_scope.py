import pytest

from stickyproxy.config.settings import ErrorPage
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.scope import Scope
from tests.proxy.facts import location

OFFICE = ("allow 10.1.2.3", "deny 10.0.0.0/8", "allow 2001:db8::/32", "deny all")


@pytest.mark.parametrize(
    ("rules", "host", "expected"),
    [
        ((), b"192.0.2.1", True),
        ((), b"unix:", True),
        (OFFICE, b"10.1.2.3", True),
        (OFFICE, b"10.1.2.4", False),
        (OFFICE, b"192.0.2.1", False),
        (OFFICE, b"2001:db8::1", True),
        (OFFICE, b"2001:db9::1", False),
        (OFFICE, b"unix:", False),
        # The first rule that matches decides.
        (("deny all", "allow all"), b"10.0.0.1", False),
        (("allow all", "deny all"), b"10.0.0.1", True),
        (("deny 10.0.0.0/8", "allow 10.1.2.3"), b"10.1.2.3", False),
        # Where none does, all may enter.
        (("deny 10.0.0.0/8",), b"192.0.2.1", True),
        (("allow 10.0.0.0/8",), b"192.0.2.1", True),
        # An IPv4 client is one, also where it came to a listener for both.
        (OFFICE, b"::ffff:10.1.2.3", True),
        (OFFICE, b"::ffff:10.1.2.4", False),
        (("allow ::1", "deny all"), b"::1", True),
        (("deny 0.0.0.0/0", "allow all"), b"::1", True),
        (("deny fe80::/10",), b"fe80::1%eth0", False),
        # Who comes by a socket has no address.
        (("allow unix:", "deny all"), b"unix:", True),
        (("allow unix:", "deny all"), b"10.0.0.1", False),
        (("deny unix:",), b"unix:", False),
        (("deny unix:",), b"10.0.0.1", True),
        (("deny 0.0.0.0/0", "deny ::/0"), b"unix:", True),
    ],
)
def test_admits(rules: tuple[str, ...], host: bytes, expected: bool) -> None:
    """The first access rule that matches a client's address decides, and without one it may enter."""
    scope = Scope(b"www", location("access =", *(f"    {rule}" for rule in rules)) if rules else location())
    assert expected == scope.admits(host)


def test_error_page() -> None:
    """Each status has the first page that names it, and no other has one."""
    scope = Scope(b"www", location("error_page =", "    502 503 /sorry", "    503 404 =200 /lost"))
    sorry, lost = ErrorPage(frozenset({502, 503}), "/sorry"), ErrorPage(frozenset({503, 404}), "/lost", 200)
    assert [sorry, sorry, lost, None] == [scope.error_page(status) for status in (502, 503, 404, 500)]


def test_observers() -> None:
    """Who observes a location is told of it in the order given."""
    told: list[Outcome] = []
    assert (told.append, print) == Scope(b"www", location(), [told.append, print]).observers
