from collections.abc import Callable
from pathlib import Path

import pytest

from stickyproxy.config.secrets import read_keys

A = b"a" * 32
B = b"b" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (A, (A,)),
        (B + b"\n" + A + b"\n", (B, A)),
        (b"# the new one\r\n  " + B + b"\r\n\r\n# the old one\n" + A, (B, A)),
        (b"\x80" * 32 + b"\n", (b"\x80" * 32,)),
    ],
)
def test_keys(tmp_path: Path, text: bytes, expected: tuple[bytes, ...]) -> None:
    """Keys stand one a line, in their order; empty lines, comments and white space around them do not count."""
    path = tmp_path / "keys"
    path.write_bytes(text)
    assert expected == read_keys(str(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", [":1: no key; expected one a line, such as openssl rand -hex 32 prints"]),
        (b"# none\n\n", [":1: no key; expected one a line, such as openssl rand -hex 32 prints"]),
        (
            A + b"\nshort\n\n" + A[:31],
            [
                ":2: a key of 5 bytes; expected 32 or more, such as openssl rand -hex 32 prints",
                ":4: a key of 31 bytes; expected 32 or more, such as openssl rand -hex 32 prints",
            ],
        ),
        (A + b"\n" + B + b"\n " + A, [":3: the key of line 1; expected each key once"]),
    ],
)
def test_faults(tmp_path: Path, complaints: Callable[..., list[str]], text: bytes, expected: list[str]) -> None:
    """Each fault is told with file and line, and what was expected; a key itself never is."""
    path = tmp_path / "keys"
    path.write_bytes(text)
    assert [f"{path}{fault}" for fault in expected] == complaints(read_keys, str(path))


def test_file_that_cannot_be_read(tmp_path: Path, complaints: Callable[..., list[str]]) -> None:
    """A file that is not there, or is none, is told."""
    assert [f"{tmp_path} cannot be read: Is a directory; expected a file with keys, one a line"] == complaints(
        read_keys, str(tmp_path)
    )
