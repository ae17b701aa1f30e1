from pathlib import Path

from stickyproxy.command.rehearsal import Rehearsal
from stickyproxy.config.load import loads
from tests.proxy.house import GET, answer

TEXT = """\
[http]
access_log = {folder}/access.log
[upstream app]
server = demo:a
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
[location www /own]
return = 204
"""


def rehearsal(folder: Path, demo_port: int = 1) -> Rehearsal:
    """A proxy of that configuration, which keeps its hands off the folder."""
    return Rehearsal(loads(TEXT.format(folder=folder)), lambda host, port: [], 1_700_000_000.0, demo_port)


def test_request_goes_through(tmp_path: Path) -> None:
    """A request comes out at the server's end, the server's response at the client's, and the outcome is told."""
    stage = rehearsal(tmp_path)
    ((_, site),) = stage.sites
    scene = stage.play(site, "192.0.2.9", GET, answer(b"hello"))
    assert scene.to_server.startswith(b"GET / HTTP/1.1\r\n")
    assert b"\r\nX-Real-IP: 192.0.2.9\r\n" in scene.to_server
    assert scene.to_client.endswith(b"\r\n\r\nhello")
    assert scene.outcome is not None
    assert (200, 1_700_000_000.0, 1) == (scene.outcome.status, scene.outcome.finished, len(scene.outcome.tries))
    assert [] == list(tmp_path.iterdir())


def test_own_answer_asks_nobody(tmp_path: Path) -> None:
    """Where the proxy answers by itself no server sees anything."""
    stage = rehearsal(tmp_path)
    scene = stage.play(stage.sites[0][1], "192.0.2.9", GET.replace(b"/ ", b"/own "), answer())
    assert (b"", b"HTTP/1.1 204 No Content") == (scene.to_server, scene.to_client.partition(b"\r\n")[0])


def test_demonstration_servers_are_not_started(tmp_path: Path) -> None:
    """A demonstration server has a port that was made up."""
    (peer,) = rehearsal(tmp_path, 7).upstreams["app"].group.peers
    assert b"127.0.0.1:7" == peer.name
