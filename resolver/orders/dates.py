"""How an order file writes days and instants, and what to say about the ways that can be read in two ways."""

import re
from datetime import date, datetime

FIRST_YEAR, LAST_YEAR = 1900, 2199

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?")
_FRENCH = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def parse_day(text: str) -> date:
    """Read ``2014-01-27``. Raises ValueError with what to write instead."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is no date: {_advice(text)}")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is on no calendar ({error}): correct it") from None
    return _in_our_times(day)


def parse_moment(text: str) -> date | datetime:
    """Read a day, or an instant ``2026-10-02T10:12``, with an optional zone ``Z`` or ``+02:00``.

    Without a zone the datetime is naive: it counts in the zone of whoever the order addresses.
    """
    if _DAY.fullmatch(text):
        return parse_day(text)
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither a date nor a time: {_advice(text)} or 2026-10-02T10:12")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '').replace('Z', '+00:00')}")
    except ValueError as error:
        raise ValueError(f"{text!r} is on no calendar or clock ({error}): correct it") from None
    _in_our_times(moment.date())
    return moment


def _in_our_times(day: date) -> date:
    """Refuse years that are typing errors, or a way to say "for ever" that a period has a word for."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} is not from {FIRST_YEAR} to {LAST_YEAR}: correct it; for ever is `unlimited: true`")
    return day


def day_of(moment: date | datetime) -> date:
    """Tell the calendar day of a day or of an instant, as written."""
    return moment.date() if isinstance(moment, datetime) else moment


def _advice(text: str) -> str:
    if match := _FRENCH.fullmatch(text.strip()):
        day, month, year = (int(group) for group in match.groups())
        try:
            return f"write {date(year, month, day).isoformat()} if this is day, month, year"
        except ValueError:
            pass
    return "write year-month-day, like 2013-11-28"
