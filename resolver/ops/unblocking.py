"""When a kept order is in force while a newer version of it is refused: never when the newer one would un-block.

The last good version stands in for the refused one, but an end, a suspension, a lift or a recorded removal binds even
from a refused file. So the order's times are cut by those that the newer history, and where it could be read the newer
order as a whole, would leave.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

from resolver.ops.order_choice import RefusedVersion
from resolver.orders.model import Event, Measure, Order, Span, Timeline
from resolver.orders.period import MeasureTime
from resolver.orders.salvage import UNBLOCKING

TimeOf = Callable[[Order, Measure], MeasureTime]


def restrained(order: Order, newer: Sequence[RefusedVersion], time_of: TimeOf) -> TimeOf:
    """Make a `TimeOf` for the measures of an order that is cut by what was read of newer, refused versions."""
    with_news = [_with_news(order, each.version.unblocking or ()) for each in newer]
    whole = [each.version.order for each in newer if each.version.order is not None and not each.repeats]

    def time(_: Order, measure: Measure) -> MeasureTime:
        times = [time_of(each, measure) for each in (order, *with_news)]
        for other in whole:
            # Whom it addresses is not un-blocking: a name misspelt there must not free anything.
            same = (replace(each, addressees=measure.addressees) for each in other.measures if each.id == measure.id)
            times += [time_of(other, each) for each in same]
        return reduce(_both, times)

    return time


def _with_news(order: Order, events: Sequence[Event]) -> Order:
    known = {_what_happened(event) for event in order.history}
    news = tuple(event for event in events if event.kind in UNBLOCKING and _what_happened(event) not in known)
    return replace(order, history=order.history + news)


def _what_happened(event: Event) -> tuple[object, ...]:
    return event.day, event.kind, event.measure, event.list_id, event.names, event.until


def _both(one: MeasureTime, other: MeasureTime) -> MeasureTime:
    named = {
        name: overlap(one.named.get(name, one.own), other.named.get(name, other.own))
        for name in {**one.named, **other.named}
    }
    own = overlap(one.own, other.own)
    because = one.because if (own, named) == (one.own, one.named) else other.because
    return MeasureTime(own, named, one.pinned, because)


def overlap(one: Timeline, other: Timeline) -> Timeline:
    """Find when both are in force."""
    shared: list[Span] = []
    for mine in one:
        for theirs in other:
            since = max(mine.since, theirs.since)
            ends = [span.until for span in (mine, theirs) if span.until is not None]
            until = min(ends, default=None)
            if until is None or since < until:
                shared.append(Span(since, until))
    return tuple(shared)
