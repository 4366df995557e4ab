"""When each measure binds us: its period, whose it is, and since when we apply it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from resolver.ops.enactment import TimedMeasure, TimedOrder
from resolver.ops.order_choice import StandingOrder
from resolver.ops.unblocking import TimeOf, restrained
from resolver.orders.entities import Bound, Entity, NotOurs, binding
from resolver.orders.model import Measure, Order, Timeline
from resolver.orders.period import MeasureTime, timeline


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """Who we are, the instant of compilation (POSIX seconds), and by order and measure the day it was first applied."""

    entities: Sequence[Entity]
    wall: float
    first_applied: Mapping[str, Mapping[str, date]]

    def of(self, standing: StandingOrder) -> TimedOrder:
        """Time every measure of a standing order, which gives way to what its refused versions un-block."""
        order = standing.order
        time_of: TimeOf = restrained(order, standing.newer, self.time) if standing.newer else self.time
        return TimedOrder(standing, tuple(self._timed(order, each, time_of(order, each)) for each in order.measures))

    def _timed(self, order: Order, measure: Measure, time: MeasureTime) -> TimedMeasure:
        match binding(measure, self.entities):
            case NotOurs():
                return TimedMeasure(measure, time, None, None)
            case Bound(addressees=addressees):
                names = tuple(addressee.name for addressee in addressees)
                return TimedMeasure(measure, time, names, self._first_applied(order, measure))

    def time(self, order: Order, measure: Measure) -> MeasureTime:
        """Tell when a measure is in force for us; one that binds none of us never is."""
        match binding(measure, self.entities):
            case NotOurs():
                addressees = ", ".join(addressee.name for addressee in measure.addressees)
                return MeasureTime((), {}, pinned=True, because=f"addressed to {addressees}: none of them is us")
            case Bound(addressees=addressees):
                return timeline(order, measure, addressees, self._first_applied(order, measure))

    def _first_applied(self, order: Order, measure: Measure) -> date:
        """Take the day on which this node first applied the measure; for a new one, today where the order holds."""
        known = self.first_applied.get(order.id, {}).get(measure.id)
        return known or datetime.fromtimestamp(self.wall, ZoneInfo(measure.timezone)).date()

    def is_over(self, order: Order) -> bool:
        """Tell whether nothing of an order is in force now or ever will be."""
        times = (self.time(order, measure) for measure in order.measures)
        return all(has_ended(each, self.wall) for time in times for each in (time.own, *time.named.values()))


def has_ended(timeline: Timeline, wall: float) -> bool:
    """Tell whether a timeline is over at an instant (POSIX seconds); one that never began is, too."""
    return all(span.until is not None and span.until <= wall for span in timeline)
