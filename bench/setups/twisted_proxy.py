"""Twisted's own ReverseProxyResource, as its documentation shows it, with an access log: it knows one server.

Its arguments are those of `main`, in order.
"""

import sys

from twisted.internet import reactor, ssl
from twisted.web.proxy import ReverseProxyResource
from twisted.web.server import Site


def main(port: str, tls_port: str, server: str, log: str, certificate: str, key: str) -> None:
    """Serve until the process is ended."""
    host, _, server_port = server.partition(":")
    site = Site(ReverseProxyResource(host, int(server_port), b""), logPath=log.encode())
    reactor.listenTCP(int(port), site, backlog=4096, interface="127.0.0.1")
    context = ssl.DefaultOpenSSLContextFactory(key, certificate)
    reactor.listenSSL(int(tls_port), site, context, backlog=4096, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
