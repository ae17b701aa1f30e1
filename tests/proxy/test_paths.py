from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stickyproxy.errors import ClientFault
from stickyproxy.proxy.paths import escape, matched, normalize, replace_prefix
from tests.proxy.spellings import BELOW, PATHS, served


def served_plainly(path: bytes) -> list[bytes] | None:
    """Walk to where a server leads that takes `;` for a letter like others; None: above its root."""
    at: list[bytes] = []
    for segment in unquote_to_bytes(path).split(b"/"):
        if segment == b"..":
            if not at:
                return None
            at.pop()
        elif segment not in (b"", b"."):
            at.append(segment)
    return at


def segments(path: bytes) -> list[bytes]:
    """Part a tidy path."""
    return [segment for segment in path.split(b"/") if segment]


# -- one reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/", b"/"),
        (b"/a/b", b"/a/b"),
        (b"/a/b/", b"/a/b/"),
        (b"//a///b//", b"/a/b/"),
        (b"/a/./b", b"/a/b"),
        (b"/a/.", b"/a/"),
        (b"/a/..", b"/"),
        (b"/a/b/..", b"/a/"),
        (b"/a/../b", b"/b"),
        (b"/a//../b", b"/b"),
        (b"/a/...", b"/a/..."),
        (b"/.a/..b", b"/.a/..b"),
        (b"/%61", b"/a"),
        (b"/a%2Fb", b"/a/b"),
        (b"/a/%2e%2E/b", b"/b"),
        (b"/a%2f..%2fb", b"/b"),
        (b"/%2561", b"/%61"),
        (b"/caf%c3%a9", "/café".encode()),
        (b"/100%", b"/100%"),
        (b"/a;b=1/c", b"/a;b=1/c"),
        (b"*", b"*"),
    ],
)
def test_normalize(path: bytes, expected: bytes) -> None:
    """A path is decoded once, its slashes are merged, its dot segments resolved; parameters stay."""
    assert expected == normalize(path)


@pytest.mark.parametrize("path", [b"/..", b"/../a", b"/a/../..", b"/%2e%2e", b"//..", b"/./..", b"/a%2f..%2f..%2f"])
def test_nothing_is_above_the_root(path: bytes) -> None:
    """A path that leads above the root is refused."""
    for reading in (normalize, matched):
        with pytest.raises(ClientFault) as caught:
            reading(path)
        assert 400 == caught.value.status


@pytest.mark.parametrize("path", [b"/a%00", b"/a;%00", b"/a;b%00/c"])
def test_no_nul(path: bytes) -> None:
    """A path that hides a NUL is refused, wherever it is."""
    with pytest.raises(ClientFault):
        matched(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/admin", b"/admin"),
        (b"/ADMIN", b"/ADMIN"),
        (b"/%61dmin", b"/admin"),
        (b"/x/../admin", b"/admin"),
        (b"/x/%2e%2e/admin", b"/admin"),
        (b"/x%2f../admin", b"/admin"),
        (b"//admin", b"/admin"),
        (b"/%2fadmin", b"/admin"),
        (b"/./admin", b"/admin"),
        (b"/admin;x=1", b"/admin"),
        (b"/admin;x=1/", b"/admin/"),
        (b"/admin;/users;y", b"/admin/users"),
        (b"/admin;a%2fb/c", b"/admin/c"),
        (b"/%61dmin;x", b"/admin"),
        (b"/admin%3Bx=1", b"/admin"),
        (b"/admin%3b", b"/admin"),
        (b"/;x/admin", b"/admin"),
        (b"/.;x/admin", b"/admin"),
        (b"/%2561dmin%3B", b"/%61dmin"),
        (b"/admin%253Bx", b"/admin%3Bx"),
    ],
)
def test_matched(path: bytes, expected: bytes) -> None:
    """A location is found whatever the spelling: by escapes, dots, slashes or parameters nothing is dodged."""
    assert expected == matched(path)


@pytest.mark.parametrize(
    "path",
    [
        b"/x/..;/admin",
        b"/x/..;v=1/admin",
        b"/x/%2e%2e;/admin",
        b"/x/..%3B/admin",
        b"/x/..;",
        b"/admin/;/../x",
        b"/admin;/../x",
        b"/admin;x%2f../y",
        b"/x;%2f../../y",
    ],
)
def test_climbing_past_parameters_is_refused(path: bytes) -> None:
    """Servers that know parameters and servers that do not are led to different places by these: nobody is."""
    with pytest.raises(ClientFault) as caught:
        matched(path)
    assert 400 == caught.value.status


@given(PATHS)
@example(b"/a%2fb/../..")
@example(b"/a%3B/%3B/..")
def test_matched_is_what_is_served(path: bytes) -> None:
    """For any path, the one that is matched is the one that a server arrives at."""
    try:
        found = matched(path)
    except ClientFault:
        assume(False)
    assert served(path) == segments(found)


