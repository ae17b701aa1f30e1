"""The proxy as an operator runs it: a process of its own, signals, logs, and curl."""

import json
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.error import ConnectionRefusedError

from tests.end_to_end.fakes import HOST, eventually, silent
from tests.end_to_end.house import House
from tests.end_to_end.processes import PROXY, installed

EXAMPLE = Path(__file__).parent.parent.parent / "etc" / "sticky.ini"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example that comes with the proxy, but on a port that is free."""
    text = EXAMPLE.read_text()
    assert "\nlisten = 127.0.0.1:8080\n" in text
    path = tmp_path / "sticky.ini"
    path.write_text(text.replace("127.0.0.1:8080", "127.0.0.1:0"))
    return path


# -- the example -----------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_example_shows_itself(house: House, example: Path, tmp_path: Path) -> None:
    """The example says where it listens and gives two curl lines: with a jar one stays, without one takes turns."""
    program = installed("curl")
    process, port = await house.start(example)

    async def run(line: str) -> str:
        curl = house.run(tmp_path, program, *shlex.split(line)[1:])
        assert 0 == await curl.ended()
        assert f"Host: {HOST}:{port}" in curl.out
        return curl.out.splitlines()[0]

    turns, stays = [f"curl{await process.said(f'{words}:  curl')}" for words in ("next server", "stay on one")]
    assert (f"curl http://{HOST}:{port}/", f"curl -c jar -b jar http://{HOST}:{port}/") == (turns, stays)
    assert [f"server {name}" for name in "abca"] == [await run(turns) for _ in range(4)]
    assert ["server b"] * 5 == [await run(stays) for _ in range(5)]
    assert 0 == await process.stop()


@pytest_twisted.ensureDeferred
async def test_example_is_found_right(house: House, tmp_path: Path) -> None:
    """`--test` finds the example right and starts nothing."""
    process = house.run(tmp_path, *PROXY, EXAMPLE, "--test")
    assert 0 == await process.ended()
    assert (f"{EXAMPLE}: ok: 1 server, 1 location, 1 upstream\n", "") == (process.out, process.err)


# -- a start that fails ----------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_second_proxy_on_one_port(house: House, example: Path) -> None:
    """A second proxy on a port that is taken says so in one line and ends with status 1; the first goes on."""
    _, port = await house.start(example)
    second = example.with_name("second.ini")
    second.write_text(example.read_text().replace(f"{HOST}:0", f"{HOST}:{port}"))
    process = house.run(example.parent, *PROXY, second)
    assert 1 == await process.ended()
    (complaint,) = process.err.splitlines()
    assert f"cannot listen on {HOST}:{port}: " in complaint
    client = await house.client(port)
    assert 200 == (await client.request(b"GET / HTTP/1.1")).status


@pytest_twisted.ensureDeferred
async def test_file_with_faults(house: House, example: Path) -> None:
    """A file with faults starts nothing: each is a line with its place, the status is 1."""
    example.write_text(example.read_text().replace("mode=insert", "mode=insrt").replace("http://app", "http://ap"))
    process = house.run(example.parent, *PROXY, example)
    assert 1 == await process.ended()
    lines = process.err.splitlines()
    assert 2 == len(lines)
    for line, suggestion in zip(lines, ("insert", "app"), strict=True):
        assert line.startswith(f"{example}:")
        assert f"did you mean {suggestion}?" in line.replace('"', "")


# -- signals and logs ------------------------------------------------------------------------------------------------


@pytest.fixture
def logging(tmp_path: Path) -> Path:
    """A proxy that writes logs and answers by itself, and at /dead asks a server that is not there."""
    path = tmp_path / "logging.ini"
    path.write_text(
        f"[main]\nerror_log = {tmp_path}/error.log warn\n"
        f"[http]\naccess_log =\n    {tmp_path}/access.log\n    {tmp_path}/access.json json\n"
        f"[server www]\nlisten =\n    {HOST}:0\n    unix:{tmp_path}/socket\n"
        '[location www /]\nreturn = 200 "hello"\n'
        "[location www /dead]\nproxy_pass = http://127.0.0.1:1\n"
    )
    return path


@pytest_twisted.ensureDeferred
async def test_logs_tell_of_each_request(house: House, logging: Path, tmp_path: Path) -> None:
    """Each request has a line in every access log when the process ends, and a failed server one in the error log."""
    process, port = await house.start(logging)
    client = await house.client(port)
    assert 200 == (await client.request(b"GET /a?b HTTP/1.1\nUser-Agent: me")).status
    assert 502 == (await client.request(b"GET /dead HTTP/1.1")).status
    assert 0 == await process.stop()
    combined = (tmp_path / "access.log").read_text().splitlines()
    assert 2 == len(combined)
    assert combined[0].startswith("127.0.0.1 - - [")
    assert combined[0].endswith('] "GET /a?b HTTP/1.1" 200 5 "-" "me"')
    first, second = map(json.loads, (tmp_path / "access.json").read_text().splitlines())
    assert ("/a?b", 200, 5, "") == tuple(first[key] for key in ("uri", "status", "bytes", "upstream_addr"))
    assert ("/dead", 502, "127.0.0.1:1") == tuple(second[key] for key in ("uri", "status", "upstream_addr"))
    assert " 127.0.0.1:1: " in (tmp_path / "error.log").read_text()


@pytest_twisted.ensureDeferred
async def test_sigusr1_reopens_the_logs(house: House, logging: Path, tmp_path: Path) -> None:
    """After SIGUSR1 lines go to new files, and none is lost to the old ones that were moved away."""
    process, port = await house.start(logging)
    client = await house.client(port)
    await client.request(b"GET /first HTTP/1.1")
    new, old = tmp_path / "access.log", tmp_path / "access.log.1"
    new.rename(old)
    process.transport.signalProcess(signal.SIGUSR1)
    await eventually(new.exists)
    await client.request(b"GET /second HTTP/1.1")
    assert 0 == await process.stop()
    assert [1, 1] == [len(log.read_text().splitlines()) for log in (old, new)]
    assert [True, True] == ["/first" in old.read_text(), "/second" in new.read_text()]


@pytest.fixture
def waiting(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a configuration whose requests go to that server, with a line for [main]."""

    def write(address: str, main: str = "") -> Path:
        config = tmp_path / "waiting.ini"
        config.write_text(
            f"[main]\n{main}\n[server www]\nlisten = {HOST}:0\naccess_log = {tmp_path}/access.log\n"
            f"[location www /]\nproxy_pass = http://{address}\n"
        )
        return config

    return write


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
@pytest_twisted.ensureDeferred
async def test_graceful_end(house: House, waiting: Callable[[str, str], Path], number: int, tmp_path: Path) -> None:
    """On SIGTERM or SIGQUIT requests in progress are answered, others find nobody, and the process ends with 0."""
    server = house.server("a")
    server.answer = silent
    process, port = await house.start(waiting(server.address))
    idle, busy = await house.client(port), await house.client(port)
    busy.send(b"GET /slow HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await server.until(lambda: server.requests)
    process.transport.signalProcess(number)
    await idle.end()
    with pytest.raises(ConnectionRefusedError):
        await house.client(port)
    server.connections[-1].transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    response = await busy.response()
    assert (200, b"ok", [b"close"]) == (response.status, response.body, response.values(b"Connection"))
    assert 0 == await process.ended()
    assert '"GET /slow HTTP/1.1" 200 ' in (tmp_path / "access.log").read_text()


@pytest_twisted.ensureDeferred
async def test_second_signal(house: House, waiting: Callable[[str, str], Path], tmp_path: Path) -> None:
    """A second SIGTERM does not wait for requests in progress; their lines are in the access log."""
    server = house.server("a")
    server.answer = silent
    process, port = await house.start(waiting(server.address))
    client = await house.client(port)
    client.send(b"GET /slow HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await server.until(lambda: server.requests)
    process.transport.signalProcess(signal.SIGTERM)
    await process.said("requests in progress are answered")
    process.transport.signalProcess(signal.SIGTERM)
    assert 0 == await process.ended()
    await client.end()
    assert '"GET /slow HTTP/1.1" ' in (tmp_path / "access.log").read_text()


@pytest_twisted.ensureDeferred
async def test_end_that_is_waited_for_in_vain(house: House, waiting: Callable[[str, str], Path]) -> None:
    """After `worker_shutdown_timeout` what is still in progress is cut."""
    server = house.server("a")
    server.answer = silent
    process, port = await house.start(waiting(server.address, "worker_shutdown_timeout = 100ms"))
    client = await house.client(port)
    client.send(b"GET /slow HTTP/1.1\r\nHost: example.org\r\n\r\n")
    await server.until(lambda: server.requests)
    assert 0 == await process.stop()
    await client.end()


@pytest_twisted.ensureDeferred
async def test_unix_socket(house: House, logging: Path, tmp_path: Path) -> None:
    """A Unix socket is listened on like a port, and is gone when the proxy is."""
    process, _ = await house.start(logging)
    curl = house.run(tmp_path, installed("curl"), "-sS", "--unix-socket", tmp_path / "socket", "http://example.org/")
    assert (0, "hello") == (await curl.ended(), curl.out)
    assert 0 == await process.stop()
    assert not (tmp_path / "socket").exists()
