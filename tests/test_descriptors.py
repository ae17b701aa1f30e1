import resource

import pytest

from stickyproxy.descriptors import connections, raise_limit


def test_limit_is_raised() -> None:
    """The process may open as many files as it may allow itself, and is told how many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] - 1, before[1]))
    assert before[1] == raise_limit()
    assert (before[1], before[1]) == resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(("descriptors", "expected"), [(64, 48), (1024, 768), (20000, 15000)])
def test_connections(descriptors: int, expected: int) -> None:
    """A quarter is left for all else."""
    assert expected == connections(descriptors)
