"""A bounded map: what it forgets, and that it does so piece by piece."""

from typing import NamedTuple

from resolver.core.generations import DROPPED_AT_ONCE, Generations


class Stone(NamedTuple):
    octets: int


PEBBLE = Stone(1)


def filled(entries: int, octets: int, *keys: int) -> Generations[int, Stone]:
    found: Generations[int, Stone] = Generations(entries, octets)
    for key in keys:
        found.put(key, PEBBLE)
    return found


def test_what_was_put_is_found_and_what_was_discarded_is_not() -> None:
    kept = filled(10, 100, 1, 2)
    kept.discard(1)
    kept.discard(7)
    assert (kept.get(1), kept.get(2), kept.get(3)) == (None, PEBBLE, None)
    assert (len(kept), kept.octets) == (1, 1)


def test_the_last_value_of_a_key_counts() -> None:
    kept = filled(10, 100, 1)
    kept.put(1, Stone(5))
    assert (kept.get(1), len(kept), kept.octets) == (Stone(5), 1, 5)


def test_what_is_used_outlives_what_is_not() -> None:
    kept = filled(10, 1_000, *range(5))
    for key in range(100, 200):
        assert kept.get(0) == PEBBLE
        kept.put(key, PEBBLE)
    assert [kept.get(key) for key in range(1, 5)] == [None] * 4


def test_what_was_put_last_is_there() -> None:
    kept = filled(10, 1_000, *range(1_000))
    assert all(kept.get(key) for key in range(995, 1_000))


def test_too_heavy_a_value_is_not_kept_and_costs_nobody_a_place() -> None:
    kept = filled(10, 100, 1, 2, 3)
    kept.put(4, Stone(51))
    kept.put(3, Stone(51))
    assert [kept.get(key) for key in (1, 2, 3, 4)] == [PEBBLE, PEBBLE, None, None]


def test_no_put_drops_many_entries() -> None:
    kept = filled(10_000, 10**9, *range(10_000))
    before = len(kept)
    for key in range(10_000, 30_000):
        kept.put(key, PEBBLE)
        assert before - len(kept) <= DROPPED_AT_ONCE
        before = len(kept)


def test_both_bounds_hold_when_light_values_make_place_for_heavy_ones() -> None:
    kept: Generations[int, Stone] = Generations(1_000, 10_000)
    for key in range(2_000):
        kept.put(key, PEBBLE)
    for key in range(2_000, 2_100):
        kept.put(key, Stone(900))
        held = kept.octets + sum(stone.octets for stone in kept._retired.values())
        assert held <= 10_000 + 900
        assert len(kept) <= 1_001
