"""The page that says what went wrong: short, with the status and nothing of our insides; JSON for who prefers it."""

import json
from http import HTTPStatus

_HTML = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%(status)d %(reason)b</title></head>
<body><h1>%(status)d %(reason)b</h1></body></html>
"""

_PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


def reason_phrase(status: int) -> bytes:
    """Return the phrase that goes with a status in the status line (RFC 9110 section 15)."""
    return _PHRASES.get(status, b"Status")


def error_page(status: int, accept: bytes) -> tuple[bytes, bytes]:
    """Return content type and body of an error answer for a client with that `Accept` (empty: anything)."""
    reason = reason_phrase(status)
    if prefers_json(accept):
        body = json.dumps({"status": status, "error": reason.decode("ascii")}).encode("ascii") + b"\n"
        return b"application/json", body
    return b"text/html; charset=utf-8", _HTML % {b"status": status, b"reason": reason}


def prefers_json(accept: bytes) -> bool:
    """Whether an `Accept` field names JSON, and weighs it no less than HTML (RFC 9110 section 12.5.1)."""
    weights: dict[bytes, float] = {}
    for item in accept.lower().split(b","):
        kind, *parameters = (part.strip() for part in item.split(b";"))
        weights[kind] = _weight(parameters)
    html = next((weights[kind] for kind in (b"text/html", b"text/*", b"*/*") if kind in weights), 0.0)
    return 0 < weights.get(b"application/json", 0.0) >= html


def _weight(parameters: list[bytes]) -> float:
    for parameter in parameters:
        if parameter.startswith(b"q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
