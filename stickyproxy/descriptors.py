"""How many files and sockets this process may open, and how many connections of clients that leaves room for."""

import resource


def raise_limit() -> int:
    """Allow this process as many descriptors as it may allow itself (RLIMIT_NOFILE), and return that number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections(descriptors: int) -> int:
    """Return how many clients fit: a quarter is left for connections to servers, logs and temporary files."""
    return descriptors * 3 // 4
