"""What holds at one location whatever is done there: who may enter, how large a body, which errors look how."""

from collections.abc import Callable, Sequence

from stickyproxy.config.addresses import read_host
from stickyproxy.config.settings import AccessRule, ErrorPage, Location
from stickyproxy.http.connection import Terms
from stickyproxy.proxy.limits import Limits
from stickyproxy.proxy.outcome import Outcome
from stickyproxy.proxy.real_ip import RealIp
from stickyproxy.proxy.recipes import ResponseRecipe

Observer = Callable[[Outcome], None]


class Scope:
    """A location's settings, compiled. `observers` are told of each request that ends here, `limits` admit each.

    `guarded`: there are rules that say who may enter.
    """

    def __init__(
        self,
        server_name: bytes,
        settings: Location,
        observers: Sequence[Observer] = (),
        limits: Limits | None = None,
    ) -> None:
        self.server_name = server_name
        self.settings = settings
        self.observers = tuple(observers)
        self.limits = limits
        self.recipe = ResponseRecipe(settings)
        self.terms = Terms(settings.proxy_send_timeout, settings.proxy_read_timeout, settings.proxy_buffer_size)
        self.real_ip = RealIp(settings.real_ip) if settings.real_ip else None
        self._access = settings.access
        self.guarded = bool(settings.access)
        self._error_pages: dict[int, ErrorPage] = {}
        for page in settings.error_pages:
            for code in page.codes:
                self._error_pages.setdefault(code, page)

    def admits(self, peer_host: bytes) -> bool:
        """Whether a client at that address may enter (`access`)."""
        return _admits(self._access, peer_host)

    def error_page(self, status: int) -> ErrorPage | None:
        """Return what `error_page` says for a status, or None."""
        return self._error_pages.get(status)


def _admits(rules: Sequence[AccessRule], peer_host: bytes) -> bool:
    """The first rule that matches decides; where none does, all may enter (ngx_http_access_module)."""
    address = read_host(peer_host)
    if address is None:
        matching = (rule.allow for rule in rules if rule.unix or rule.network is None)
    else:
        matching = (rule.allow for rule in rules if not rule.unix and (rule.network is None or address in rule.network))
    return next(matching, True)
