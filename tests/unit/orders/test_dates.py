"""Days and instants as order files write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from resolver.orders.dates import day_of, parse_day, parse_moment

TWO_HOURS_EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2014-01-27", date(2014, 1, 27)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2026-10-02T10:12", datetime(2026, 10, 2, 10, 12)),  # noqa: DTZ001  # local to the addressee
        ("2026-10-02 10:12:13", datetime(2026, 10, 2, 10, 12, 13)),  # noqa: DTZ001  # local to the addressee
        ("2026-10-02T10:12Z", datetime(2026, 10, 2, 10, 12, tzinfo=UTC)),
        ("2026-10-02T10:12+02:00", datetime(2026, 10, 2, 10, 12, tzinfo=TWO_HOURS_EAST)),
    ],
)
def test_moments(text: str, moment: date | datetime) -> None:
    read = parse_moment(text)
    assert read == moment
    assert type(read) is type(moment)
    assert day_of(read).isoformat() == text[:10]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("28/11/2013", "write 2013-11-28 if this is day, month, year"),
        ("28.11.2013", "write 2013-11-28"),
        ("31/02/2013", "write year-month-day, like 2013-11-28"),
        ("2013-02-29", "is on no calendar"),
        ("2013-13-01", "is on no calendar"),
        ("20131128", "is neither a date nor a time"),
        ("1385596800", "write year-month-day"),
        ("2013-11-28T25:00", "is on no calendar or clock"),
        ("2013-11-28T10", "is neither a date nor a time"),
        ("9999-12-31", "is not from 1900 to 2199"),
        ("0001-01-01T00:00Z", "is not from 1900 to 2199"),
        ("demain", "write year-month-day"),
        ("", "write year-month-day"),
    ],
)
def test_what_is_no_moment(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_moment(text)


def test_a_day_is_not_an_instant() -> None:
    with pytest.raises(ValueError, match="is no date"):
        parse_day("2013-11-28T10:00")
