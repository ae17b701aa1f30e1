"""The access log: what each format writes, and that nothing a client sends can upset it."""

import json
import re
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.balance.peer import Peer
from stickyproxy.balance.words import Assignment, Reason
from stickyproxy.config.addresses import parse_address
from stickyproxy.config.logs import BUILT_IN_FORMATS, parse_log_format
from stickyproxy.config.settings import LogFormat, Server
from stickyproxy.http.fields import Field
from stickyproxy.http.request import RequestHead
from stickyproxy.http.words import Ends
from stickyproxy.observe.access_log import access_log, compile_format
from stickyproxy.observe.log_files import LogFile
from stickyproxy.proxy.outcome import Outcome, Try
from stickyproxy.sticky.words import Affinity

COMBINED, JSON = BUILT_IN_FORMATS

# A connection that failed, and the server that answered in its place.
FAILED = Try(b"app", b"10.0.0.1:8080", 1000.0)
FAILED.ended = 1000.25
SERVED = Try(b"app", b"10.0.0.2:8080", 1000.25)
SERVED.connected, SERVED.head_received, SERVED.ended, SERVED.status = 1000.26, 1000.4, 1000.5, 200

ASKED = RequestHead(
    b"GET",
    b"/shop?q=1",
    http11=True,
    fields=((b"referer", b"Referer", b"http://a/"), (b"user-agent", b"User-Agent", b"curl/7.88")),
    host=b"www.example",
    cookies=(b"route=b",),
    size=200,
)
OUTCOME = Outcome(
    ASKED,
    ASKED,
    Ends(7, b"192.0.2.7", 51000, b"127.0.0.1", 8080),
    server_name=b"www.example",
    serial=1,
    nth=1,
    started=1000.0,
    finished=1000.5,
    status=200,
    received=0,
    bytes_sent=300,
    body_bytes=120,
    upstream_name=b"app",
    tries=(FAILED, SERVED),
    assignment=Assignment(
        Peer(Server("10.0.0.2:8080", parse_address("10.0.0.2:8080"), id="b")), Affinity.DOWN, Reason.FAILED
    ),
)
# A request of which nothing could be read.
UNREAD = RequestHead(b"", b"", True, ())
NOTHING = Outcome(UNREAD, UNREAD, Ends(8), b"", 2, 1, 1000.0, 1000.0, 400, 0, 180, 100)


def named(name: bytes, value: bytes) -> Field:
    """Spell a field as it is kept."""
    return (name.lower(), name, value)


def written(log_format: LogFormat, outcome: Outcome = OUTCOME) -> bytes:
    """Give the line of a request."""
    return compile_format(log_format)(outcome)


def own(*words: str) -> LogFormat:
    """Read the arguments of a `log_format`."""
    return parse_log_format(["own", *words])


def with_agent(value: bytes) -> Outcome:
    """A request with that User-Agent."""
    return evolve(OUTCOME, head=evolve(OUTCOME.head, fields=(named(b"User-Agent", value),)))


# -- formats ---------------------------------------------------------------------------------------------------------


def test_combined() -> None:
    """`combined` is the line that every tool for nginx's and Apache's logs reads."""
    expected = b'192.0.2.7 - - [01/Jan/1970:00:16:40 +0000] "GET /shop?q=1 HTTP/1.1" 200 120 "http://a/" "curl/7.88"\n'
    assert expected == written(COMBINED)


def test_combined_of_nothing() -> None:
    """In `combined` a dash stands for what is not there."""
    assert b'unix: - - [01/Jan/1970:00:16:40 +0000] "-" 400 100 "-" "-"\n' == written(COMBINED, NOTHING)


def test_json() -> None:
    """`json` tells who asked what, how long it took, which servers were tried, and what became of the session."""
    line = json.loads(written(JSON))
    assert re.fullmatch("[0-9a-f]{32}", line.pop("request_id"))
    assert {
        "time": "1970-01-01T00:16:40+00:00",
        "client": "192.0.2.7",
        "method": "GET",
        "uri": "/shop?q=1",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 120,
        "referer": "http://a/",
        "user_agent": "curl/7.88",
        "request_time": 0.5,
        "upstream": "app",
        "upstream_addr": "10.0.0.1:8080, 10.0.0.2:8080",
        "upstream_status": "-, 200",
        "upstream_connect_time": "-, 0.010",
        "upstream_header_time": "-, 0.150",
        "upstream_response_time": "0.250, 0.250",
        "sticky_status": "down",
        "sticky_server": "b",
        "sticky_reason": "failed",
    } == line


