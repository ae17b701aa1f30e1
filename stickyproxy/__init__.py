"""stickyproxy: an HTTP reverse proxy on Twisted that keeps each client on its server."""

__version__ = "0.1.0"
