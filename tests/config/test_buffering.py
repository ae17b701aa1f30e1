import pytest

from stickyproxy.config.buffering import Buffering, RequestBuffering
from stickyproxy.config.load import loads
from stickyproxy.config.settings import Location
from stickyproxy.errors import ConfigError

TEXT = "[http]\n{http}\n[server www]\n[location www /]\nreturn = 404\n{location}\n"


def location_of(location: str = "", http: str = "") -> Location:
    (server,) = loads(TEXT.format(http=http, location=location)).servers
    return server.locations[0]


def test_answers() -> None:
    """Each directive finds its place; how many buffers there are does not matter, only what they hold together."""
    lines = "proxy_buffering = off\nproxy_buffers = 4 16k\nproxy_max_temp_file_size = 0\n"
    inherited = "proxy_busy_buffers_size = 4k\nproxy_temp_path = /spool 1 2\nproxy_buffer_size = 8k\n"
    location = location_of(lines, inherited)
    assert (Buffering(False, 64 * 1024, 4096, 0, "/spool"), 8192) == (location.buffering, location.proxy_buffer_size)


def test_requests() -> None:
    """So it does for the bodies of requests."""
    lines = "proxy_request_buffering = off\nclient_body_buffer_size = 16k\nclient_body_temp_path = /spool\n"
    assert RequestBuffering(False, 16 * 1024, "/spool") == location_of(lines).request_buffering


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("proxy_buffers = 1 8k", '"1" is wrong; expected a whole number from 2 to 2147483647'),
        ("proxy_buffers = 8 0", '"0" is nothing; expected a size such as 8k'),
        ("proxy_buffers = 8k", 'one argument "8k"; expected NUMBER SIZE'),
        ("proxy_busy_buffers_size = 0k", '"0k" is nothing; expected a size such as 8k'),
        ("proxy_buffer_size = 0", '"0" is nothing; expected a size such as 8k'),
        ("proxy_temp_path = /spool 4", '"4" is wrong; expected a whole number from 1 to 3'),
    ],
)
def test_faults(line: str, expected: str) -> None:
    """What makes no sense is refused."""
    with pytest.raises(ConfigError) as caught:
        location_of(line)
    (fault,) = caught.value.faults
    assert expected == fault.message
