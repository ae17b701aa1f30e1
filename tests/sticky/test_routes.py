import pytest
from attrs import evolve

from stickyproxy.config.settings import Server
from stickyproxy.sticky.routes import Routes, after_the_last_dot
from stickyproxy.sticky.words import NO_MEMORY, Affinity, Memory
from tests.sticky.asking import ASKER, Asking

COOKIES = [b"x=1"]


@pytest.fixture
def routed(servers: tuple[Server, ...]) -> tuple[Server, ...]:
    """The servers, of which two have a route."""
    a, b, c = servers
    return evolve(a, route="ra"), evolve(b, route="rb"), c


def policy(servers: tuple[Server, ...]) -> Routes:
    """Build a policy that asks the variables `first` and `second`."""
    return Routes([lambda asker: asker.values["first"], lambda asker: asker.values["second"]], servers)


@pytest.mark.parametrize(
    ("first", "second", "affinity", "number"),
    [
        (b"ra", b"rb", Affinity.VALID, 0),
        (b"", b"rb", Affinity.VALID, 1),
        (b"gone", b"rb", Affinity.VALID, 1),
        (b"gone", b"", Affinity.INVALID, None),
        (b"c", b"", Affinity.INVALID, None),
        (b"", b"", Affinity.NONE, None),
        (b"\x80", b"r" * 4097, Affinity.NONE, None),
    ],
)
def test_recall(
    routed: tuple[Server, ...], first: bytes, second: bytes, affinity: Affinity, number: int | None
) -> None:
    """The first value that is the `route=` of a server decides; other names of servers are none."""
    claim = policy(routed).recall(COOKIES, Asking(values={"first": first, "second": second}), 0.0)
    assert (affinity, None if number is None else routed[number]) == (claim.affinity, claim.server)
    assert COOKIES is claim.cookies


def test_nothing_is_written(routed: tuple[Server, ...]) -> None:
    """The server's own Set-Cookie lines pass, and there are no others."""
    claim = policy(routed).recall((), Asking(values={"first": b"ra", "second": b""}), 0.0)
    assert NO_MEMORY == policy(routed).remember((), claim, routed[1], 200, 0.0, ASKER)
    assert Memory(COOKIES) == policy(routed).remember(COOKIES, claim, routed[1], 200, 0.0, ASKER)
    assert NO_MEMORY == policy(routed).forget(claim)


@pytest.mark.parametrize(("value", "expected"), [(b"A1.ra", b"ra"), (b"A.1.ra", b"ra"), (b"ra", b""), (b"A.", b"")])
def test_suffix(value: bytes, expected: bytes) -> None:
    """A suffix is what stands behind the last dot; without one there is none."""
    assert expected == after_the_last_dot(lambda asker: value)(ASKER)
