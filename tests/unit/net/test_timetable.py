"""Each item comes up at its stages, in order, until it is over."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from resolver.net.timetable import Timetable


@dataclass(eq=False)
class Thing:
    """Something timed."""

    started: float
    open: bool = True


def test_stages_come_at_their_delays() -> None:
    table: Timetable[Thing] = Timetable((1.0, 3.0))
    first, second = Thing(10.0), Thing(10.5)
    table.enter(first)
    table.enter(second)
    assert list(table.due(10.9)) == []
    assert list(table.due(11.0)) == [(0, first)]
    assert list(table.due(13.2)) == [(0, second), (1, first)]
    assert table
    assert list(table.due(13.5)) == [(1, second)]
    assert not table


def test_what_is_over_comes_up_no_more() -> None:
    table: Timetable[Thing] = Timetable((1.0, 3.0))
    thing = Thing(0.0)
    table.enter(thing)
    thing.open = False
    assert list(table.due(0.0)) == []
    assert not table


def test_an_item_that_missed_stages_passes_through_all_of_them() -> None:
    table: Timetable[Thing] = Timetable((1.0, 2.0, 3.0))
    thing = Thing(0.0)
    table.enter(thing)
    assert list(table.due(100.0)) == [(0, thing), (1, thing), (2, thing)]


@given(st.lists(st.floats(0, 10), min_size=1).map(sorted), st.lists(st.floats(0, 20), min_size=1).map(sorted))
def test_every_stage_comes_once_and_never_early(starts: list[float], looks: list[float]) -> None:
    delays = (0.5, 2.0)
    table: Timetable[Thing] = Timetable(delays)
    things = [Thing(start) for start in starts]
    waiting = list(things)
    seen: list[tuple[int, Thing]] = []
    for now in [*looks, 100.0]:
        while waiting and waiting[0].started <= now:
            table.enter(waiting.pop(0))
        for stage, thing in table.due(now):
            assert thing.started + delays[stage] <= now
            seen.append((stage, thing))
    assert len(seen) == len(set(seen)) == len(delays) * len(things)
