from attrs import define

from stickyproxy.http.pool import Pool


@define(eq=False)
class Connection:
    key: str
    closed: bool = False

    def close(self) -> None:
        self.closed = True


def filled(size: int, *keys: str) -> tuple[Pool[Connection], list[Connection]]:
    pool: Pool[Connection] = Pool(size)
    connections = [Connection(key) for key in keys]
    for connection in connections:
        pool.put(connection)
    return pool, connections


def test_take() -> None:
    """What is taken leads to the key asked for, and is no longer there."""
    pool, (a, b) = filled(2, "a", "b")
    assert (b, None, 1) == (pool.take("b"), pool.take("b"), len(pool))
    assert (a, None, 0) == (pool.take("a"), pool.take("c"), len(pool))


def test_the_last_used_is_taken_first() -> None:
    """Of two with one key the one that was used last comes first."""
    pool, (first, second) = filled(2, "a", "a")
    assert [second, first] == [pool.take("a"), pool.take("a")]


def test_the_oldest_makes_room() -> None:
    """One too many closes the one that was idle longest, whatever its key."""
    pool, (old, young, new) = filled(2, "a", "b", "a")
    assert [True, False, False] == [old.closed, young.closed, new.closed]
    assert [new, None, young] == [pool.take("a"), pool.take("a"), pool.take("b")]


def test_no_room_at_all() -> None:
    """A pool of size 0 keeps nothing."""
    pool, (connection,) = filled(0, "a")
    assert (True, 0, None) == (connection.closed, len(pool), pool.take("a"))


def test_discard() -> None:
    """A connection that is gone is forgotten; one that is not there is no matter."""
    pool, (gone, kept) = filled(3, "a", "a")
    pool.discard(gone)
    pool.discard(gone)
    assert [kept, None] == [pool.take("a"), pool.take("a")]
    assert not gone.closed


def test_clear() -> None:
    """Clearing closes all."""
    pool, connections = filled(3, "a", "b", "a")
    pool.clear()
    assert ([True] * 3, 0) == ([connection.closed for connection in connections], len(pool))


def test_clear_some() -> None:
    """Clearing by key closes just those."""
    pool, (a, b, c) = filled(3, "a", "b", "a")
    pool.clear(lambda key: key == "a")
    assert [True, False, True] == [a.closed, b.closed, c.closed]
    assert [None, b] == [pool.take("a"), pool.take("b")]
