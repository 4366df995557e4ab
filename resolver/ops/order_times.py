"""When each measure binds us: its period, whose it is, and since when we apply it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from resolver.ops.order_choice import StandingOrder
from resolver.ops.order_records import TimedMeasure, TimedOrder, deadline_record
from resolver.ops.policy_document import DeadlineRecord
from resolver.ops.unblocking import TimeOf, restrained
from resolver.orders.deadlines import compliance, is_undated
from resolver.orders.entities import Bound, Brand, NotOurs, binding
from resolver.orders.history import without_suspensions
from resolver.orders.model import Measure, MeasureKind, Order, Timeline
from resolver.orders.period import MeasureTime, timeline


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """Who we are, the instant of compilation (POSIX seconds), and by order and measure the day it was first applied."""

    brands: Sequence[Brand]
    wall: float
    first_applied: Mapping[str, Mapping[str, date]]

    def of(self, standing: StandingOrder) -> TimedOrder:
        """Time every measure of a standing order, which gives way to what its refused versions un-block."""
        return TimedOrder(
            standing, tuple(chain.from_iterable(zip(*map(partial(self._of_brand, standing), self.brands), strict=True)))
        )

    def _of_brand(self, standing: StandingOrder, brand: Brand) -> Iterator[TimedMeasure]:
        """Time every measure for the subscribers of one brand."""
        order = standing.order
        own: TimeOf = partial(self.time, brand)
        time_of = restrained(order, standing.newer, own) if standing.newer else own
        unsuspended = self._unsuspended(standing, own)
        for measure in order.measures:
            time = time_of(order, measure)
            match binding(measure, brand.entities):
                case NotOurs():
                    yield TimedMeasure(measure, time, brand.name, None, None)
                case Bound(addressees=addressees):
                    names = tuple(addressee.name for addressee in addressees)
                    yield TimedMeasure(
                        measure,
                        time,
                        brand.name,
                        names,
                        self._first_applied(order, measure),
                        compliance(measure, addressees),
                        is_undated(measure, addressees),
                        unsuspended(measure),
                    )

    def _unsuspended(self, standing: StandingOrder, own: TimeOf) -> Callable[[Measure], MeasureTime | None]:
        """Tell when the measures of an order would be in force if nothing were suspended; None if nothing ever was."""
        order = standing.order
        free = without_suspensions(order)
        if free.history == order.history:
            return lambda _: None
        return partial(restrained(free, standing.newer, own) if standing.newer else own, free)

    def time(self, brand: Brand, order: Order, measure: Measure) -> MeasureTime:
        """Tell when a measure is in force for a brand; one that binds none of its entities never is."""
        match binding(measure, brand.entities):
            case NotOurs():
                addressees = ", ".join(addressee.name for addressee in measure.addressees)
                return MeasureTime((), {}, pinned=True, because=f"addressed to {addressees}: none of them is us")
            case Bound(addressees=addressees):
                return timeline(order, measure, addressees, self._first_applied(order, measure))

    def _first_applied(self, order: Order, measure: Measure) -> date:
        """Take the day on which this node first applied the measure; for a new one, today where the order holds."""
        known = self.first_applied.get(order.id, {}).get(measure.id)
        return known or datetime.fromtimestamp(self.wall, ZoneInfo(measure.timezone)).date()

    def unmet(self, refused: Order, kept: Order | None) -> list[DeadlineRecord]:
        """Find the deadlines of a refused order whose measures and lists its last good version does not have."""
        known = {(each.id, named) for each in kept.measures for named in _parts(each)} if kept is not None else set()
        return [
            deadline_record(measure, each)
            for measure in refused.measures
            if measure.kind is MeasureKind.DNS_BLOCK
            for brand in self.brands
            if isinstance(bound := binding(measure, brand.entities), Bound)
            and not has_ended(self.time(brand, refused, measure).own, self.wall)
            for each in compliance(measure, bound.addressees)
            if (measure.id, each.list_id) not in known
        ]

    def is_over(self, order: Order) -> bool:
        """Tell whether nothing of an order is in force now or ever will be; what is suspended may be resumed."""
        free = without_suspensions(order)
        times = (self.time(brand, free, measure) for brand in self.brands for measure in order.measures)
        return all(has_ended(each, self.wall) for time in times for each in (time.own, *time.named.values()))


def _parts(measure: Measure) -> Iterator[str | None]:
    """Yield what a measure may have a deadline for: itself, and each of its lists."""
    yield None
    yield from (named.id for named in measure.lists)


def has_ended(timeline: Timeline, wall: float) -> bool:
    """Tell whether a timeline is over at an instant (POSIX seconds); one that never began is, too."""
    return all(span.until is not None and span.until <= wall for span in timeline)
