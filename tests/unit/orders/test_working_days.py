"""When a deadline is over: art. 641 and 642, hours that never move, clocks that change."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.orders.dates import parse_moment
from resolver.orders.duration import parse_duration
from resolver.orders.working_days import deadline, easter, is_holiday, next_working_day

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("start", "within", "zone", "over"),
    [
        pytest.param("2026-09-17", "15 days", PARIS, "2026-10-03T00:00", id="the day of service does not count") ,
        pytest.param("2026-09-18", "15 days", PARIS, "2026-10-06T00:00", id="a Saturday moves to Monday"),
        pytest.param("2026-09-19", "15 days", PARIS, "2026-10-06T00:00", id="a Sunday moves to Monday"),
        pytest.param("2026-10-29", "3 days", PARIS, "2026-11-03T00:00", id="All Saints on a Sunday"),
        pytest.param("2026-11-08", "3 days", PARIS, "2026-11-13T00:00", id="11 November"),
        pytest.param("2026-12-22", "3 days", PARIS, "2026-12-29T00:00", id="Christmas on a Friday, then the weekend"),
        pytest.param("2026-04-02", "4 days", PARIS, "2026-04-08T00:00", id="Easter Monday"),
        pytest.param("2026-03-31", "3 days", PARIS, "2026-04-04T00:00", id="Good Friday is a working day"),
        pytest.param("2026-05-11", "3 days", PARIS, "2026-05-16T00:00", id="Ascension Day"),
        pytest.param("2026-05-22", "3 days", PARIS, "2026-05-27T00:00", id="Whit Monday"),
        pytest.param("2027-01-31", "1 month", PARIS, "2027-03-02T00:00", id="the month's last day is a Sunday"),
        pytest.param("2028-01-31", "1 month", PARIS, "2028-03-01T00:00", id="29 February"),
        pytest.param("2026-08-31", "6 months", PARIS, "2027-03-02T00:00", id="no 31 February"),
        pytest.param("2026-10-02T10:12", "3 days", PARIS, "2026-10-06T00:00", id="days from an instant count whole"),
        pytest.param("2026-10-03T10:12", "24 hours", PARIS, "2026-10-04T10:12", id="hours run on a Sunday"),
        pytest.param("2026-12-24T18:00", "24 hours", PARIS, "2026-12-25T18:00", id="hours run on a holiday"),
        pytest.param("2026-10-24T10:12", "24 hours", PARIS, "2026-10-25T09:12", id="hours where the clock goes back"),
        pytest.param("2026-03-28T10:12", "24 hours", PARIS, "2026-03-29T11:12", id="hours where it goes forward"),
        pytest.param("2026-10-21", "4 days", PARIS, "2026-10-27T00:00", id="days across the change of the clock"),
        pytest.param("2026-10-02", "24 hours", PARIS, "2026-10-03T00:00", id="hours from a day without an hour"),
        pytest.param("2026-10-02T23:30+02:00", "1 day", "Pacific/Noumea", "2026-10-06T00:00", id="another day there"),
        pytest.param("2026-10-02T10:12", "24 hours", "Pacific/Noumea", "2026-10-03T10:12", id="hours there"),
    ],
)  # fmt: skip  # one case a line
def test_a_deadline_is_over(start: str, within: str, zone: str, over: str) -> None:
    there = ZoneInfo(zone)
    expected = datetime.fromisoformat(over).replace(tzinfo=there).timestamp()
    assert deadline(parse_moment(start), parse_duration(within), there) == expected


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        *((1900, 4, 15), (1954, 4, 18), (1981, 4, 19), (2008, 3, 23), (2011, 4, 24), (2024, 3, 31), (2025, 4, 20)),
        *((2026, 4, 5), (2027, 3, 28), (2028, 4, 16), (2038, 4, 25), (2049, 4, 18), (2076, 4, 19), (2199, 4, 14)),
    ],
)
def test_easter(year: int, month: int, day: int) -> None:
    assert easter(year) == date(year, month, day)


def test_a_year_has_eleven_holidays() -> None:
    year = [date.fromordinal(day) for day in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    assert [f"{day:%m-%d}" for day in year if is_holiday(day)] == [
        "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25",
    ]  # fmt: skip  # one year


@given(st.dates(date(1950, 1, 1), date(2190, 1, 1)))
def test_a_deadline_moves_to_the_first_working_day_and_no_further(day: date) -> None:
    moved = next_working_day(day)
    between = [date.fromordinal(number) for number in range(day.toordinal(), moved.toordinal())]
    assert moved.weekday() < 5
    assert not is_holiday(moved)
    assert all(each.weekday() >= 5 or is_holiday(each) for each in between)
    assert len(between) <= 4
