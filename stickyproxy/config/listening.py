"""The arguments of `listen` and `server_name`."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address

from attrs import frozen
from twisted.internet.endpoints import quoteStringArgument
from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.plugin import getPlugins

from stickyproxy.config import values
from stickyproxy.config.addresses import InetAddress, parse_ip, parse_path, split_port
from stickyproxy.config.parameters import parse_parameters
from stickyproxy.config.suggest import suggest

_PLACES = "port, ip[:port], [ipv6][:port], unix:/path or a Twisted endpoint description"
_NAMES = "such as example.org, *.example.org, .example.org, www.example.* or _"
_NOT_SUPPORTED = ("http2", "quic")
_NAME = re.compile(r"(?:\*?\.)?(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|(?:[a-z0-9_-]+\.)+\*|\[[0-9a-f:.]+\]")
_ENDPOINT = re.compile(r"([a-z][a-z0-9]*):.*[^0-9].*|(tcp):.*")


@frozen
class ListenLine:
    """One `listen`: `endpoint` is the Twisted endpoint description, still without the backlog.

    `shown` is the address in nginx's spelling, or the description itself: what tells one place from another.
    """

    endpoint: str
    shown: str
    default_server: bool
    ssl: bool
    backlog: int | None
    proxy_protocol: bool


def parse_listen(words: Sequence[str]) -> ListenLine:
    """Read `PORT`, `ADDRESS[:PORT]`, `unix:/PATH` or an endpoint description, and parameters."""
    faults = [
        f'parameter "{word}" is not supported; expected a listen without it'
        for word in words[1:]
        if word in _NOT_SUPPORTED
    ]
    known = [word for word in words[1:] if word not in _NOT_SUPPORTED]
    try:
        endpoint, shown = _parse_place(words[0])
    except ValueError as error:
        faults.extend(error.args)
    try:
        found = parse_parameters(
            known, {"backlog": values.number(1, 65535)}, flags=("default_server", "ssl", "proxy_protocol")
        )
    except ValueError as error:
        faults.extend(error.args)
    if faults:
        raise ValueError(*faults)
    flags = ("default_server" in found, "ssl" in found)
    return ListenLine(endpoint, shown, *flags, found.get("backlog"), "proxy_protocol" in found)


def _parse_place(word: str) -> tuple[str, str]:
    """The endpoint description and the spelling of what stands first in `listen`."""
    if word.startswith("unix:"):
        return f"unix:{quoteStringArgument(parse_path(word[5:]))}", word
    match = _ENDPOINT.fullmatch(word)
    if match and not word.startswith("localhost:"):
        _check_kind(match[1] or match[2])
        return word, word
    host, port = split_port(f"*:{word}" if word.isdecimal() else word, 80, lowest=0)
    if host == "*":
        return f"tcp:{port}", f"0.0.0.0:{port}"
    ip = parse_ip(host)
    if ip is None and host != "localhost":
        raise ValueError(f'"{word}" is no address; expected {_PLACES}')
    address = InetAddress(ip or IPv4Address("127.0.0.1"), port)
    return f"tcp:{port}:interface={quoteStringArgument(address.host)}", str(address)


def _check_kind(kind: str) -> None:
    """Raise ValueError for an endpoint description whose kind no plugin of Twisted's knows."""
    kinds = {"tcp", "ssl", "unix"} | {plugin.prefix for plugin in getPlugins(IStreamServerEndpointStringParser)}
    if kind not in kinds:
        raise ValueError(f'unknown endpoint "{kind}"; expected one of {", ".join(sorted(kinds))}{suggest(kind, kinds)}')


def parse_server_name(words: Sequence[str]) -> tuple[str, ...]:
    """Read names, `*.` and `.*` wildcards, `_` and `""`; `.example.org` is `example.org` and `*.example.org`."""
    names: list[str] = []
    faults = []
    for word in words:
        name = word.lower()
        if name and _NAME.fullmatch(name) is None:
            faults.append(f"{values.shown(word)} is no server name; expected {_NAMES}")
        elif name.startswith("."):
            names += [name[1:], f"*{name}"]
        else:
            names.append(name)
    if faults:
        raise ValueError(*faults)
    return tuple(names)
