"""The leaves of the tree: Resources that each make one kind of exchange."""

from twisted.web.resource import Resource

from stickyproxy.config.settings import CLOSE, REDIRECTS, Return
from stickyproxy.http.channel import Channel
from stickyproxy.http.fields import line
from stickyproxy.http.reader import Message
from stickyproxy.proxy.exchange import Exchange, Router
from stickyproxy.proxy.forward import Forward
from stickyproxy.proxy.recipes import RequestRecipe
from stickyproxy.proxy.scope import Scope
from stickyproxy.proxy.upstream import Upstream
from stickyproxy.proxy.variables import compile_template


class LocationResource(Resource):
    """A leaf of the tree. `exchange` makes what answers one request there."""

    isLeaf = True

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def exchange(self, site: Router, channel: Channel, message: Message) -> Exchange:
        """Return the exchange of a request that has come to this location."""
        raise NotImplementedError


class ProxyResource(LocationResource):
    """`proxy_pass`: requests go to an `upstream`, which another one may follow."""

    upstream: Upstream

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._recipe = RequestRecipe(scope.settings)

    def exchange(self, site: Router, channel: Channel, message: Message) -> Exchange:
        return Forward(site, self.scope, channel, message, self.upstream, self._recipe)


class ReturnResource(LocationResource):
    """`return`: the proxy answers by itself."""

    def __init__(self, scope: Scope, directive: Return) -> None:
        super().__init__(scope)
        self.status = directive.status
        self.text = compile_template(directive.text) if directive.text else None

    def exchange(self, site: Router, channel: Channel, message: Message) -> Exchange:
        return _Answer(site, self.scope, channel, message, self)


class _Answer(Exchange):
    __slots__ = ("_resource",)

    def __init__(
        self, site: Router, scope: Scope, channel: Channel, message: Message, resource: ReturnResource
    ) -> None:
        super().__init__(site, scope, channel, message)
        self._resource = resource

    def serve(self) -> None:
        status, text = self._resource.status, self._resource.text
        if status == CLOSE:
            self.status = status
            self.channel.abort()
            self.conclude()
        elif status in REDIRECTS and text is not None:
            self.respond(status, [line(b"Location", text(self))], b"")
        elif text is not None:
            self.respond(status, [b"Content-Type: text/plain; charset=utf-8\r\n"], text(self))
        elif status >= 400:
            self.refuse(status)
        else:
            self.respond(status, [], b"")
