"""The order clock is the real one, or starts at midnight in Paris on the day that is rehearsed."""

from datetime import UTC, date, datetime

import pytest

from resolver.ops.clock import OrderClock, order_clock


def test_without_a_rehearsal_it_is_the_real_clock() -> None:
    assert order_clock(None, 1_700_000_000.0) == OrderClock(0.0)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2014, 6, 1), datetime(2014, 5, 31, 22, tzinfo=UTC), id="summer"),
        pytest.param(date(2014, 1, 27), datetime(2014, 1, 26, 23, tzinfo=UTC), id="winter"),
    ],
)
def test_a_rehearsal_starts_at_midnight_in_paris(day: date, expected: datetime) -> None:
    started = 1_700_000_000.0
    assert started + order_clock(day, started).offset == expected.timestamp()


def test_it_runs_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = order_clock(date(2014, 6, 1), 1_700_000_000.0)
    monkeypatch.setattr("time.time", lambda: 1_700_000_090.0)
    assert clock.read() == datetime(2014, 5, 31, 22, 1, 30, tzinfo=UTC).timestamp()
