"""How a court's "twelve months" or an ISO 8601 ``P12M`` becomes a Duration."""

import re

from resolver.orders.model import Duration

_WORDS = re.compile(r"(\d{1,5})\s+(hour|day|week|month|year)s?(?:\s+and\s+(\d{1,5})\s+(day|week)s?)?", re.IGNORECASE)
_ISO = re.compile(r"P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(\d{1,5})H)?")
_EXAMPLES = "write it like `12 months`, `15 days`, `24 hours` or `P12M`"
_MOST_YEARS = 100


def parse_duration(text: str) -> Duration:
    """Read a duration in words or ISO 8601. Raises ValueError with what to write instead.

    Hours do not mix with days or months: hours run from an instant, days and months end at midnight.
    """
    duration = _in_words(text.strip()) or _in_iso(text.strip())
    if duration is None:
        raise ValueError(f"{text!r} is no duration: {_EXAMPLES}")
    if duration == Duration():
        raise ValueError(f"{text!r} is no time at all: {_EXAMPLES}")
    if duration.hours and (duration.days or duration.months):
        raise ValueError(f"{text!r} mixes hours with days: hours run from an instant, days end at midnight; use one")
    if duration.months > _MOST_YEARS * 12 or duration.days > _MOST_YEARS * 366 or duration.hours > _MOST_YEARS * 8784:
        raise ValueError(f"{text!r} is longer than {_MOST_YEARS} years: correct it")
    return duration


def _in_words(text: str) -> Duration | None:
    match = _WORDS.fullmatch(text)
    if match is None:
        return None
    count, unit = int(match[1]), match[2].lower()
    days = int(match[3]) * (7 if match[4].lower() == "week" else 1) if match[3] else 0
    if unit == "hour":
        return Duration(hours=count, days=days)
    if unit in {"day", "week"}:
        return Duration(days=days + count * (7 if unit == "week" else 1))
    return Duration(months=count * (12 if unit == "year" else 1), days=days)


def _in_iso(text: str) -> Duration | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days, hours = (int(group or 0) for group in match.groups())
    return Duration(months=12 * years + months, days=7 * weeks + days, hours=hours)


def present_duration(duration: Duration) -> str:
    """Write a duration in words: ``12 months``, ``1 month and 3 days``."""
    counts = ((duration.months, "month"), (duration.days, "day"), (duration.hours, "hour"))
    return " and ".join(f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in counts if count)
