"""The command line of `stickyproxy` and `python -m stickyproxy`: what is understood, and who does it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from time import time

from stickyproxy import tap
from stickyproxy.command.ctl import ask, failed
from stickyproxy.command.explain import Question, explain
from stickyproxy.command.sid import sid
from stickyproxy.control.commands import NAMES
from stickyproxy.resolve import system_lookup

# Where etc/stickyproxy.service has its configuration.
_CONFIG = "/etc/stickyproxy/sticky.ini"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, or 1 for what failed; argparse itself exits with 2."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ValueError as error:
        tap.give_up(f"stickyproxy: {error}")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="stickyproxy",
        description="Steers a running proxy and explains a configuration. The proxy itself is run by twistd: "
        "twistd -n stickyproxy --config FILE",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    ctl = commands.add_parser("ctl", help="ask and change a running proxy: its servers, or its configuration")
    where = ctl.add_mutually_exclusive_group()
    where.add_argument("--socket", metavar="PATH", help="the control socket")
    naming = f"the configuration that names it, by control = unix:PATH; {_CONFIG} if left out"
    where.add_argument("--config", "-c", metavar="FILE", default=_CONFIG, help=naming)
    ctl.add_argument("--json", action="store_true", help="answer in JSON")
    ctl.add_argument("command", choices=NAMES, metavar="|".join(NAMES))
    ctl.add_argument("arguments", nargs="*", metavar="UPSTREAM SERVER [N]", help="a server: its id= or its address")
    ctl.set_defaults(run=_ctl)

    check = commands.add_parser("check", help="say all that is wrong with a configuration")
    check.add_argument("config", metavar="FILE")
    check.set_defaults(run=_check)

    cookie = commands.add_parser("sid", help="show the cookie that keeps a client on a server")
    cookie.add_argument("upstream", metavar="UPSTREAM")
    cookie.add_argument("server", metavar="SERVER", help="its id= or its address")
    cookie.add_argument("--config", "-c", metavar="FILE", default=_CONFIG, help=f"{_CONFIG} if left out")
    cookie.set_defaults(run=_sid)

    explaining = commands.add_parser("explain", help="say where a request would go, and why; nothing is sent")
    explaining.add_argument("config", metavar="FILE")
    explaining.add_argument("--url", metavar="U", required=True, help="http://HOST[:PORT]/PATH")
    explaining.add_argument("--cookie", metavar="C", help="the Cookie field of the request, NAME=VALUE; ...")
    explaining.add_argument("--header", metavar="H", action="append", default=[], help="a further field, NAME: VALUE")
    explaining.add_argument("--method", metavar="M", default="GET")
    explaining.add_argument("--client", metavar="ADDRESS", default="127.0.0.1", help="where the request comes from")
    explaining.set_defaults(run=_explain)
    return parser


def _ctl(options: Namespace) -> int:
    path = tap.read(options.config).control if options.socket is None else options.socket
    if path is None:
        raise ValueError(f"{options.config} names no control socket; expected control = unix:PATH in [main]")
    answer = ask(path, [options.command, *options.arguments], options.json)
    if failed(answer, options.json):
        tap.give_up(answer.rstrip("\n"))
    print(answer, end="")
    return 0


def _check(options: Namespace) -> int:
    tap.check(options.config)
    return 0


def _sid(options: Namespace) -> int:
    print(sid(tap.read(options.config), options.upstream, options.server, system_lookup, time()))
    return 0


def _explain(options: Namespace) -> int:
    cookies = [f"Cookie: {options.cookie}"] if options.cookie else []
    question = Question(options.url, options.method, [*options.header, *cookies], options.client)
    for line in explain(tap.read(options.config), question, system_lookup, time()):
        print(line)
    return 0
