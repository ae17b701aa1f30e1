"""Tells twistd that there is a `stickyproxy` to run."""

from twisted.application.service import ServiceMaker

stickyproxy = ServiceMaker(
    "stickyproxy",
    "stickyproxy.tap",
    "An HTTP reverse proxy that keeps each client on its server.",
    "stickyproxy",
)
