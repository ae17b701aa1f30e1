"""From settings to a policy: the table of the ways to stick. A new one is a new class and a line here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve

from stickyproxy.config.dialects import (
    ApacheCookie,
    CookieSettings,
    HaproxyCookie,
    HeaderSticky,
    JvmRoute,
    NginxCookie,
    NginxLearn,
    NginxRoute,
    SessionSticky,
    Stickiness,
)
from stickyproxy.config.settings import Server
from stickyproxy.config.templates import Template, Variable
from stickyproxy.sticky.accepting import Accepting, Dialect
from stickyproxy.sticky.dated_insert import DatedInsert
from stickyproxy.sticky.header_insert import HeaderInsert
from stickyproxy.sticky.insert import Insert
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.learn import SESSION_SIZE, Learn, Sessions
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.routes import Routes, after_the_last_dot
from stickyproxy.sticky.sids import (
    Sids,
    apache_sid,
    before_the_bar,
    from_the_dot,
    haproxy_sid,
    keyed_sid,
    md5_sid,
    nginx_sid,
    plain_sid,
)
from stickyproxy.sticky.stamps import DecimalStamps, HaproxyStamps, SealedStamps, Stamps
from stickyproxy.sticky.steady_insert import SteadyInsert
from stickyproxy.sticky.sticky_cookie import StickyCookie
from stickyproxy.sticky.unsticky import Unsticky
from stickyproxy.sticky.words import Getter, StickyPolicy

# Makes of a value with variables what reads it from a request.
Compile = Callable[[Template], Getter]


def build_policy(
    stickiness: Stickiness | None, accepted: Sequence[Stickiness], servers: Sequence[Server], make_getter: Compile
) -> StickyPolicy:
    """Build the policy of an upstream from its directives and its servers, whose addresses are resolved."""
    if stickiness is None:
        return Unsticky()
    written, *others = [one for directive in (stickiness, *accepted) for one in _by_key(directive)]
    policy = _build(written, servers, make_getter)
    if not others:
        return policy
    return Accepting(
        policy, [Dialect(_build(other, servers, make_getter), _cleared(other, written)) for other in others]
    )


def _by_key(directive: Stickiness) -> Sequence[Stickiness]:
    """The directive once for each of its keys: a cookie that an older key has signed is read as another dialect."""
    if isinstance(directive, SessionSticky | HeaderSticky) and directive.keys:
        return [evolve(directive, keys=(key,)) for key in directive.keys]
    return [directive]


def _cleared(other: Stickiness, written: Stickiness) -> Sequence[bytes]:
    """What ends the cookie of another dialect; nothing where the written one, or the application, lives in it."""
    if not isinstance(other, CookieSettings) or other.mode == "prefix":
        return ()
    if isinstance(written, CookieSettings) and written.cookie == other.cookie:
        return ()
    return StickyCookie(other).cleared.set_cookies


def _build(directive: Stickiness, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    return _POLICIES[type(directive)](directive, servers, make_getter)


# -- one a directive -------------------------------------------------------------------------------------------------


def _session_sticky(settings: SessionSticky, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    stamps = SealedStamps(*settings.keys) if settings.keys else DecimalStamps()
    return _MODES[settings.mode](settings, Sids(servers, _hash(settings)), stamps)


def _header(settings: HeaderSticky, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    name = settings.header.decode().lower().replace("-", "_")
    return HeaderInsert(settings, Sids(servers, _hash(settings)), make_getter(Template((Variable(f"http_{name}"),))))


def _jvm_route(settings: JvmRoute, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    return JvmRoutes(settings, servers)


def _nginx_cookie(settings: NginxCookie, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    return SteadyInsert(settings, Sids(servers, nginx_sid))


def _nginx_route(settings: NginxRoute, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    getters = [(make_getter(key.value), key.suffix) for key in settings.keys]
    return Routes([after_the_last_dot(getter) if suffix else getter for getter, suffix in getters], servers)


def _nginx_learn(settings: NginxLearn, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    sessions = Sessions(settings.size // SESSION_SIZE, settings.timeout)
    return Learn([*map(make_getter, settings.create)], [*map(make_getter, settings.lookup)], sessions)


def _haproxy_cookie(settings: HaproxyCookie, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    within = None if settings.mode == "prefix" else before_the_bar
    stamps = HaproxyStamps(settings.maxlife is not None)
    return _MODES[settings.mode](settings, Sids(servers, haproxy_sid, within), stamps)


def _apache_cookie(settings: ApacheCookie, servers: Sequence[Server], make_getter: Compile) -> StickyPolicy:
    return Insert(settings, Sids(servers, apache_sid, from_the_dot))


def _hash(settings: SessionSticky | HeaderSticky) -> Callable[[Server], bytes]:
    return keyed_sid(*settings.keys) if settings.keys else _HASHES[settings.hash]


def _insert(settings: CookieSettings, sids: Sids, stamps: Stamps) -> StickyPolicy:
    return DatedInsert(settings, sids, stamps) if settings.dated else Insert(settings, sids)


_POLICIES: Mapping[type, Callable[[Any, Sequence[Server], Compile], StickyPolicy]] = {
    SessionSticky: _session_sticky,
    HeaderSticky: _header,
    JvmRoute: _jvm_route,
    NginxCookie: _nginx_cookie,
    NginxRoute: _nginx_route,
    NginxLearn: _nginx_learn,
    HaproxyCookie: _haproxy_cookie,
    ApacheCookie: _apache_cookie,
}
_MODES: Mapping[str, Callable[[CookieSettings, Sids, Stamps], StickyPolicy]] = {
    "insert": _insert,
    "prefix": lambda settings, sids, stamps: Prefix(settings, sids),
    "rewrite": lambda settings, sids, stamps: Rewrite(settings, sids),
}
_HASHES: Mapping[str, Callable[[Server], bytes]] = {"md5": md5_sid, "plain": plain_sid}
