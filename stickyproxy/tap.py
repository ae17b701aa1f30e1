"""The command line: what `twistd stickyproxy` understands, and what it says before anything starts."""

import os.path
import sys
from functools import partial
from typing import Any, ClassVar, NoReturn

from twisted.application.service import IService
from twisted.python import usage

from stickyproxy.config.load import load
from stickyproxy.config.settings import Settings
from stickyproxy.errors import ConfigError, StartError


class Options(usage.Options):
    """The options after `twistd stickyproxy`."""

    synopsis = "[options]"
    longdesc = (
        "Runs the reverse proxy that FILE describes. A FILE with mistakes is refused whole: each mistake is printed "
        "with its file and line, nothing starts, and the exit status is 1."
    )
    optParameters: ClassVar[list[list[Any]]] = [["config", "c", None, "The configuration FILE (required)."]]
    optFlags: ClassVar[list[list[str]]] = [["test", "t", "Check the configuration, say what it holds, and exit."]]

    def postOptions(self) -> None:
        """Do the check of `--test`, here since twistd goes on from here to refuse a folder where another one runs."""
        if self["test"]:
            check(config_path(self))
            raise SystemExit(0)


def makeService(options: Options) -> IService:
    """Build the whole proxy; a configuration with faults ends the process with status 1 and all of them on stderr."""
    path = config_path(options)
    settings = read(path)
    from stickyproxy.service import make_service  # only now, so that a check needs neither reactor nor wire

    try:
        # The path, as a daemon may go elsewhere.
        return make_service(settings, partial(load, os.path.abspath(path)))
    except StartError as error:
        give_up(f"stickyproxy: {error}")


def config_path(options: Options) -> str:
    """Return the file to read; there is no default, as a proxy must not start with a file that nobody named."""
    if options["config"] is None:
        give_up("stickyproxy: --config FILE is required, for example: twistd -n stickyproxy --config etc/sticky.ini")
    return str(options["config"])


def check(path: str) -> None:
    """Say what the file at `path` holds, or end the process with all that is wrong with it."""
    settings = read(path)
    check_files(settings)
    print(f"{path}: ok: {summary(settings)}")


def read(path: str) -> Settings:
    """Load `path`, or end the process with every fault on stderr, one a line."""
    try:
        return load(path)
    except ConfigError as error:
        give_up(*map(str, error.faults))


def check_files(settings: Settings) -> None:
    """Try the certificates and folders that are named, or end the process with what is wrong with one."""
    from stickyproxy.folders import check_folders
    from stickyproxy.http.certificates import Certificates  # OpenSSL is large, and `twistd --help` comes by here

    try:
        Certificates().load(settings)
        check_folders(settings)
    except StartError as error:
        give_up(f"stickyproxy: {error}")


def give_up(*lines: str) -> NoReturn:
    """End the process with status 1 (`usage.UsageError` would bury the lines under the whole usage)."""
    print(*lines, sep="\n", file=sys.stderr)
    raise SystemExit(1)


def summary(settings: Settings) -> str:
    """Count what was found: `1 server, 3 locations, 1 upstream`."""
    counts = {
        "server": len(settings.servers),
        "location": sum(len(server.locations) for server in settings.servers),
        "upstream": len(settings.upstreams),
    }
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
