"""Where a request belongs: server name -> location, a tree of twisted.web Resources.

A look-up goes down the path segment by segment and never over all locations. What it finds makes the exchange that
serves the request; a Resource of anybody's hangs in here as a `plain.PlainResource` and is rendered as usual.
"""

from collections.abc import Iterable

from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource

from stickyproxy.http.certificates import ContextSource
from stickyproxy.http.request import RequestHead
from stickyproxy.proxy.locations import LocationResource
from stickyproxy.proxy.paths import host_without_port, matched


class Branch(Resource):
    """One path segment, whose children are the segments below. Its `prefix` serves this path and what is below it."""

    def __init__(self, parent: "Branch | None" = None) -> None:
        super().__init__()
        self.parent = parent
        self.prefix: LocationResource | None = None
        self.exact: LocationResource | None = None

    def hang(self, path: str, location: LocationResource) -> None:
        """Have `location` serve `path` and all below it that has no location of its own."""
        self._grow(path).prefix = location

    def hang_exact(self, path: str, location: LocationResource) -> None:
        """Have `location` serve `path` alone."""
        self._grow(path).exact = location

    def find(self, path: bytes) -> LocationResource | None:
        """Return the location that serves a path as `paths.matched` gives it: the exact one, or the deepest."""
        branch, found = self, self.prefix
        # As `_segments`: a call in each request takes as long as a look-up.
        for segment in path.split(b"/")[1:] if path != b"/" else ():
            child = branch.children.get(segment)
            if child is None:
                return found
            branch = child
            found = branch.prefix or found
        return branch.exact or found

    def getChild(self, path: bytes, request: object) -> IResource:
        """For those who walk the tree by twisted.web's own means: what no branch leads to is this location's."""
        branch: Branch | None = self
        while branch is not None:
            if branch.prefix is not None:
                return branch.prefix
            branch = branch.parent
        return notFound()

    def _grow(self, path: str) -> "Branch":
        branch = self
        for segment in _segments(path.encode()):
            if segment not in branch.children:
                branch.putChild(segment, Branch(branch))
            branch = branch.children[segment]
        return branch


def _segments(path: bytes) -> list[bytes]:
    return path.split(b"/")[1:] if path != b"/" else []


class VirtualHost(Branch):
    """The root of one `[server]`; what none of its locations serves is for `fallback`.

    `certificate` is shown to clients who ask for it over TLS.
    """

    certificate: ContextSource | None = None

    def __init__(self, fallback: LocationResource) -> None:
        super().__init__()
        self.fallback = fallback

    def locate(self, target: bytes) -> LocationResource:
        """Return the location that serves a request target. Raises ClientFault for a path that leads nowhere."""
        return self.find(matched(target.partition(b"?")[0])) or self.fallback


class Hosts(Resource):
    """The virtual hosts of one listener, by name: exact ones, `*.example.org` and `www.example.*`."""

    def __init__(self, default: VirtualHost) -> None:
        super().__init__()
        self.default = default
        self._exact: dict[bytes, VirtualHost] = {}
        self._leading: dict[bytes, VirtualHost] = {}
        self._trailing: dict[bytes, VirtualHost] = {}
        self._several = False

    def add(self, names: Iterable[str], host: VirtualHost) -> None:
        """Let `host` answer under `names` (ngx_http_core_module, `server_name`)."""
        for written in names:
            name = written.encode()
            self._several |= host is not self.default
            if name.startswith(b"*."):
                self._leading[name[1:]] = host
            elif name.endswith(b".*"):
                self._trailing[name[:-1]] = host
            else:
                self._exact[name] = host

    def find(self, host: bytes) -> VirtualHost:
        """Return the host for a Host field: by exact name, longest leading wildcard, longest trailing one, default."""
        # Most clients write the name just so, and many listeners have one host alone.
        found = self._exact.get(host) if self._several else self.default
        if found is not None:
            return found
        name = host_without_port(host)
        found = self._exact.get(name)
        if found is not None:
            return found
        dots = [at for at, byte in enumerate(name) if byte == 0x2E] if self._leading or self._trailing else ()
        for at in dots:
            if name[at:] in self._leading:
                return self._leading[name[at:]]
        for at in reversed(dots):
            if name[: at + 1] in self._trailing:
                return self._trailing[name[: at + 1]]
        return self.default

    def locate(self, head: RequestHead) -> LocationResource:
        """Return the location that serves a request. Raises ClientFault for a path that leads nowhere."""
        return self.find(head.host).locate(head.target)
