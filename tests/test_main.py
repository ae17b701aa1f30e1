"""`python -m stickyproxy`, as an operator runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "etc" / "sticky.ini"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", str(EXAMPLE)], (0, f"{EXAMPLE}: ok: 1 server, 1 location, 1 upstream\n", "")),
        (["sid", "app", "b", "--config", str(EXAMPLE)], (0, "route=b\n", "")),
        (
            ["sid", "app", "d", "--config", str(EXAMPLE)],
            (1, "", 'stickyproxy: no server "d" in the upstream; expected a, b or c\n'),
        ),
    ],
)
def test_exit_status(words: list[str], expected: tuple[int, str, str], tmp_path: Path) -> None:
    """What was asked goes to standard output with status 0, what is wrong to standard error with 1."""
    command = [sys.executable, "-m", "stickyproxy", *words]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert expected == (done.returncode, done.stdout, done.stderr)
