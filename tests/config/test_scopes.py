from stickyproxy.config.reader import parse
from stickyproxy.config.scopes import Scope, defaults, open_scope
from stickyproxy.config.settings import Position
from stickyproxy.errors import Fault


def scope_of(context: str, text: str, outer: Scope | None = None) -> Scope:
    """Read the directives of one section."""
    faults: list[Fault] = []
    (section,) = parse(f"[{context}]\n{text}", "f", faults)
    return open_scope(section, context, faults, outer)


def told(scope: Scope) -> list[str]:
    """Give what is told of a section, without file and section."""
    return [f"{fault.line} {fault.key}: {fault.message}" for fault in scope.faults]


def test_defaults() -> None:
    """What nobody says is the table's default; an upstream has defaults of its own."""
    assert 75.0 == defaults("server").value("keepalive_timeout")
    assert 60.0 == defaults("upstream").value("keepalive_timeout")
    assert None is defaults("server").value("proxy_pass")
    assert () == defaults("server").values("add_header")


def test_inheritance() -> None:
    """The nearest level that says something is heard."""
    http = scope_of("http", "send_timeout = 1s\nproxy_read_timeout = 2s\n", defaults("http"))
    server = scope_of("server", "send_timeout = 3s\n", http)
    location = scope_of("location", "", server)
    assert (3.0, 2.0, 60.0) == (
        location.value("send_timeout"),
        location.value("proxy_read_timeout"),
        location.value("proxy_connect_timeout"),
    )


def test_lines_of_a_level_replace_those_around_it() -> None:
    """As in nginx the lines of one level are not added to those of the levels around it."""
    http = scope_of("http", "proxy_hide_header =\n  A\n  B\n")
    assert (b"A", b"B") == scope_of("server", "", http).values("proxy_hide_header")
    assert (b"C",) == scope_of("server", "proxy_hide_header = C\n", http).values("proxy_hide_header")


def test_long_argument_list() -> None:
    """The indented lines of a directive that is not repeatable are one argument list, told at its first line."""
    scope = scope_of("http", "proxy_next_upstream =\n  error\n  timeout http_502\n")
    assert frozenset({"error", "timeout", "http_502"}) == scope.value("proxy_next_upstream")
    assert Position("f", 3) == scope.where("proxy_next_upstream")


def test_each_line_has_its_place() -> None:
    """A fault in the third line of a directive names that very line."""
    scope = scope_of("upstream", "server =\n  a\n  b\n  c weight=x\n  d 'e\n")
    assert [
        '5 server: weight: "x" is wrong; expected a whole number from 1 to 2147483647',
        "6 server: 'e is not closed; expected a ' at its end",
    ] == sorted(told(scope))
    assert ["a", "b"] == [server.name for server in scope.values("server")]


def test_faulty_directive_is_still_written() -> None:
    """A directive whose lines are all faulty is there, without any argument, and what is around it serves instead."""
    scope = scope_of("http", "send_timeout = x\n", defaults("http"))
    assert "send_timeout" in scope.own
    assert 60.0 == scope.value("send_timeout")


def test_number_of_arguments() -> None:
    """Too few and too many arguments are told, as they were understood, with the syntax."""
    assert [
        "2 send_timeout: no argument; expected TIME",
        '3 access: one argument "allow"; expected allow|deny CIDR|unix:|all',
        '4 client_max_body_size: 2 arguments "1" "m"; expected SIZE',
    ] == told(scope_of("http", "send_timeout =\naccess = allow\nclient_max_body_size = 1 m\n"))


def test_quote_in_a_long_argument_list() -> None:
    """An argument list with a quote that is not closed is told of once, and not read."""
    assert ['2 session_sticky: "b is not closed; expected a " at its end'] == told(
        scope_of("upstream", 'session_sticky = cookie=a "b\n  modeX\n')
    )


def test_indented_directive() -> None:
    """A directive that is indented by mistake is no argument of the one above, which keeps what else it says."""
    scope = scope_of("upstream", "server =\n  a\n  session_sticky = mode=insert\n  b\nkeepalive =\n  5\n  server = c\n")
    assert [
        '4 server: "session_sticky =" goes on with the line above; expected it at the start of its line',
        '8 keepalive: "server =" goes on with the line above; expected it at the start of its line',
    ] == told(scope)
    assert ["a", "b"] == [server.name for server in scope.values("server")]


def test_equals_sign_in_a_value() -> None:
    """A "=" is a word like any other behind what is no directive, and on the line of the directive itself."""
    scope = scope_of("http", "error_page =\n  502 = /sorry\nadd_header = server = always\n")
    assert [] == told(scope)


def test_unknown_directives() -> None:
    """A directive that is misspelt, not there or out of place is told of, with what may have been meant."""
    text = "send_timout = 1\nlisten = 80\ngzip = 1\njvm_rout = x\nsend_timeout 5 = 1\n10.0.0.1 id=a\n"
    assert [
        '2 send_timout: unknown directive; expected one that belongs in [http]; did you mean "send_timeout"?',
        "3 listen: does not belong in [http]; expected in [server]",
        "4 gzip: unknown directive; expected one that belongs in [http]",
        '5 jvm_rout: unknown directive; expected one that belongs in [http]; did you mean "jvm_route"?',
        '6 send_timeout 5: lacks its "="; expected send_timeout = ...',
        (
            "7 10.0.0.1 id: unknown directive; expected one that belongs in [http], "
            "or an indented line to go on with the one above"
        ),
    ] == told(scope_of("http", text))


def test_misplaced_directive_names_all_its_places() -> None:
    """A directive that belongs in several sections is told with all of them."""
    (message,) = told(scope_of("main", "access_log = off\n"))
    assert "2 access_log: does not belong in [main]; expected in [http], [server] or [location]" == message


def test_hiding_the_cookie_needs_no_directive() -> None:
    """Who comes from Tengine learns that the cookie is hidden without a second directive."""
    (message,) = told(scope_of("location", "session_sticky_hide_cookie = upstream=app\n"))
    assert message.endswith("expected none, since session_sticky with option=indirect hides the cookie itself")
