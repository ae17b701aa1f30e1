from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.config.directives import DIRECTIVES
from stickyproxy.config.load import load, loads
from stickyproxy.config.settings import AccessLog, ErrorLog, LogFormat, Position
from stickyproxy.config.templates import parse_template
from stickyproxy.errors import ConfigError, Fault

CHECKOUT = Path(__file__).parent.parent.parent

WITH_EVERY_KIND_OF_FAULT = """\
junk
[main]
error_log = a.log eror
[http]
send_timeout = 5x
send_timeuot = 5s
listen = 80
[upstream app]
server =
    10.0.0.1 id=a
    10.0.0.2 id=a
    10.0.0.3 wieght=2
[upstream app]
[upstream none]
[servr www]
[server www]
[location www /]
proxy_pass = http://ap
[location ww /x]
return = 404
"""


def faults_of_file(path: Path) -> list[str]:
    """Give the lines that an operator reads about a file, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    return str(caught.value).replace(f"{path.parent}/", "").split("\n")


def at(line: int) -> Position:
    """Make a position in the file `sticky.ini`."""
    return Position("sticky.ini", line)


def test_main() -> None:
    """What holds for the whole process stands in `[main]`."""
    text = "[server www]\n[location www /]\nreturn = 404\n"
    settings = loads("[main]\nworker_connections = 512\nworker_shutdown_timeout = 5s\n" + text)
    assert (512, 5.0) == (settings.worker_connections, settings.worker_shutdown_timeout)
    assert (10240, 0) == (loads(text).worker_connections, loads(text).worker_connections_per_address)
    assert 8 == loads("[main]\nworker_connections_per_address = 8\n" + text).worker_connections_per_address


def test_example() -> None:
    """The documented example is sound: three demo servers behind one sticky upstream, on a port of the loopback."""
    settings = load(str(CHECKOUT / "etc" / "sticky.ini"))
    (upstream,), (server,) = settings.upstreams.values(), settings.servers
    assert [("demo:a", "a"), ("demo:b", "b"), ("demo:c", "c")] == [(each.name, each.id) for each in upstream.servers]
    assert upstream.stickiness is not None
    assert ["127.0.0.1:8080"] == [listen.shown for listen in server.listens]
    assert [AccessLog] == [type(log) for log in server.locations[0].access_logs]


def test_logs() -> None:
    """Own formats are defined in [http] and named anywhere; error logs stand in [main]."""
    settings = loads(
        """\
[main]
error_log =
    a.log info
    stderr
[http]
log_format =
    short "$status " '$uri'
