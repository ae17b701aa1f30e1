"""The file with the keys of `hash=hmac`: one a line, the first signs and all verify."""

# As many bytes as SHA-256 gives: a shorter key is weaker than the hash (RFC 2104 section 3).
_SHORTEST = 32
_HOW = "such as openssl rand -hex 32 prints"


def read_keys(path: str) -> tuple[bytes, ...]:
    """Read the keys. White space around them, empty lines and lines that start with `#` do not count.

    Raises ValueError; each of its arguments is one fault, with file and line.
    """
    try:
        with open(path, "rb") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}; expected a file with keys, one a line") from None
    faults = []
    keys: dict[bytes, int] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith(b"#"):
            continue
        if len(line) < _SHORTEST:
            faults.append(f"{path}:{number}: a key of {len(line)} bytes; expected {_SHORTEST} or more, {_HOW}")
        elif (first := keys.setdefault(line, number)) != number:
            faults.append(f"{path}:{number}: the key of line {first}; expected each key once")
    if not keys and not faults:
        faults.append(f"{path}:1: no key; expected one a line, {_HOW}")
    if faults:
        raise ValueError(*faults)
    return tuple(keys)
