"""Opens the addresses that are listened on, `[::]` for IPv6 alone, as nginx does."""

import socket
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.tcp import Port
from twisted.python.failure import Failure

from stickyproxy.config.settings import Listen
from stickyproxy.errors import StartError


def open_port(reactor: Any, listen: Listen, factory: IProtocolFactory) -> IListeningPort:
    """Listen there. Raises StartError with a line that names the directive and what is in the way."""
    if listen.shown.startswith("[::]:") and isinstance(reactor, PosixReactorBase):
        reactor = _SixAlone(reactor)
    # Endpoints are plugins: for arguments that they do not like each has exceptions of its own.
    listening = maybeDeferred(lambda: serverFromString(reactor, listen.endpoint).listen(factory))
    opened: list[IListeningPort] = []
    refused: list[Failure] = []
    listening.addCallbacks(opened.append, refused.append)
    if opened:
        return opened[0]
    reason = "it takes its time"
    for failure in refused:
        reason = str(getattr(failure.value, "socketError", failure.value))
    raise StartError(f"{listen.position}: listen: cannot listen on {listen.shown}: {reason}")


class _SixAlone:
    """A reactor that listens for IPv6 alone: `listen = [::]:80` then leaves IPv4 to `listen = 80` (`ipv6only=on`)."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listenTCP(self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = "") -> Port:
        listening = _SixAlonePort(port, factory, backlog, interface, self._reactor)
        listening.startListening()
        return listening


class _SixAlonePort(Port):
    def createInternetSocket(self) -> socket.socket:
        made: socket.socket = super().createInternetSocket()
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return made
