"""On which day a deadline ends: art. 642 of the French Code de procédure civile moves it to the next working day.

The public holidays are those of art. L3133-1 of the Code du travail. Those that only some departments and territories
have (Good Friday and 26 December in Alsace and Moselle, art. L3134-13) count as working days: where one falls on
the end of a deadline, it is told a day early, and nobody is late for that. Ends of periods are never moved.
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from resolver.orders.calendar import end_of, instant_of, last_day, local_day
from resolver.orders.model import Duration

_FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER: Final = (1, 39, 50)
"""Days from Easter Sunday: Easter Monday, Ascension Day, Whit Monday."""
_SATURDAY: Final = 5


def deadline(start: date | datetime, within: Duration, zone: ZoneInfo) -> float:
    """Tell the POSIX second at which something is late that was to be done within a time from a day or an instant.

    Days and months do not count the day of the start, and end on a working day at midnight (art. 641 and 642). Hours
    run from the instant and never move; from a day without an hour they run from its first one.
    """
    if within.hours:
        return instant_of(start, zone) + within.hours * 3_600
    return end_of(next_working_day(last_day(local_day(start, zone), within)), zone)


def next_working_day(day: date) -> date:
    """Find the first working day from this one on."""
    while day.weekday() >= _SATURDAY or is_holiday(day):
        day += timedelta(days=1)
    return day


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday in all of metropolitan France."""
    return (day.month, day.day) in _FIXED or (day - easter(day.year)).days in _AFTER_EASTER


@cache
def easter(year: int) -> date:
    """Find Easter Sunday in the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
