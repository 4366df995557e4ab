"""When days begin and end, and how months and days are counted as the French Code de procédure civile counts them.

Art. 641: the day of the event does not count in a period of days; a period of months ends on the day of the last month
that has the same number, or on that month's last day; months are counted before days. Art. 642: it ends on its last
day at midnight. The extension of art. 642 to the next working day is for deadlines; it never extends a block.
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from resolver.orders.model import Duration


def last_day(start: date, duration: Duration) -> date:
    """Count months, then days, from the day of an event; the result is the last day in force (art. 641)."""
    months = start.year * 12 + start.month - 1 + duration.months
    year, month = divmod(months, 12)
    day = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    return day + timedelta(days=duration.days)


def begin_of(day: date, zone: ZoneInfo) -> float:
    """Tell the POSIX second at which a day begins in a zone: its first instant, also where midnight does not exist."""
    midnight = datetime.combine(day, time.min, zone)
    begin = midnight.timestamp()
    if _local_day(begin, zone) == day and datetime.fromtimestamp(begin, zone).time() == time.min:
        return begin
    # Midnight falls into a gap: the day begins where the gap is, between the two ways to read a time inside it.
    before, after = sorted((begin, midnight.replace(fold=1).timestamp()))
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _local_day(middle, zone) >= day else (middle, after)
    return after


def end_of(day: date, zone: ZoneInfo) -> float:
    """Tell the POSIX second at which a day is over in a zone: the first second of the next one."""
    return begin_of(day + timedelta(days=1), zone)


def instant_of(moment: date | datetime, zone: ZoneInfo) -> float:
    """Tell the POSIX second of a day's begin or of an instant; a naive instant is local to the zone."""
    if not isinstance(moment, datetime):
        return begin_of(moment, zone)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()


def end_instant_of(moment: date | datetime, zone: ZoneInfo) -> float:
    """Tell the POSIX second at which something ends that is in force through a day, or up to an instant."""
    return instant_of(moment, zone) if isinstance(moment, datetime) else end_of(moment, zone)


def local_day(moment: date | datetime, zone: ZoneInfo) -> date:
    """Tell the day on which a moment falls in a zone."""
    if not isinstance(moment, datetime):
        return moment
    return moment.astimezone(zone).date() if moment.tzinfo is not None else moment.date()


def _local_day(wall: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(wall, zone).date()


def present_end(wall: float, zone: ZoneInfo) -> str:
    """Write the end of a span: the last day where it ends at midnight, else the instant."""
    local = datetime.fromtimestamp(wall, zone)
    last = datetime.fromtimestamp(wall - 1, zone).date()
    return f"through {last}" if begin_of(local.date(), zone) == wall else f"until {local:%Y-%m-%d %H:%M} ({zone.key})"


def present_begin(wall: float, zone: ZoneInfo) -> str:
    """Write the begin of a span: the day where it begins at midnight, else the instant."""
    local = datetime.fromtimestamp(wall, zone)
    whole = begin_of(local.date(), zone) == wall
    return f"from {local.date()}" if whole else f"from {local:%Y-%m-%d %H:%M} ({zone.key})"


def present_moment(moment: date | datetime, zone: ZoneInfo) -> str:
    """Write a day, or an instant to the minute in a zone."""
    if not isinstance(moment, datetime):
        return str(moment)
    local = moment if moment.tzinfo is None else moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} ({zone.key})"
