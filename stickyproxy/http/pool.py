"""Idle connections to servers, kept for the next request; never servers."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Poolable(Protocol):
    """A connection that can be kept: `key` names where it leads."""

    key: Hashable

    def close(self) -> None:
        """End the connection: it is not kept any longer."""


C = TypeVar("C", bound=Poolable)


class Pool(Generic[C]):
    """At most `size` idle connections over all keys (nginx's `keepalive`); the one idle longest makes room.

    Of the connections with one key the one used last is taken first: the server has had the least time to close it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        # Both in the order in which the connections became idle.
        self._by_age: dict[C, None] = {}
        self._by_key: dict[Hashable, dict[C, None]] = {}

    def __len__(self) -> int:
        return len(self._by_age)

    def take(self, key: Hashable) -> C | None:
        """Take out a connection that leads to `key`, or None."""
        idle = self._by_key.get(key)
        if not idle:
            return None
        connection, _ = idle.popitem()
        del self._by_age[connection]
        return connection

    def put(self, connection: C) -> None:
        """Keep an idle connection; closes the oldest one when there are too many."""
        self._by_age[connection] = None
        self._by_key.setdefault(connection.key, {})[connection] = None
        if len(self._by_age) > self._size:
            oldest = next(iter(self._by_age))
            self.discard(oldest)
            oldest.close()

    def discard(self, connection: C) -> None:
        """Forget a connection, whether it is here or not."""
        if connection in self._by_age:
            del self._by_age[connection]
            idle = self._by_key[connection.key]
            del idle[connection]
            if not idle:
                del self._by_key[connection.key]

    def clear(self, chosen: Callable[[Hashable], bool] = lambda key: True) -> None:
        """Close every connection, or those whose keys are `chosen`."""
        for connection in list(self._by_age):
            if chosen(connection.key):
                self.discard(connection)
                connection.close()
