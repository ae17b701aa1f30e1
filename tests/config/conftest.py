"""Configurations in short: the lines that are told of one, and what a sound one comes to."""

from collections.abc import Callable
from typing import Any

import pytest

from stickyproxy.config.load import loads
from stickyproxy.config.settings import Settings
from stickyproxy.errors import ConfigError

SOUND = """\
[upstream app]
server = 10.0.0.1:8080
[server www]
[location www /]
proxy_pass = http://app
"""


@pytest.fixture
def faults_of() -> Callable[[str], list[str]]:
    """Give the lines that an operator reads about a text, without the file's name; none if it is sound."""

    def faults_of(text: str) -> list[str]:
        try:
            loads(text, "sticky.ini")
        except ConfigError as error:
            return [line.removeprefix("sticky.ini:") for line in str(error).split("\n")]
        return []

    return faults_of


@pytest.fixture
def settings_with() -> Callable[[str], Settings]:
    """Load a sound configuration with one upstream, server and location, and further sections before it."""
    return lambda more="", text=SOUND: loads(f"{more}\n{text}")


@pytest.fixture
def complaints() -> Callable[..., list[str]]:
    """Give the messages with which a reader refuses its argument; none if it takes it."""

    def complaints(read: Callable[[Any], Any], argument: object) -> list[str]:
        try:
            read(argument)
        except ValueError as error:
            return list(error.args)
        return []

    return complaints
