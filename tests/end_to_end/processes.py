"""Processes of their own: the proxy as an operator starts it, and programs of others, where they are installed."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from tests.end_to_end.fakes import Waitable, eventually

TWISTD = Path(sys.executable).with_name("twistd")
# twistd as the README says, but that no file remembers the process.
PROXY = (TWISTD, "-n", "--pidfile=", "stickyproxy", "--config")

# Where a user's PATH may not look for servers.
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"
# How long a program may take to start, in seconds: some are Java virtual machines.
START = 30.0


def installed(program: str, *files: Path) -> str:
    """Find a program; without it, or without a file of its, the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:{SYSTEM}")
    missing = [*([] if found else [program]), *(str(file) for file in files if not file.exists())]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    return str(found)


def has_started(ready: Callable[[], object]) -> "Deferred[object]":
    """Fire as soon as `ready` returns something true, for which a program has to start first."""
    return eventually(ready, within=START)


class Process(ProcessProtocol, Waitable):
    """A process: what it wrote to `out` and `err` so far, and its exit `status` when it has ended.

    A process that a signal killed has no status but the signal's name.
    """

    transport: IProcessTransport

    def __init__(self, folder: Path, *command: str | Path) -> None:
        Waitable.__init__(self)
        self.out = self.err = ""
        self.status: int | str | None = None
        words = [str(word) for word in command]
        reactor.spawnProcess(self, words[0], words, env=None, path=str(folder))
        self.transport.closeStdin()

    def __repr__(self) -> str:
        return f"<process, status {self.status}\nout: {self.out}\nerr: {self.err}>"

    @property
    def pid(self) -> int:
        """The number of the process."""
        return int(self.transport.pid)

    def outReceived(self, data: bytes) -> None:
        self.out += data.decode()
        self.changed()

    def errReceived(self, data: bytes) -> None:
        self.err += data.decode()
        self.changed()

    def processEnded(self, reason: Failure) -> None:
        ended = reason.value
        self.status = ended.exitCode if ended.signal is None else f"signal {ended.signal}"
        self.changed()

    async def said(self, words: str) -> str:
        """Wait for a line with those words in it, and return what follows them there."""
        text = await self.until(lambda: words in self.out and self.out.partition(words)[2].partition("\n")[::2])
        return str(text[0])

    async def ended(self) -> int | str:
        """Wait for the end; return the status."""
        (status,) = await self.until(lambda: self.status is not None and (self.status,))
        return status

    async def stop(self) -> int | str:
        """End it as an operator does; return the status."""
        self.transport.signalProcess("TERM")
        return await self.ended()

    async def close(self) -> None:
        """End it, whatever it is doing."""
        if self.status is None:
            self.transport.signalProcess("KILL")
        await self.ended()
        assert "Traceback" not in self.out + self.err, self
