"""Looks, before anything starts, whether files can be made in the folders that are named for temporary ones."""

from stickyproxy.config.settings import Settings
from stickyproxy.errors import StartError
from stickyproxy.proxy.temporary import TemporaryFile


def check_folders(settings: Settings) -> None:
    """Raise StartError with a line for the operator if some folder for temporary files cannot be used."""
    for server in settings.servers:
        for location in (server.fallback, *server.locations):
            for folder in location.temp_folders:
                try:
                    TemporaryFile(folder.path).close()
                except OSError as error:
                    wrong = f"cannot be used: {error.strerror}; expected a folder that may be written to"
                    raise StartError(f"{folder}: {wrong}") from None
