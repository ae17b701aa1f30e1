"""The arguments of `check_status` and `control`: how servers are watched and steered while the proxy runs."""

from collections.abc import Sequence

from stickyproxy.config import values
from stickyproxy.config.addresses import parse_path
from stickyproxy.config.settings import FORMATS, CheckStatus

# What the kernel has room for (sun_path of unix(7)), without the zero behind it.
_LONGEST_PATH = 107


def parse_check_status(words: Sequence[str]) -> CheckStatus:
    """Read the format, `html` when none is written."""
    return CheckStatus(values.choice(*FORMATS)(words[0]) if words else FORMATS[0])


def parse_control(words: Sequence[str]) -> str:
    """Read `unix:PATH` to the path of the socket."""
    scheme, _, path = words[0].partition(":")
    if scheme != "unix":
        raise ValueError(f'"{words[0]}" is no Unix socket; expected unix: and an absolute path')
    if len(path.encode()) > _LONGEST_PATH:
        raise ValueError(f'"{path}" is too long for a socket; expected at most {_LONGEST_PATH} bytes')
    return parse_path(path)
