"""One upstream at work: its policy, its servers, and the connections to them."""

from attrs import frozen

from stickyproxy.balance.group import Group
from stickyproxy.http.agent import Agent
from stickyproxy.http.tls_client import SecureAgent
from stickyproxy.sticky.words import StickyPolicy


@frozen
class Upstream:
    """What a proxied request needs to know of where it goes."""

    name: bytes
    policy: StickyPolicy
    group: Group
    agent: Agent | SecureAgent