def test_json_of_nothing() -> None:
    """In `json` what is not there is an empty string, and the numbers are numbers all the same."""
    line = json.loads(written(JSON, NOTHING))
    assert {"status": 400, "bytes": 100, "request_time": 0.0} == {
        name: value for name, value in line.items() if not isinstance(value, str)
    }
    assert {"method", "uri", "user_agent", "upstream", "sticky_status"} <= {
        name for name, value in line.items() if value == ""
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["$status $sticky_status"], b"200 down"),
        (["$status", "$sticky_status"], b"200down"),
        (["just text"], b"just text"),
        (["<${request_method}>"], b"<GET>"),
        (["$arg_q $cookie_route $http_referer"], b"1 b http://a/"),
        (["$http_x_missing $arg_missing $remote_user"], b"- - -"),
        (["escape=none", "[$http_x_missing]"], b"[]"),
        (["escape=json", '{"x":"$http_x_missing"}'], b'{"x":""}'),
        (["größe=$body_bytes_sent"], "größe=120".encode()),
    ],
)
def test_own_formats(words: list[str], expected: bytes) -> None:
    """A format of the operator's is written as it stands, its variables replaced."""
    assert expected + b"\n" == written(own(*words))


def test_own_format_of_nothing() -> None:
    """A dash stands for whatever is not there, and so for all that servers would have told."""
    assert b"- - - -\n" == written(own("$upstream_addr $upstream_status $sticky_status $host"), NOTHING)


# -- escapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("escape", "value", "expected"),
    [
        ("default", b"plain", b"plain"),
        ("default", b'a"b\\c', rb"a\x22b\x5Cc"),
        ("default", b"\x00\t\x1f\x7f", rb"\x00\x09\x1F\x7F"),
        ("default", "é".encode(), rb"\xC3\xA9"),
        ("default", b"~ !", b"~ !"),
        ("json", b"plain", b"plain"),
        ("json", b'a"b\\c', rb"a\"b\\c"),
        ("json", b"\t\n\x01", rb"\t\n\u0001"),
        ("json", "é".encode(), rb"\u00e9"),
        ("json", b"\xff", rb"\\xff"),
        ("none", b'a"b\\\xff', b'a"b\\\xff'),
    ],
)
def test_escapes(escape: str, value: bytes, expected: bytes) -> None:
    """`default` writes odd bytes as nginx does, `json` as JSON does, `none` as they came."""
    assert expected + b"\n" == written(own(f"escape={escape}", "$http_user_agent"), with_agent(value))


@given(st.binary())
def test_default_escape_can_be_read_back(value: bytes) -> None:
    """Whatever a client sends stays in its quotes, on its line, and can be read back."""
    line = written(own('"$http_user_agent"'), with_agent(value))
    assert re.fullmatch(rb'"[ !#-~]*"\n', line)
    inner = re.sub(rb"\\x([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), line[1:-2])
    assert (value or b"-") == inner


@given(st.text())
def test_json_escape_can_be_read_back(value: str) -> None:
    """Text comes out of `json` as the client sent it."""
    value = value.encode("utf-8", "replace").decode()
    assert value == json.loads(written(JSON, with_agent(value.encode())))["user_agent"]


WORD = st.binary(max_size=20)


@given(method=WORD, target=WORD, host=WORD, credentials=WORD, agent=WORD, referer=WORD)
def test_json_is_json_whatever_a_client_sends(
    method: bytes, target: bytes, host: bytes, credentials: bytes, agent: bytes, referer: bytes
) -> None:
    """A line of `json` is one line of valid ASCII JSON, whatever bytes the request is made of."""
    fields = (named(b"Authorization", credentials), named(b"User-Agent", agent), named(b"Referer", referer))
    head = RequestHead(method, target, True, fields, host, (credentials,))
    line = written(JSON, evolve(OUTCOME, asked=head, head=head))
    assert line.isascii()
    assert line.endswith(b"}\n")
    assert 1 == line.count(b"\n")
    assert target.decode("utf-8", "backslashreplace") == json.loads(line)["uri"]


def test_json_is_json_whatever_a_server_is_called() -> None:
    """The path of a Unix socket is the operator's to choose, and is escaped like all that is not our own."""
    line = written(JSON, evolve(OUTCOME, tries=(Try(b"app", b'unix:/run/"app".sock', 1000.0),)))
    assert 'unix:/run/"app".sock' == json.loads(line)["upstream_addr"]


# -- the observer ----------------------------------------------------------------------------------------------------


def test_one_line_a_request(tmp_path: Path) -> None:
    """Each finished request is one line of the file."""
    file = LogFile(str(tmp_path / "access.log"))
    log = access_log(file, own("$status"))
    log(OUTCOME)
    log(NOTHING)
    file.flush()
    assert "200\n400\n" == (tmp_path / "access.log").read_text()
