"""What the directives of stickiness say, as frozen values: Tengine's, nginx's, HAProxy's and Apache's, and our own.

Times are seconds. `refusal` is the status that a session is answered with whose server is gone; None lets it move to
another server. `keys` are those of `hash=hmac`, the one that signs first.
"""

from math import inf
from typing import ClassVar

from attrs import field, frozen

from stickyproxy.config.templates import Template


@frozen
class CookieSettings:
    """A cookie that sessions are kept by, whoever's dialect it is in.

    `mode` is insert, prefix or rewrite. `maxage` is whole seconds; `attributes` are further cookie attributes, ready to
    be written (`Secure`, `SameSite=Lax`, ...), in the order in which they go out. `refresh` is the share of `maxidle`
    after which dates are renewed; None leaves that to the dialect.
    """

    # Answers of this status and above do not bind a client.
    binds_below: ClassVar[float] = inf

    cookie: bytes = b"route"
    mode: str = "insert"
    indirect: bool = False
    preserve: bool = False
    nocache: bool = False
    domain: bytes | None = None
    path: bytes | None = b"/"
    maxage: int | None = None
    maxidle: float | None = None
    maxlife: float | None = None
    refresh: float | None = None
    attributes: tuple[bytes, ...] = ()
    refusal: int | None = None

    @property
    def dated(self) -> bool:
        """Whether the cookie tells when the session was last and first seen."""
        return self.maxidle is not None or self.maxlife is not None

    @property
    def spelling(self) -> tuple[bytes, bytes]:
        """The attributes in front of the cookie's lifetime, and those behind it."""
        return _attribute(b"Domain", self.domain) + _attribute(b"Path", self.path), _listed(self.attributes)


@frozen
class SessionSticky(CookieSettings):
    """Tengine's `session_sticky`, and what it lacks. `hash` is md5, plain or hmac."""

    binds_below: ClassVar[float] = 400

    hash: str = "md5"
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@frozen
class HaproxyCookie(CookieSettings):
    """HAProxy's `cookie NAME insert|prefix|rewrite ...`."""

    @property
    def spelling(self) -> tuple[bytes, bytes]:
        """As HAProxy spells and orders them."""
        return _attribute(b"path", self.path) + _attribute(b"domain", self.domain), _listed(self.attributes)


@frozen
class NginxCookie(CookieSettings):
    """nginx's `sticky cookie NAME ...`. `forever` is `expires=max`."""

    forever: bool = False

    @property
    def spelling(self) -> tuple[bytes, bytes]:
        """As nginx spells and orders them."""
        attributes = _listed(self.attributes)
        return b"", _attribute(b"domain", self.domain) + attributes + _attribute(b"path", self.path)


@frozen
class ApacheCookie(CookieSettings):
    """Apache's `stickysession=NAME`, with the Header directive that its manual has beside it."""

    @property
    def spelling(self) -> tuple[bytes, bytes]:
        """As Apache's manual spells and orders them."""
        return _attribute(b"path", self.path) + _attribute(b"domain", self.domain), _listed(self.attributes)


@frozen
class HeaderSticky:
    """`session_sticky = header=NAME`: the sid in a header field, for clients that keep no cookies."""

    header: bytes
    hash: str = "md5"
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    nocache: bool = False
    refusal: int | None = None


@frozen
class JvmRoute:
    """`jvm_route = $cookie_NAME|URLNAME [reverse|forward] [fallback=on|off]`."""

    cookie: bytes
    url_name: bytes
    forward: bool = False
    refusal: int | None = None


@frozen
class RouteKey:
    """One argument of `sticky route`: `$name`, or with `suffix` `suffix($name)`, what stands behind the last dot."""

    value: Template
    suffix: bool = False


@frozen
class NginxRoute:
    """nginx's `sticky route $name...`: the first that is not empty and names a server's `route=` decides."""

    keys: tuple[RouteKey, ...]


@frozen
class NginxLearn:
    """nginx's `sticky learn create=$name lookup=$name zone=NAME:SIZE [timeout=TIME] [header]`.

    `size` is in bytes. `header`: a session is known as soon as the head of the answer is here, and not at its end.
    """

    create: tuple[Template, ...]
    lookup: tuple[Template, ...]
    size: int
    timeout: float = 600.0
    header: bool = False


Stickiness = (
    SessionSticky | HeaderSticky | JvmRoute | NginxCookie | NginxRoute | NginxLearn | HaproxyCookie | ApacheCookie
)


def _attribute(name: bytes, value: bytes | None) -> bytes:
    return b"" if value is None else b"; %b=%b" % (name, value)


def _listed(attributes: tuple[bytes, ...]) -> bytes:
    return b"".join(b"; " + attribute for attribute in attributes)
