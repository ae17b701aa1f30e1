"""The processes of a measurement: each on a core of its own, watched through /proc, and ended by its number."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 60.0
# Processor time, in seconds, that one who rests takes in a tenth of a second at most.
_RESTING = 0.015
_SIZE = re.compile(r"^(Rss|Pss|Pss_Anon): +(\d+) kB$", re.M)


@frozen
class Memory:
    """Bytes of memory: `rss` counts pages that several processes share in each, `pss` in all of them together once.

    `anonymous` is the part of `pss` that is in no file: heaps and stacks. Other programs that come and go change how
    the pages of a library are shared out, but not that.
    """

    rss: int
    pss: int
    anonymous: int


def read_rollup(text: str) -> Memory:
    """Read the `smaps_rollup` of one process, which counts in kB; of one that has just ended it is empty."""
    sizes = {name: int(size) * 1024 for name, size in _SIZE.findall(text)}
    return Memory(sizes.get("Rss", 0), sizes.get("Pss", 0), sizes.get("Pss_Anon", 0))


class Process:
    """A command that runs in `folder` on one core, with all the processes that it starts in turn (one session)."""

    def __init__(
        self, command: Sequence[str], folder: Path, core: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self._said = folder / "output"
        with self._said.open("ab") as output:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, port: int) -> None:
        """Return when it listens on that port. Raises RuntimeError, with what it said, when it does not."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{self._process.args} does not listen:\n{self._said.read_text()[-2000:]}")

    def cpu(self) -> float:
        """Return the seconds of processor time that they have used, those of them that have ended included."""
        return sum(sum(map(int, stat[11:15])) for _, stat in self._all()) / _TICKS

    def settle(self) -> None:
        """Return when they rest, or after a while: some work on for those that asked and are gone."""
        end = time.monotonic() + _PATIENCE
        before, now = -1.0, self.cpu()
        while now - before > _RESTING and time.monotonic() < end:
            time.sleep(0.1)
            before, now = now, self.cpu()

    def memory(self) -> Memory:
        """Return what they hold now."""
        rss = pss = anonymous = 0
        for folder, _ in self._all():
            # It may end while it is looked at.
            with suppress(OSError):
                each = read_rollup((folder / "smaps_rollup").read_text())
                rss, pss, anonymous = rss + each.rss, pss + each.pss, anonymous + each.anonymous
        return Memory(rss, pss, anonymous)

    def stop(self) -> None:
        """End them all: the first is asked, what is left after five seconds is killed."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for folder, _ in self._all():
            os.kill(int(folder.name), signal.SIGKILL)

    def _all(self) -> Iterator[tuple[Path, list[str]]]:
        """Yield the folder in /proc of each process, with the fields of its `stat` behind the name."""
        session = str(self._process.pid)
        for folder in _PROC.glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # A process that has ended has no memory, and its time is told by the one that waits for it.
            if stat[3] == session and stat[0] != "Z":
                yield folder, stat


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
