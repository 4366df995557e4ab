"""Who reads the sockets of a place whose worker does not: a neighbour, until that worker or its successor does."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def choose_readers(places: int, reading: AbstractSet[int], chosen: Mapping[int, int]) -> dict[int, int]:
    """Give each of the places 0 to ``places - 1`` whose worker does not read a neighbour whose worker does.

    ``reading`` are the places whose own workers read. Whoever was chosen before stays; otherwise it is the next one
    around, so that neighbours of two dead workers seldom are the same. Nobody, if no worker reads.
    """
    if not reading:
        return {}
    return {
        place: kept if (kept := chosen.get(place)) in reading and kept is not None else _next(places, reading, place)
        for place in range(places)
        if place not in reading
    }


def _next(places: int, reading: AbstractSet[int], place: int) -> int:
    return next(candidate for step in range(1, places) if (candidate := (place + step) % places) in reading)
