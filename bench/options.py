"""What the command line of the comparison asks for."""

import argparse
from collections.abc import Sequence

from attrs import frozen

from bench.peers import OURS, PEERS, Peer
from bench.rows import ROWS

# The row that is about memory alone, and has a table of its own.
IDLE = "idle"
_EVERY_ROW = (*(row.name for row in ROWS), IDLE)


@frozen
class Options:
    """What is wanted: `rows` by their names, `peers` whether installed or not, how often and for how many seconds."""

    rows: Sequence[str]
    peers: Sequence[Peer]
    rounds: int
    seconds: int
    write: bool


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line. Raises SystemExit when there is something wrong with it."""
    parser = argparse.ArgumentParser(
        prog="tox -e bench --",
        description="Compare stickyproxy with other proxies, in one run on this machine.",
        epilog=f"Rows: {', '.join(_EVERY_ROW)}. Peers: {', '.join(peer.name for peer in PEERS)}.",
    )
    parser.add_argument(
        "--rows", type=_rows, metavar="ROW,...", default=_EVERY_ROW, help="what is measured (default: every row)"
    )
    parser.add_argument(
        "--peers",
        type=_peers,
        metavar="PEER,...",
        default=PEERS,
        help="the proxies beside stickyproxy; the beginning of a name is enough (default: all that are installed)",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="samples of each proxy in each row (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=int, default=4, help="how long a sample is taken (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one round of one second")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the result into docs/, as a run of everything does by itself unless it is quick",
    )
    read = parser.parse_args(arguments)
    if read.quick:
        return Options(read.rows, read.peers, 1, 1, read.write)
    everything = read.rows is _EVERY_ROW and read.peers is PEERS
    return Options(read.rows, read.peers, read.rounds, read.seconds, read.write or everything)


def _rows(text: str) -> Sequence[str]:
    """Read names of rows, for argparse. Raises ArgumentTypeError for one that there is not."""
    names = text.split(",")
    for name in names:
        if name not in _EVERY_ROW:
            raise argparse.ArgumentTypeError(f"{name!r} is no row; there are {', '.join(_EVERY_ROW)}")
    return names


def _peers(text: str) -> Sequence[Peer]:
    """Read how names of peers begin, for argparse. Raises ArgumentTypeError for a beginning that none has."""
    beginnings = text.lower().split(",")
    for beginning in beginnings:
        if not any(peer.name.lower().startswith(beginning) for peer in PEERS):
            raise argparse.ArgumentTypeError(
                f"{beginning!r} is no peer; there are {', '.join(peer.name for peer in PEERS)}"
            )
    return [peer for peer in PEERS if peer.name == OURS or peer.name.lower().startswith(tuple(beginnings))]
