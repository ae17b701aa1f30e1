"""From settings to a policy: the table of the ways to stick. A new one is a new class and a line here."""

from collections.abc import Callable, Sequence

from stickyproxy.config.settings import JvmRoute, Server, SessionSticky
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.insert import Insert
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.sids import Sids, md5_sid, plain_sid
from stickyproxy.sticky.unsticky import Unsticky
from stickyproxy.sticky.words import StickyPolicy


def build_policy(stickiness: SessionSticky | JvmRoute | None, servers: Sequence[Server]) -> StickyPolicy:
    """Build the policy of an upstream from its directive and its servers, whose addresses are resolved."""
    if stickiness is None:
        return Unsticky()
    if isinstance(stickiness, JvmRoute):
        return JvmRoutes(stickiness, servers)
    return _MODES[stickiness.mode](stickiness, Sids(servers, _HASHES[stickiness.hash]))


def _insert(settings: SessionSticky, sids: Sids) -> StickyPolicy:
    dated = settings.maxidle is not None or settings.maxlife is not None
    return DatedInsert(settings, sids) if dated else Insert(settings, sids)


_MODES: dict[str, Callable[[SessionSticky, Sids], StickyPolicy]] = {
    "insert": _insert,
    "prefix": Prefix,
    "rewrite": Rewrite,
}
_HASHES: dict[str, Callable[[Server], bytes]] = {"md5": md5_sid, "plain": plain_sid}
