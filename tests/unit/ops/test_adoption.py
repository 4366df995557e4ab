"""Every place is read by somebody as long as anybody reads."""

from itertools import combinations

import pytest

from resolver.ops.adoption import choose_readers


@pytest.mark.parametrize(
    ("places", "reading", "chosen", "readers"),
    [
        pytest.param(2, {0, 1}, {}, {}, id="all-read"),
        pytest.param(2, {0}, {}, {1: 0}, id="one-of-two-does-not"),
        pytest.param(2, {0, 1}, {1: 0}, {}, id="it-reads-again"),
        pytest.param(1, set(), {}, {}, id="no-neighbour"),
        pytest.param(3, set(), {1: 0}, {}, id="nobody-left"),
        pytest.param(4, {0, 2}, {}, {1: 2, 3: 0}, id="each-by-its-next-one"),
        pytest.param(4, {0, 1, 3}, {2: 0}, {2: 0}, id="who-was-chosen-stays"),
        pytest.param(4, {1, 3}, {2: 0}, {0: 1, 2: 3}, id="who-was-chosen-died"),
        pytest.param(4, {3}, {}, {0: 3, 1: 3, 2: 3}, id="one-for-all"),
    ],
)
def test_who_reads_for_whom(places: int, reading: set[int], chosen: dict[int, int], readers: dict[int, int]) -> None:
    assert choose_readers(places, reading, chosen) == readers


def test_whatever_dies_in_whatever_order_nothing_stays_unread() -> None:
    chosen: dict[int, int] = {}
    for count in range(1, 6):
        for reading in map(set, combinations(range(5), count)):
            chosen = choose_readers(5, reading, chosen)
            assert set(chosen) == set(range(5)) - reading
            assert set(chosen.values()) <= reading
