"""A kept order is never in force when its refused newer version, or its own last good one, would not be."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from resolver.core.policy import span_at
from resolver.ops.unblocking import overlap
from resolver.orders.model import Span, Timeline


def timeline(instants: list[int], *, endless: bool) -> Timeline:
    edges: list[float | None] = [*map(float, instants), *([None] if endless and len(instants) % 2 else [])]
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Span(since, until) for since, until in pairs if since is not None)


TIMELINES = st.builds(timeline, st.sets(st.integers(0, 20), max_size=8).map(sorted), endless=st.booleans())


@given(TIMELINES, TIMELINES)
def test_overlap_is_when_both_are_in_force(one: Timeline, other: Timeline) -> None:
    shared = overlap(one, other)
    for wall in (half / 2 for half in range(-1, 44)):
        assert bool(span_at(shared, wall)) == (bool(span_at(one, wall)) and bool(span_at(other, wall)))
    for before, after in itertools.pairwise(shared):
        assert before.until is not None
        assert before.until <= after.since
