"""Sends spoilt requests through the proxy in memory for as long as it may, and stops at the first that breaks a rule.

    python bench/fuzz.py [--seconds 60] [--seed 0]
    python bench/fuzz.py --atheris [libFuzzer's options and files]

Mutations and rules are those of `tests/corpus/mutation.py`. With `--atheris` (which must be installed) they are led
by what they reach in the proxy, and a file with what fails is left, which is tried again when it is named; without it
they are drawn at random, and the seed of what fails is told, for `--seed`.
"""

import argparse
import importlib
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))


def attempt(name: str, choose: Callable[[int], int]) -> None:
    """Check one stream of requests; show it if it fails."""
    from tests.corpus.mutation import check, cut, mutated

    segments = cut(mutated(choose), choose)
    try:
        check(segments)
    except BaseException:
        print(f"{name}: {segments!r}", file=sys.stderr)
        raise


def fuzz(seconds: float, seed: int) -> None:
    """Try seed after seed."""
    first, end = seed, time.monotonic() + seconds
    while time.monotonic() < end:
        attempt(f"seed {seed}", random.Random(seed).randrange)
        seed += 1
    print(f"{seed - first} streams of requests, all read in one way")


def fuzz_with_atheris(options: list[str]) -> None:
    """Leave the choice to libFuzzer."""
    import atheris

    # Only what is imported here, for the first time, tells libFuzzer where it has been.
    with atheris.instrument_imports(include=["stickyproxy"]):
        importlib.import_module("tests.corpus.mutation")

    def attempt_one(data: bytes) -> None:
        source = atheris.FuzzedDataProvider(data)
        attempt("found", lambda number: int(source.ConsumeIntInRange(0, number - 1)))

    atheris.Setup([sys.argv[0], *options], attempt_one)
    atheris.Fuzz()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true")
    options, rest = parser.parse_known_args()
    if options.atheris:
        fuzz_with_atheris(rest)
    else:
        fuzz(options.seconds, options.seed)


if __name__ == "__main__":
    main()
