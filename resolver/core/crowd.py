"""How many wait at the same time, by whom they belong to: each may have so many places and no more.

So one client, or one domain, cannot take the places of all. What has nobody waiting takes no memory.
"""

from typing import Generic, TypeVar

Key = TypeVar("Key")


class Crowd(Generic[Key]):
    """Counts of those who wait, by key; ``most`` is the bound on each."""

    __slots__ = ("_waiting", "most")

    def __init__(self, most: int) -> None:
        self._waiting: dict[Key, int] = {}
        self.most = most

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def counts(self) -> dict[Key, int]:
        """How many wait, by key; only to look at."""
        return self._waiting

    def enter(self, key: Key) -> bool:
        """Take a place; False if all that this key may have are taken."""
        waiting = self._waiting.get(key, 0)
        if waiting >= self.most:
            return False
        self._waiting[key] = waiting + 1
        return True

    def leave(self, key: Key) -> None:
        """Give a place back that was taken."""
        waiting = self._waiting[key]
        if waiting == 1:
            del self._waiting[key]
        else:
            self._waiting[key] = waiting - 1
