from collections.abc import Callable
from typing import Any

import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import CheckStatus
from stickyproxy.config.watching import parse_check_status, parse_control

LONGEST = "/" + "a" * 106


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], "html"), (["html"], "html"), (["csv"], "csv"), (["json"], "json"), (["prometheus"], "prometheus")],
)
def test_check_status(words: list[str], expected: str) -> None:
    """The format is html unless another one is named."""
    assert CheckStatus(expected) == parse_check_status(words)


@pytest.mark.parametrize(("word", "path"), [("unix:/run/a b", "/run/a b"), (f"unix:{LONGEST}", LONGEST)])
def test_control(word: str, path: str) -> None:
    """The control socket is a path."""
    assert path == parse_control([word])


@pytest.mark.parametrize(
    ("parse", "word", "expected"),
    [
        (parse_check_status, "jsn", '"jsn" is unknown; expected html, csv, json or prometheus; did you mean "json"?'),
        (parse_control, "/run/x", '"/run/x" is no Unix socket; expected unix: and an absolute path'),
        (parse_control, "127.0.0.1:80", '"127.0.0.1:80" is no Unix socket; expected unix: and an absolute path'),
        (parse_control, "unix:x", '"unix:x" is no socket; expected unix: and an absolute path'),
        (parse_control, f"unix:{LONGEST}a", f'"{LONGEST}a" is too long for a socket; expected at most 107 bytes'),
    ],
)
def test_faults(complaints: Callable[..., list[str]], parse: Callable[[Any], Any], word: str, expected: str) -> None:
    """What cannot be meant is refused with what was expected."""
    assert [expected] == complaints(parse, [word])


def test_where_they_go() -> None:
    """The control socket is the whole configuration's, the status page a location's."""
    settings = loads("[main]\ncontrol = unix:/run/c\n[server www]\n[location www = /status]\ncheck_status = csv\n")
    ((location,),) = (server.locations for server in settings.servers)
    assert ("/run/c", CheckStatus("csv"), None) == (settings.control, location.check_status, location.return_)
    assert None is loads("[server www]\n").control
