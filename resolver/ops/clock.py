"""What the order clock shows: the real wall clock, or, in a rehearsal, one that started on a given day."""

import time
from dataclasses import dataclass
from datetime import date, datetime
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


def order_clock(rehearse: date | None, wall: float) -> OrderClock:
    """Set the clock at the start of the server, when the real clock shows ``wall`` (POSIX seconds)."""
    if rehearse is None:
        return OrderClock()
    midnight = datetime.combine(rehearse, time_of_day(), ZoneInfo(REHEARSAL_ZONE))
    return OrderClock(midnight.timestamp() - wall)
