"""Which place of the counter pages belongs to which order and to which upstream, while the supervisor lives."""

from collections.abc import Iterable, Mapping
from typing import Final

from resolver.core.counters import ORDERS, SLOTS, UPSTREAMS
from resolver.ops.config_values import Upstream

PLACES_EACH: Final = 2
"""Blocked by name, and blocked through an alias."""


class OrderPlaces:
    """Hands out two places to each ``order/action``; who has one keeps it, also while its order is away."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def allot(self, keys: Iterable[str]) -> Mapping[str, int]:
        """Give each key its place; a key that finds no room gets none, and is not counted."""
        for key in keys:
            place = ORDERS + PLACES_EACH * len(self._places)
            if key not in self._places and place + PLACES_EACH <= SLOTS:
                self._places[key] = place
        return dict(self._places)


class UpstreamPlaces:
    """Numbers upstreams by their labels; who has a number keeps it until all are taken and somebody new needs one."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def allot(self, upstreams: Iterable[Upstream]) -> Mapping[str, int]:
        """Number these upstreams (at most UPSTREAMS of them); one that is no longer asked gives its number up last."""
        wanted = tuple(dict.fromkeys(map(str, upstreams)))
        for upstream in wanted:
            if upstream not in self._numbers:
                self._numbers[upstream] = self._free_number(wanted)
        return {upstream: self._numbers[upstream] for upstream in wanted}

    def labels(self) -> tuple[str, ...]:
        """Write the name of each number; those nobody has are left out, for numbers are given from 0 upwards."""
        named = {number: label for label, number in self._numbers.items()}
        return tuple(named[number] for number in range(len(named)))

    def _free_number(self, wanted: tuple[str, ...]) -> int:
        if len(self._numbers) < UPSTREAMS:
            return len(self._numbers)
        gone = next(upstream for upstream in self._numbers if upstream not in wanted)
        return self._numbers.pop(gone)
