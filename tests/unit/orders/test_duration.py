"""Durations in words and in ISO 8601."""

import pytest

from resolver.orders.duration import parse_duration, present_duration
from resolver.orders.model import Duration


@pytest.mark.parametrize(
    ("text", "duration", "words"),
    [
        ("12 months", Duration(months=12), "12 months"),
        ("1 Month", Duration(months=1), "1 month"),
        ("2 years", Duration(months=24), "24 months"),
        ("1 month and 15 days", Duration(months=1, days=15), "1 month and 15 days"),
        ("15 days", Duration(days=15), "15 days"),
        ("2 weeks", Duration(days=14), "14 days"),
        ("24 hours", Duration(hours=24), "24 hours"),
        ("P12M", Duration(months=12), "12 months"),
        ("P1Y6M", Duration(months=18), "18 months"),
        ("P3D", Duration(days=3), "3 days"),
        ("P2W", Duration(days=14), "14 days"),
        ("PT24H", Duration(hours=24), "24 hours"),
    ],
)
def test_durations(text: str, duration: Duration, words: str) -> None:
    assert parse_duration(text) == duration
    assert present_duration(duration) == words
    assert parse_duration(words) == duration


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no duration"),
        ("twelve months", "is no duration"),
        ("12", "is no duration"),
        ("12 moons", "is no duration"),
        ("1.5 months", "is no duration"),
        ("-1 days", "is no duration"),
        ("P", "is no duration"),
        ("PT", "is no duration"),
        ("PT30M", "is no duration"),
        ("0 days", "is no time at all"),
        ("P0D", "is no time at all"),
        ("P1DT1H", "mixes hours with days"),
        ("1 hour and 1 day", "mixes hours with days"),
        ("200 years", "is longer than 100 years"),
        ("99999 days", "is longer than 100 years"),
    ],
)
def test_what_is_no_duration(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_duration(text)