@given(PATHS)
def test_only_doubtful_paths_are_refused(path: bytes) -> None:
    """What is refused leads above the root, or both climbs and has parameters."""
    decoded = unquote_to_bytes(path)
    try:
        matched(path)
    except ClientFault:
        assert served_plainly(path) is None or (b";" in decoded and b"/.." in decoded)
    else:
        assert served_plainly(path) is not None


@given(PATHS)
def test_normalize_knows_all_that_is_matched(path: bytes) -> None:
    """A path that is matched can be normalized, and leads where a server without parameters arrives."""
    try:
        matched(path)
    except ClientFault:
        assume(False)
    assert served_plainly(path) == segments(normalize(path))


# -- another prefix --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "prefix", "uri", "expected"),
    [
        # One slash at the joint, whoever brings one.
        (b"/app/x", b"/app", b"/", b"/x"),
        (b"/app/x", b"/app", b"/base", b"/base/x"),
        (b"/app/x", b"/app", b"/base/", b"/base/x"),
        (b"/app//x", b"/app", b"/base/", b"/base/x"),
        (b"/app", b"/app", b"/", b"/"),
        (b"/app", b"/app", b"/base", b"/base"),
        (b"/app/", b"/app", b"/base", b"/base/"),
        (b"/x", b"", b"/base", b"/base/x"),
        (b"/x", b"", b"/base/", b"/base/x"),
        (b"/", b"", b"/base", b"/base/"),
        (b"/", b"", b"/", b"/"),
        (b"//x", b"", b"/", b"/x"),
        # A prefix that is the whole path.
        (b"/", b"/", b"/index.html", b"/index.html"),
        (b"/app/", b"/app/", b"/base", b"/base"),
        (b"/app", b"/app", b"/base/", b"/base/"),
        (b"//app", b"/app", b"/base", b"/base"),
        # The rest stays as it was written.
        (b"/app/a%20b%2Fc/./d", b"/app", b"/", b"/a%20b%2Fc/./d"),
        (b"/app;jsessionid=1.a", b"/app", b"/base", b"/base;jsessionid=1.a"),
        (b"/app;v=1/x;v=2", b"/app", b"/base", b"/base;v=1/x;v=2"),
        # The prefix is not there literally.
        (b"/%61pp/a%20b", b"/app", b"/base", b"/base/a%20b"),
        (b"/caf%C3%A9/x;jsessionid=1.a", "/café".encode(), b"/", b"/x;jsessionid=1.a"),
        (b"//app/x", b"/app", b"/base", b"/base/x"),
        (b"/app%2Fx", b"/app", b"/base", b"/base/x"),
        (b"/a;v=1/b/c%25", b"/a/b", b"/base", b"/base/c%25"),
        (b"/%61pp/x;v=%2Fy/z", b"/app", b"/base", b"/base/x/z"),
        (b"/%61pp/%0D%0AX:%20y?", b"/app", b"/", b"/%0D%0AX:%20y%3F"),
        # Nothing leads out of the new one.
        (b"/x/../app/y", b"/app", b"/base", b"/base/y"),
        (b"/app/../app/y", b"/app", b"/base", b"/base/y"),
        (b"/app/%2e%2e/app/y", b"/app", b"/base", b"/base/y"),
        (b"/app%2f../app/y", b"/app", b"/base", b"/base/y"),
        (b"/a%2fb/../..", b"", b"/base", b"/base/"),
        (b"*", b"", b"/base", b"/base"),
    ],
)
def test_replace_prefix(path: bytes, prefix: bytes, uri: bytes, expected: bytes) -> None:
    """A prefix is replaced with exactly one slash at the joint, and no more is changed than must be."""
    assert expected == replace_prefix(path, prefix, uri)


@given(BELOW, st.sampled_from([b"", b"/app"]), st.sampled_from([b"/", b"/base", b"/base/", b"/base/deep"]))
@example(b"/app/%2e%2e/app/x", b"/app", b"/base")
@example(b"/app//..%2fapp/x", b"/app", b"/base")
def test_replaced_path_stays_below(path: bytes, prefix: bytes, uri: bytes) -> None:
    """For any path that a prefix matches, a server finds the same rest behind the URI that replaced it."""
    try:
        rest = segments(matched(path))
    except ClientFault:
        assume(False)
    assume(rest[: len(segments(prefix))] == segments(prefix))
    replaced = replace_prefix(path, prefix, uri)
    assert segments(uri) + rest[len(segments(prefix)) :] == served(replaced)


@given(st.binary())
def test_escape(path: bytes) -> None:
    """What is escaped is a path in printable ASCII, and decodes to what it was."""
    escaped = escape(path)
    assert escaped.isascii()
    assert escaped.decode().isprintable()
    assert not {*b" ?#"} & {*escaped}
    assert path == unquote_to_bytes(escaped)
