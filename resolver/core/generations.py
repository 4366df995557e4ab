"""A bounded map that forgets what was not used lately, without a pause however large it is.

Entries live in two generations. New and lately used ones are in the young one; when that is half of the bound, the
old one is retired, the young one becomes the old one, and a new young one begins. The retired one is dropped piece by
piece as entries come in, at least twice as fast as they come, so that the bound holds for all three together.
"""

from typing import Final, Generic, Protocol, TypeVar


class Weighed(Protocol):
    """Something that knows roughly how many octets of memory it takes; that never changes."""

    @property
    def octets(self) -> int:
        """Tell the octets of memory."""


Key = TypeVar("Key")
Value = TypeVar("Value", bound=Weighed)

DROPPED_AT_ONCE: Final = 4
"""Retired entries dropped for each that comes in."""


class Generations(Generic[Key, Value]):
    """A map from Key to Value, bounded in entries and in octets."""

    __slots__ = ("_entries", "_octets", "_old", "_old_octets", "_retired", "_young", "_young_octets")

    def __init__(self, entries: int, octets: int) -> None:
        """Hold at most this many entries and about this many octets (one entry more at most, for a moment)."""
        self._entries = max(1, entries // 2)
        self._octets = max(1, octets // 2)
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._retired: dict[Key, Value] = {}
        self._young_octets = 0
        self._old_octets = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old) + len(self._retired)

    @property
    def octets(self) -> int:
        """Octets of what can still be found."""
        return self._young_octets + self._old_octets

    @property
    def young(self) -> dict[Key, Value]:
        """The entries that came in or were used lately; another map as soon as something is put."""
        return self._young

    @property
    def both(self) -> tuple[dict[Key, Value], dict[Key, Value]]:
        """All entries that can be found, for as long as `young` is right."""
        return self._young, self._old

    def get(self, key: Key) -> Value | None:
        """Find a value; one of the old generation becomes young again."""
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, in place of an earlier one; one heavier than a generation is not kept."""
        self.discard(key)
        if value.octets > self._octets:
            return
        if len(self._young) >= self._entries or self._young_octets + value.octets > self._octets:
            self._retire()
        self._young[key] = value
        self._young_octets += value.octets
        self._drop_some(2 * value.octets)

    def discard(self, key: Key) -> None:
        """Forget a key, known or not."""
        if (value := self._young.pop(key, None)) is not None:
            self._young_octets -= value.octets
        elif (value := self._old.pop(key, None)) is not None:
            self._old_octets -= value.octets

    def _retire(self) -> None:
        self._retired = self._old
        self._old, self._old_octets = self._young, self._young_octets
        self._young, self._young_octets = {}, 0

    def _drop_some(self, octets: int) -> None:
        retired = self._retired
        count = 0
        while retired and (count < DROPPED_AT_ONCE or octets > 0):
            octets -= retired.popitem()[1].octets
            count += 1
