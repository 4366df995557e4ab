"""What the order clock shows: the real wall clock, or, in a rehearsal, one that started on a given day."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

REHEARSAL_ZONE: Final = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class OrderClock:
    """A wall clock that is ``offset`` seconds ahead of the real one."""

    offset: float = 0.0

    def read(self) -> float:
        """Tell the time of the orders, in POSIX seconds."""
        return time.time() + self.offset


def utc_text(wall: float | None) -> str | None:
    """Write POSIX seconds for scripts: ISO 8601 in UTC, such as ``2026-10-02T08:12:00Z``; None stays None."""
    return None if wall is None else datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")[:19] + "Z"


def order_clock(rehearse: date | None, wall: float) -> OrderClock:
    """Set the clock at the start of the server, when the real clock shows ``wall`` (POSIX seconds)."""
    if rehearse is None:
        return OrderClock()
    midnight = datetime.combine(rehearse, time_of_day(), ZoneInfo(REHEARSAL_ZONE))
    return OrderClock(midnight.timestamp() - wall)
