"""The calendar, against plain definitions: days have one beginning, periods end on the day that art. 641 names."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolver.orders.calendar import begin_of, end_of, last_day
from resolver.orders.model import Duration, Span, Timeline
from resolver.orders.period import subtract, union

ZONES = [
    "Europe/Paris",
    "Pacific/Noumea",
    "Indian/Reunion",
    "America/Cayenne",
    "America/Miquelon",
    "Pacific/Marquesas",
    "Pacific/Apia",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Atlantic/Azores",
    "UTC",
]
DAYS = st.dates(date(1950, 1, 1), date(2100, 1, 1))


@given(DAYS, st.sampled_from(ZONES))
@example(date(2011, 12, 30), "Pacific/Apia")  # a day that never was
@example(date(2018, 11, 4), "America/Sao_Paulo")  # midnight did not exist
@example(date(2026, 3, 29), "Asia/Beirut")  # the same
@example(date(2025, 11, 2), "America/Havana")  # midnight came twice
def test_a_day_begins_at_its_first_instant(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    begin = begin_of(day, zone)
    assert datetime.fromtimestamp(begin, zone).date() >= day
    assert datetime.fromtimestamp(begin - 1, zone).date() < day


@given(DAYS, st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    assert begin_of(day, zone) <= end_of(day, zone) == begin_of(day + timedelta(days=1), zone)
    assert end_of(day, zone) - begin_of(day, zone) <= 26 * 3600


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Paris", 23),
        (date(2026, 10, 25), "Europe/Paris", 25),
        (date(2026, 6, 1), "Pacific/Noumea", 24),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),
        (date(2011, 12, 30), "Pacific/Apia", 0),
    ],
)
def test_days_have_the_hours_that_they_have(day: date, zone: str, hours: int) -> None:
    assert end_of(day, ZoneInfo(zone)) - begin_of(day, ZoneInfo(zone)) == hours * 3600


@given(DAYS, st.integers(1, 240))
def test_months_end_on_the_same_day_or_on_the_months_last(start: date, months: int) -> None:
    end = last_day(start, Duration(months=months))
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@given(DAYS, st.integers(0, 24), st.integers(0, 400))
def test_months_are_counted_before_days(start: date, months: int, days: int) -> None:
    end = last_day(start, Duration(months=months, days=days))
    assert end - last_day(start, Duration(months=months)) == timedelta(days=days)


@given(DAYS, DAYS, st.integers(0, 24), st.integers(0, 60))
def test_who_begins_later_never_ends_earlier(one: date, other: date, months: int, days: int) -> None:
    duration = Duration(months=months, days=days)
    assert last_day(min(one, other), duration) <= last_day(max(one, other), duration)


SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 10) | st.none()).map(
        lambda pair: Span(pair[0], None if pair[1] is None else pair[0] + pair[1])
    ),
    max_size=6,
)


def holds(timeline: Timeline | list[Span], moment: float) -> bool:
    """Tell whether a moment lies in one of the spans."""
    return any(span.since <= moment and (span.until is None or moment < span.until) for span in timeline)


@given(SPANS, SPANS)
def test_timelines_are_sets_of_moments(ours: list[Span], away: list[Span]) -> None:
    spans = [span for span in ours if span.until is None or span.since < span.until]
    joined = union([(span,) for span in spans])
    assert all(earlier.until is not None and earlier.until < later.since for earlier, later in pairwise(joined))
    left = joined
    for span in away:
        left = subtract(left, span)
    for half in range(-1, 90):
        moment = half / 2
        assert holds(joined, moment) == holds(spans, moment)
        assert holds(left, moment) == (holds(spans, moment) and not holds(away, moment))
