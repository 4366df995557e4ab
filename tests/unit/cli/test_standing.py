"""Where a timeline stands, on both sides of each of its instants."""

import pytest

from resolver.cli.standing import State, standing_at
from resolver.orders.model import Span, Timeline

JUNE = 1_401_573_600.0
DAY = 86_400.0
ONCE = (Span(JUNE, JUNE + DAY),)
TWICE = (Span(JUNE, JUNE + DAY), Span(JUNE + 2 * DAY, JUNE + 3 * DAY))
OPEN = (Span(JUNE, None),)


@pytest.mark.parametrize(
    ("timeline", "wall", "state", "words"),
    [
        ((), JUNE, State.NEVER, "never in force"),
        (ONCE, JUNE - 1, State.NOT_YET, "not yet in force; begins 2014-06-01 00:00 CEST"),
        (ONCE, JUNE, State.IN_FORCE, "in force since 2014-06-01 00:00 CEST, until 2014-06-02 00:00 CEST"),
        (ONCE, JUNE + DAY - 1, State.IN_FORCE, "in force since 2014-06-01 00:00 CEST, until 2014-06-02 00:00 CEST"),
        (ONCE, JUNE + DAY, State.OVER, "over since 2014-06-02 00:00 CEST"),
        (TWICE, JUNE + DAY, State.INTERRUPTED, "interrupted since 2014-06-02 00:00 CEST, until 2014-06-03 00:00 CEST"),
        (TWICE, JUNE + 2 * DAY, State.IN_FORCE, "in force since 2014-06-03 00:00 CEST, until 2014-06-04 00:00 CEST"),
        (TWICE, JUNE + 3 * DAY, State.OVER, "over since 2014-06-04 00:00 CEST"),
        (OPEN, JUNE - 1, State.NOT_YET, "not yet in force; begins 2014-06-01 00:00 CEST"),
        (OPEN, JUNE + 9_999 * DAY, State.IN_FORCE, "in force since 2014-06-01 00:00 CEST, without an end"),
    ],
)
def test_standing(timeline: Timeline, wall: float, state: State, words: str) -> None:
    standing = standing_at(timeline, wall)

    assert standing.state is state
    assert standing.words() == words


@pytest.mark.parametrize(
    ("timeline", "unsuspended", "wall", "words"),
    [
        (ONCE, OPEN, JUNE + DAY, "suspended since 2014-06-02 00:00 CEST, without an end"),
        (TWICE, OPEN, JUNE + DAY, "suspended since 2014-06-02 00:00 CEST, until 2014-06-03 00:00 CEST"),
        (TWICE, OPEN, JUNE, "in force since 2014-06-01 00:00 CEST, until 2014-06-02 00:00 CEST"),
        ((), OPEN, JUNE + DAY, "suspended since 2014-06-01 00:00 CEST, without an end"),
        (ONCE, TWICE, JUNE + DAY, "over since 2014-06-02 00:00 CEST"),
        (ONCE, TWICE, JUNE + 2 * DAY, "suspended since 2014-06-03 00:00 CEST, without an end"),
        (ONCE, TWICE, JUNE + 3 * DAY, "over since 2014-06-02 00:00 CEST"),
        (ONCE, OPEN, JUNE - 1, "not yet in force; begins 2014-06-01 00:00 CEST"),
    ],
    ids=["no end", "an end", "before", "from the first", "removed", "removed and suspended", "over", "not yet"],
)
def test_what_only_a_suspension_keeps_from_being_in_force(
    timeline: Timeline, unsuspended: Timeline, wall: float, words: str
) -> None:
    assert standing_at(timeline, wall, unsuspended).words() == words
