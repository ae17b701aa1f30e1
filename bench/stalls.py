"""Sends large bodies through the real proxy while the reader stops for a while, and prints what that costs it.

    python bench/stalls.py [--mib 1024] [--folder /var/tmp]

Each row is one body: the reader takes a quarter of it, stops until the sender gets no further, and takes the rest.
`taken` is what the sender got rid of meanwhile, the kernel's share included; `on disk` what of it lay in a temporary
file; `grown` the peak of the process above what it was before. Temporary files are in `--folder`, which should be on a
disk: a folder in memory would take as much of that. Parts are those of `tests/end_to_end/stalls.py`.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.defer import Deferred
from twisted.internet.task import react

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.end_to_end import fakes
from tests.end_to_end.house import House
from tests.end_to_end.stalls import Stall, download, upload

MIB = 1024 * 1024
# What the process may grow by.
ALLOWED = 8 * MIB

WAYS = {
    "download, streamed": (download, "proxy_buffering = off"),
    "download, buffered": (download, "proxy_buffering = on"),
    "upload, streamed": (upload, "proxy_request_buffering = off"),
    "upload, buffered": (upload, "proxy_request_buffering = on"),
}


async def measure(mib: int, parent: str) -> None:
    """Measure every way, with both framings."""
    print(f"{mib} MiB               framing         taken MiB  on disk MiB  grown KiB")
    for way, (send, lines) in WAYS.items():
        for chunked in (False, True):
            house = House()
            with TemporaryDirectory(dir=parent) as folder:
                paths = f"proxy_temp_path = {folder}\nclient_body_temp_path = {folder}\n"
                figures = await send(house, Path(folder), Stall(mib * MIB, mib * MIB // 4, chunked), paths + lines)
                await house.close()
            framing = "chunked" if chunked else "Content-Length"
            taken, disk = figures.taken / MIB, figures.on_disk / MIB
            note = "" if figures.grown < ALLOWED else "  too much"
            print(f"{way:20}{framing:16}{taken:9.1f}{disk:13.1f}{figures.grown // 1024:11}{note}", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--folder", default="/var/tmp")
    options = parser.parse_args()
    # A large body takes its time.
    fakes.PATIENCE = 600.0
    react(lambda reactor: Deferred.fromCoroutine(measure(options.mib, options.folder)))


if __name__ == "__main__":
    main()
