"""The arguments of `balance`."""

from collections.abc import Sequence

from stickyproxy.config.settings import Balance
from stickyproxy.config.suggest import suggest
from stickyproxy.config.templates import Variable, parse_template
from stickyproxy.config.values import listed, shown

# The methods and how each is written.
METHODS = {
    "round_robin": "round_robin",
    "least_conn": "least_conn",
    "least_time": "least_time [header]",
    "fair": "fair",
    "random": "random [two [least_conn]]",
    "ip_hash": "ip_hash",
    "url_hash": "url_hash",
    "hash": "hash KEY [consistent]",
}
# Those that weigh the servers anew for each choice, as `slow_start` asks of them; with the others each has its place.
GRADUAL = ("round_robin", "least_conn", "least_time", "fair")
# The largest weight for `hash KEY consistent`, which keeps 160 points for each unit.
MOST_CONSISTENT = 1000

# All that can be written without a KEY.
_KEYLESS = {
    "round_robin": Balance("round_robin"),
    "least_conn": Balance("least_conn"),
    "least_time": Balance("least_time"),
    "least_time header": Balance("least_time"),
    "fair": Balance("fair"),
    "random": Balance("random"),
    "random two": Balance("random two"),
    "random two least_conn": Balance("random two"),
    "ip_hash": Balance("ip_hash"),
    "url_hash": Balance("hash", parse_template("$request_uri")),
}


def parse_balance(words: Sequence[str]) -> Balance:
    """Read `METHOD [ARGUMENT...]`; each argument of the ValueError is one fault."""
    written = " ".join(words)
    if written in _KEYLESS:
        return _KEYLESS[written]
    method = words[0]
    if method not in METHODS:
        known = list(METHODS)
        raise ValueError(f"{shown(method)} is no method; expected {listed(known)}{suggest(method, known)}")
    if method != "hash" or len(words) == 1 or words[2:] not in ([], ["consistent"]):
        raise ValueError(f"{shown(written)} is wrong; expected {METHODS[method]}")
    key = parse_template(words[1])
    if not any(isinstance(part, Variable) for part in key.parts):
        raise ValueError(f"{shown(words[1])} is the same for all; expected a KEY with a variable, such as $request_uri")
    return Balance("hash consistent" if words[2:] else "hash", key)
