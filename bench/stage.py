"""The stage of a comparison: the server that all proxies stand before, and the proxies of one row."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

from attrs import frozen

from bench.loads import Sample, Target
from bench.peers import SETUPS, Peer, apache_modules, fill
from bench.processes import Memory, Process, free_port
from bench.rows import FILES, Row
from tests.certificates import Authority

# Where the server is found, one place for each proxy of a row: connections that one has closed lately take ports that
# nobody else can use for the same place, until none is left.
_ADDRESSES = [f"127.0.0.{number}" for number in range(1, 17)]


@frozen
class Measured:
    """One sample, with the seconds of processor time that the proxy took for it and the memory it held after it."""

    sample: Sample
    cpu: float
    memory: Memory


@frozen
class Cores:
    """Where things run: the load and the server on one core, the proxy on the other."""

    load: int
    proxy: int


class Stage:
    """The server, its files and the certificate, in a folder; `close` ends the server."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self.folder = folder
        self.cores = cores
        # Whoever gives up root's rights has to get here.
        folder.chmod(0o755)
        files = folder / "files"
        files.mkdir()
        for name, size in FILES.items():
            with (files / name).open("wb") as file:
                file.truncate(size)
        certificate, key = Authority().sign("127.0.0.1").write(folder, "certificate")
        both = folder / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        ports = free_port(), free_port()
        self.words = {
            "MODULES": str(apache_modules()),
            "FILES": str(files),
            "CERTIFICATE": str(certificate),
            "KEY": str(key),
            "BOTH": str(both),
            "PORT_A": str(ports[0]),
            "PORT_B": str(ports[1]),
            "LISTEN": "\n".join(
                f"        listen {address}:{port} backlog=4096;" for address in _ADDRESSES for port in ports
            ),
        }
        own = self.new_folder("server")
        config = own / "server.conf"
        config.write_text(fill((SETUPS / "server.conf").read_text(), {**self.words, "FOLDER": str(own)}))
        self._server = Process(["nginx", "-p", str(own), "-e", "error.log", "-c", str(config)], own, cores.load)
        try:
            for port in ports:
                self._server.wait_for(port)
        except BaseException:
            self.close()
            raise

    def new_folder(self, name: str) -> Path:
        """Make a folder in the folder."""
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def close(self) -> None:
        """End the server."""
        self._server.stop()


class Proxy:
    """One proxy that runs for one row, and a client that has its cookie. It finds the server at `address`."""

    def __init__(self, stage: Stage, peer: Peer, row: Row, address: str = "127.0.0.1") -> None:
        self._stage = stage
        self._name = peer.name
        self._row = row
        self._port, tls_port = free_port(), free_port()
        words = {
            **stage.words,
            "SERVER_A": f"{address}:{stage.words['PORT_A']}",
            "SERVER_B": f"{address}:{stage.words['PORT_B']}",
            "PORT": str(self._port),
            "TLS_PORT": str(tls_port),
            "MORE_SERVERS": _more_servers(row.servers),
            "MORE_LOCATIONS": _more_locations(row.locations),
        }
        folder = stage.new_folder(f"{row.name}-{peer.template.replace('/', '-')}")
        environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), **peer.environment}
        self._process = Process(peer.prepare(folder, words, row.mode), folder, stage.cores.proxy, environment)
        try:
            self._process.wait_for(self._port)
            self._process.wait_for(tls_port)
            self._target = Target(tls_port if row.tls else self._port, row.tls, row.path, self._log_in())
            self._check()
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        """Raise RuntimeError unless the client stays on one server and gets what the row is about."""
        with closing(self.connect()) as connection:
            servers = {_get(connection, "/who", self._target.cookie)[2] for _ in range(4)}
            if len(servers) > 1:
                raise RuntimeError(f"{self._name} leads a session to several servers, with {self._target.cookie!r}")
            if self._row.size <= FILES["1m"]:
                self.ask(connection)

    def connect(self) -> HTTPConnection:
        """Return a connection, without TLS, that `ask` opens."""
        return HTTPConnection("127.0.0.1", self._port, timeout=30)

    def ask(self, connection: HTTPConnection) -> None:
        """Ask once for what the row is about. Raises RuntimeError when that does not come."""
        status, _, body = _get(connection, self._row.path, self._target.cookie)
        if (status, len(body)) != (200, self._row.size):
            raise RuntimeError(f"{self._name} answered {self._row.path} with {status} and {len(body)} bytes")

    def _log_in(self) -> str:
        """Return the Cookie field that a client sends after its first request."""
        with closing(self.connect()) as connection:
            _, set_cookies, _ = _get(connection, "/login")
        return "; ".join(set_cookie.partition(";")[0] for set_cookie in set_cookies)

    def measure(self, seconds: int) -> Measured:
        """Put the row's load on it."""
        before = self._process.cpu()
        sample = self._row.load.run(self._target, self._stage.cores.load, seconds)
        cpu = self._process.cpu() - before
        # The next one is to have the core for itself.
        self._process.settle()
        return Measured(sample, cpu, self.memory())

    def memory(self) -> Memory:
        """Return what it holds now."""
        return self._process.memory()

    def close(self) -> None:
        """End it."""
        self._process.stop()


def run_together(
    stage: Stage,
    contest: Mapping[str, tuple[Peer, Row]],
    rounds: int,
    seconds: int,
    tell: Callable[[str], None],
) -> dict[str, list[Measured]]:
    """Measure each peer, set up for its row, once a round, after a round that does not count; by the names given."""
    with ExitStack() as running:
        proxies = {
            name: running.enter_context(closing(Proxy(stage, *each, address)))
            for (name, each), address in zip(contest.items(), _ADDRESSES[: len(contest)], strict=True)
        }
        for proxy in proxies.values():
            proxy.measure(1)
        measured: dict[str, list[Measured]] = {name: [] for name in proxies}
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            for name, proxy in proxies.items():
                measured[name].append(proxy.measure(seconds))
    return measured


def _get(connection: HTTPConnection, path: str, cookie: str = "") -> tuple[int, list[str], bytes]:
    """Return the status, the Set-Cookie fields and the body of an answer."""
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    with connection.getresponse() as answer:
        return answer.status, answer.headers.get_all("Set-Cookie") or [], answer.read()


def _more_servers(number: int) -> str:
    """Name servers that no session is bound to, and that nothing ever connects to."""
    return "\n".join(f"    127.1.{serial // 250}.{serial % 250 + 1}:9 id=s{serial} down" for serial in range(number))


def _more_locations(number: int) -> str:
    return "\n".join(f"[location www /at/{serial}/]\nproxy_pass = http://app\n" for serial in range(number))