[server www]
access_log = b.log short
"""
    )
    assert (ErrorLog("a.log", "info", at(3)), ErrorLog("stderr", "error", at(4))) == settings.error_logs
    format_ = LogFormat("short", parse_template("$status $uri"))
    assert (AccessLog("b.log", format_, at(9)),) == settings.servers[0].fallback.access_logs


def test_all_faults_at_once() -> None:
    """Whatever is wrong is told in one go, in the order of the lines, and each thing once."""
    with pytest.raises(ConfigError) as caught:
        loads(WITH_EVERY_KIND_OF_FAULT, "sticky.ini")
    told = [(fault.line, fault.section, fault.key) for fault in caught.value.faults]
    assert [
        (1, "", ""),
        (3, "main", "error_log"),
        (5, "http", "send_timeout"),
        (6, "http", "send_timeuot"),
        (7, "http", "listen"),
        (11, "upstream app", "server"),
        (12, "upstream app", "server"),
        (13, "upstream app", ""),
        (14, "upstream none", ""),
        (15, "servr www", ""),
        (18, "location www /", "proxy_pass"),
        (19, "location ww /x", ""),
    ] == told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: no server; expected at least one [server NAME]"]),
        ("[http]\n", ["1: no server; expected at least one [server NAME]"]),
        (
            "[server www]\n[location ww /]\nreturn = 404\n",
            ['2: [location ww /] no server "ww"; expected the name of a [server]; did you mean "www"?'],
        ),
        (
            "[server www]\nreturn = 404\n[location www /]\nreturn = 404\n",
            ["3: [location www /] never reached, since [server www] returns; expected no location beside that"],
        ),
        (
            "[server www]\n[location www /a]\nreturn = 404\n[location www /a/]\nreturn = 404\n",
            [
                "4: [location www /a/] matches the same paths as the location at sticky.ini:2; expected one of them",
            ],
        ),
        (
            "[server www]\n[location www a]\nreturn = 404\n",
            ['2: [location www a] "a" is no path; expected one that starts with / and has no query'],
        ),
        (
            "[http]\nlog_format =\n  a $uri\n  a $status\n[server www]\n",
            ['4: [http] log_format: format "a" is there already; expected another name'],
        ),
        (
            "[http]\naccess_log = a.log nope\n[server www]\n[location www /]\nreturn = 404\n",
            ['2: [http] access_log: unknown format "nope"; expected combined, json or a log_format of [http]'],
        ),
        (
            "[http]\nadd_header = X $reqest_id\n[server www]\n",
            ['2: [http] add_header: unknown variable "$reqest_id"; did you mean "$request_id"?'],
        ),
        (
            "[server www]\nssl_stapling = on\n",
            ["2: [server www] ssl_stapling: unknown directive; expected one that belongs in [server]"],
        ),
        (
            "[main]\nworker_processes = auto\n[server www]\n",
            ["2: [main] worker_processes: unknown directive; expected one that belongs in [main]"],
        ),
    ],
)
def test_faults(faults_of: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    """What does not fit together is told where it stands."""
    assert expected == faults_of(text)


def test_unreadable_file(tmp_path: Path) -> None:
    """A file that is not there is a fault like any other, and the only one."""
    path = tmp_path / "none.ini"
    assert ["none.ini:1: cannot be read: No such file or directory; expected a readable file"] == faults_of_file(path)


# -- include ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def main_file(tmp_path: Path) -> Path:
    """Write a file that includes others by a pattern and by a name, relative to its own folder."""
    path = tmp_path / "sticky.ini"
    path.write_text("[main]\ninclude =\n    conf.d/*.ini\n    extra.ini\n[server www]\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "extra.ini").write_text("")
    return path


def test_include(main_file: Path) -> None:
    """What is included is read as if it stood at the end, file by file in the order of the names."""
    folder = main_file.parent / "conf.d"
    (folder / "b.ini").write_text("[server b]\nlisten = 81\n")
    (folder / "a.ini").write_text("[server a]\nlisten = 82\n[location www /]\nproxy_pass = http://app\n")
    (folder / "c.txt").write_text("junk")
    (main_file.parent / "extra.ini").write_text("[upstream app]\nserver = 10.0.0.1\n")
    settings = load(str(main_file))
    assert ["www", "a", "b"] == [server.name for server in settings.servers]
    assert f"{folder}/a.ini:3" == str(settings.servers[0].locations[0].position)


def test_faults_of_included_files(main_file: Path) -> None:
    """The faults of the file itself come first, then those of what it includes, each with its own file and line."""
    (main_file.parent / "conf.d" / "a.ini").write_text("[server a]\nlisten = x\n[server www]\n")
    with main_file.open("a") as file:
        file.write("listn = 80\n")
    told = [line.split(" ")[0] for line in faults_of_file(main_file)]
    assert ["sticky.ini:6:", "conf.d/a.ini:2:", "conf.d/a.ini:3:"] == told


def test_unreadable_include(main_file: Path) -> None:
    """A file that is named must be there, and the line that names it is told; a pattern may find nothing."""
    (main_file.parent / "extra.ini").unlink()
    reason = "extra.ini cannot be read: No such file or directory; expected a readable file"
    assert [f"sticky.ini:4: [main] include: {reason}"] == faults_of_file(main_file)


def test_unreadable_find_of_a_pattern(main_file: Path) -> None:
    """What a pattern finds must be readable, and the line with the pattern is told."""
    (main_file.parent / "conf.d" / "a.ini").mkdir()
    reason = "conf.d/a.ini cannot be read: Is a directory; expected a readable file"
    assert [f"sticky.ini:3: [main] include: {reason}"] == faults_of_file(main_file)


def test_include_of_itself(tmp_path: Path) -> None:
    """A file that includes itself is a fault."""
    path = tmp_path / "sticky.ini"
    path.write_text("[main]\ninclude = *.ini\n[server www]\n")
    assert ["sticky.ini:2: [main] include: sticky.ini includes itself; expected other files"] == faults_of_file(path)


def test_include_in_an_included_file(main_file: Path) -> None:
    """What is included cannot include in its turn, as there is one [main]."""
    (main_file.parent / "extra.ini").write_text("[main]\ninclude = sticky.ini\n")
    expected = "extra.ini:1: [main] the section is there already at sticky.ini:1; expected each section once"
    assert [expected] == faults_of_file(main_file)


# -- any text --------------------------------------------------------------------------------------------------------

WORDS = [each.name for each in DIRECTIVES] + [
    "default",
    "off",
    "a",
    "/",
    "80",
    "http://a",
    "[::1]:80",
    "$x",
    '"',
    "id=a",
]
LINES = st.one_of(
    st.sampled_from(
        ["[main]", "[http]", "[upstream a]", "[server a]", "[location a /]", "[location a = /]", "[x", "#"]
    ),
    st.builds(
        lambda key, words: f"{key} = {' '.join(words)}",
        st.sampled_from(WORDS),
        st.lists(st.sampled_from(WORDS), max_size=3),
    ),
    st.builds(lambda words: f"    {' '.join(words)}", st.lists(st.sampled_from(WORDS), max_size=3)),
)


@given(st.lists(LINES, max_size=30))
def test_any_text_is_sound_or_told_of(lines: list[str]) -> None:
    """No text makes loading fail but by its faults, and each of them names a line that is there."""
    faults: Sequence[Fault] = ()
    try:
        loads("\n".join(lines))
    except ConfigError as error:
        faults = error.faults
    assert {True} >= {1 <= fault.line <= max(len(lines), 1) for fault in faults}
