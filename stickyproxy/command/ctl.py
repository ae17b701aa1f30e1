"""The other end of the control socket: a command of the operator's, and the running proxy's answer."""

import json
import shlex
import socket
from collections.abc import Sequence

from stickyproxy.control.answers import FAILED

# How many seconds the proxy may take to answer.
_PATIENCE = 10.0


def ask(path: str, words: Sequence[str], wants_json: bool) -> str:
    """Send a command to the socket at `path` and return the answer. Raises ValueError where nobody answers."""
    line = shlex.join([*words, *(["--json"] if wants_json else [])]) + "\n"
    try:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(_PATIENCE)
            control.connect(path)
            control.sendall(line.encode())
            answer = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        why = "" if answer else "it was closed"
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise ValueError(f"no answer at unix:{path}: {why}; expected a running proxy with that control socket")
    return answer


def failed(answer: str, wants_json: bool) -> bool:
    """Whether the answer tells of a failure."""
    # What is not understood at all is told as text.
    return answer.startswith(FAILED) or (wants_json and "error" in json.loads(answer))
