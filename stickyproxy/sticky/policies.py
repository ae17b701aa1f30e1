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
from stickyproxy.sticky.insert import Insert, SparingInsert
from stickyproxy.sticky.jvm_route import JvmRoutes
from stickyproxy.sticky.learn import SESSION_SIZE, Learn, LearnAtEnd, Sessions
from stickyproxy.sticky.prefix import Prefix
from stickyproxy.sticky.rewrite import Rewrite
from stickyproxy.sticky.routes import Routes, after_the_last_dot
from stickyproxy.sticky.sids import (
    Sids,
    apache_sid,
    before_the_bar,
    blinding,
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
# Makes of servers, whose addresses are resolved, a policy that finds them.
Maker = Callable[[Sequence[Server]], StickyPolicy]


def policy_maker(stickiness: Stickiness | None, accepted: Sequence[Stickiness], make_getter: Compile) -> Maker:
    """Return what makes the policy of an upstream, from its directives, for the servers that it has at a time.

    All that is made shares what the policy has learned, so that sessions stay where servers do.
    """
    if stickiness is None:
        return lambda servers: Unsticky()
    written, *others = [one for directive in (stickiness, *accepted) for one in _by_key(directive)]
    make_written = _maker(written, make_getter)
    if not others:
        return make_written
    read = [(_maker(other, make_getter), _cleared(other, written)) for other in others]
    return lambda servers: Accepting(make_written(servers), [Dialect(make(servers), cleared) for make, cleared in read])


def learned(policy: StickyPolicy) -> list[Sessions]:
    """Return the tables of what a policy learns."""
    policies = policy.policies if isinstance(policy, Accepting) else (policy,)
    return [each.sessions for each in policies if isinstance(each, Learn)]


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


def _maker(directive: Stickiness, make_getter: Compile) -> Maker:
    return _POLICIES[type(directive)](directive, make_getter)


# -- one a directive -------------------------------------------------------------------------------------------------


def _session_sticky(settings: SessionSticky, make_getter: Compile) -> Maker:
    stamps = SealedStamps(*settings.keys) if settings.keys else DecimalStamps()
    return lambda servers: _MODES[settings.mode](settings, _sids(settings, servers), stamps)


def _header(settings: HeaderSticky, make_getter: Compile) -> Maker:
    name = settings.header.decode().lower().replace("-", "_")
    getter = make_getter(Template((Variable(f"http_{name}"),)))
    return lambda servers: HeaderInsert(settings, _sids(settings, servers), getter)


def _jvm_route(settings: JvmRoute, make_getter: Compile) -> Maker:
    return lambda servers: JvmRoutes(settings, servers)


def _nginx_cookie(settings: NginxCookie, make_getter: Compile) -> Maker:
    return lambda servers: SteadyInsert(settings, Sids(servers, nginx_sid))


def _nginx_route(settings: NginxRoute, make_getter: Compile) -> Maker:
    getters = [(make_getter(key.value), key.suffix) for key in settings.keys]
    readers = [after_the_last_dot(getter) if suffix else getter for getter, suffix in getters]
    return lambda servers: Routes(readers, servers)


def _nginx_learn(settings: NginxLearn, make_getter: Compile) -> Maker:
    sessions = Sessions(settings.size // SESSION_SIZE, settings.timeout)
    kind = Learn if settings.header else LearnAtEnd
    learn = kind([*map(make_getter, settings.create)], [*map(make_getter, settings.lookup)], sessions)
    return lambda servers: learn


def _haproxy_cookie(settings: HaproxyCookie, make_getter: Compile) -> Maker:
    within = None if settings.mode == "prefix" else before_the_bar
    stamps = HaproxyStamps(settings.maxlife is not None)
    return lambda servers: _MODES[settings.mode](settings, Sids(servers, haproxy_sid, within), stamps)


def _apache_cookie(settings: ApacheCookie, make_getter: Compile) -> Maker:
    kind = Insert if settings.refusal is None else SparingInsert
    return lambda servers: kind(settings, Sids(servers, apache_sid, from_the_dot))


def _sids(settings: SessionSticky | HeaderSticky, servers: Sequence[Server]) -> Sids:
    if settings.keys:
        return Sids(servers, keyed_sid(*settings.keys), blind=blinding(*settings.keys))
    return Sids(servers, _HASHES[settings.hash])


def _insert(settings: CookieSettings, sids: Sids, stamps: Stamps) -> StickyPolicy:
    return DatedInsert(settings, sids, stamps) if settings.dated else Insert(settings, sids)


_POLICIES: Mapping[type, Callable[[Any, Compile], Maker]] = {
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
