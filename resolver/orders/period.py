"""When a measure is in force: its period, counted by the calendar, with all that its history changes.

An end is never moved or extended, by a suspension or by a holiday, unless the history says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from resolver.dns.name import WireName
from resolver.orders.calendar import (
    end_instant_of,
    end_of,
    instant_of,
    last_day,
    local_day,
    present_begin,
    present_end,
    present_moment,
)
from resolver.orders.duration import present_duration
from resolver.orders.history import UNBLOCKS_FOR_GOOD, concerns, is_about_all_names
from resolver.orders.model import (
    Addressee,
    Event,
    EventKind,
    Lasts,
    Lists,
    Measure,
    Order,
    PeriodStart,
    Span,
    Timeline,
    Unlimited,
    Until,
)


@dataclass(frozen=True, slots=True)
class MeasureTime:
    """When a measure is in force.

    ``own`` holds for every listed name but those in ``named``, whose history differs. ``pinned`` is False where the
    period counts from an implementation that the history does not record, or from a service without a date.
    ``because`` says in one sentence why it begins and ends when it does.
    """

    own: Timeline
    named: dict[WireName, Timeline]
    pinned: bool
    because: str


def timeline(
    order: Order, measure: Measure, addressees: Sequence[Addressee], first_applied: date | None
) -> MeasureTime:
    """Work out when a measure is in force for those of its addressees that are us.

    ``first_applied`` is the day on which this measure was first applied here; it stands in for an implementation or
    a service of which the file gives no date, and with None such a measure is not in force. Several addressees: in
    force while it is for one of them. An empty sequence means an addressee without name or date of service. A name in
    several lists is in force while one of them demands it: an entry about one list leaves the others as they are.
    """
    events = tuple(event for event in order.history if concerns(event, measure))
    views = [_view(order, measure, one, events, first_applied) for one in addressees or (Addressee(""),)]
    events += tuple(_receipts(measure, views))
    own = union(_replay(view, [event for event in events if is_about_all_names(event)]) for view in views)
    named: dict[WireName, Timeline] = {}
    replays: dict[tuple[object, ...], Timeline] = {}
    for name, (lists, about) in _events_by_name(measure, events).items():
        story = (lists, *map(id, about))  # the names of a list may be a million, and mostly share theirs
        its = replays.get(story)
        if its is None:
            strands = [[event for event in about if event.list_id in {None, each}] for each in lists]
            its = replays[story] = union(_replay(view, strand) for view in views for strand in strands)
        if its != own:
            named[name] = its
    return MeasureTime(own, named, all(view.pinned for view in views), _because(views, events))


def _receipts(measure: Measure, views: "Sequence[_View]") -> Iterator[Event]:
    """Let the names of a list that came while the measure ran begin with its receipt, as if the history said so."""
    for named in measure.lists:
        received = named.received
        if received is not None and any(
            view.since is not None and instant_of(received, view.zone) > view.since for view in views
        ):
            yield Event(received, EventKind.NAMES_ADDED, measure.place, list_id=named.id, by="its receipt")


class _View(NamedTuple):
    """The period of a measure as one addressee lives it: POSIX seconds, its time zone, and why."""

    zone: ZoneInfo
    since: float | None
    until: float
    why_since: str
    why_until: str
    pinned: bool


class _Counted(NamedTuple):
    """The moment from which a period counts, and what it is."""

    moment: date | datetime | None
    what: str
    is_known: bool = True


def _view(
    order: Order, measure: Measure, addressee: Addressee, events: Sequence[Event], first_applied: date | None
) -> _View:
    zone = ZoneInfo(addressee.timezone or measure.timezone)
    implemented = _implemented(events)
    counted = _counted_from(order, measure, addressee, implemented, first_applied)
    begin = counted if implemented is None else _Counted(implemented.day, "implemented")
    since = None if begin.moment is None else instant_of(begin.moment, zone)
    if since is not None and isinstance(measure.period, Lasts) and isinstance(measure.period.start, date):
        since = max(since, instant_of(measure.period.start, zone))
    until, why_until = _end(measure, counted, zone)
    return _View(zone, since, until, begin.what, why_until, counted.is_known)


def _implemented(events: Iterable[Event]) -> Event | None:
    return next((event for event in events if event.kind is EventKind.IMPLEMENTED), None)


def _counted_from(
    order: Order, measure: Measure, addressee: Addressee, implemented: Event | None, first_applied: date | None
) -> _Counted:
    """Find the moment from which the period counts; where it does not count, service or else the decision."""
    start = measure.period.start if isinstance(measure.period, Lasts) else None
    match start:
        case PeriodStart.IMPLEMENTATION if implemented is not None:
            return _Counted(implemented.day, "implementation")
        case PeriodStart.IMPLEMENTATION:
            return _Counted(first_applied, "first applied here, no implementation on record", is_known=False)
        case PeriodStart.DECISION:
            return _Counted(order.decided, "decision")
        case PeriodStart.SERVICE if addressee.served is not None:
            return _Counted(addressee.served, "service")
        case PeriodStart.SERVICE if implemented is not None:
            return _Counted(implemented.day, "implementation, no date of service on record", is_known=False)
        case PeriodStart.SERVICE:
            return _Counted(first_applied, "first applied here, no date of service on record", is_known=False)
        case None:
            served = addressee.served
            return _Counted(served or order.decided, "service" if served else "decision")
        case date():
            return _Counted(start, "the date in the order")
        case _:
            assert_never(start)


def _end(measure: Measure, counted: _Counted, zone: ZoneInfo) -> tuple[float, str]:
    """Tell when the period is over, as a POSIX second that no longer belongs to it, and why then."""
    match measure.period:
        case Unlimited(review_by=review_by):
            return inf, f"the order sets no end, review by {review_by}"
        case Until(last=last, event=event):
            return end_instant_of(last, zone), event or "the end that the order sets"
        case Lasts() as lasts:
            why = f"{present_duration(lasts.duration)} from {counted.what}"
            end = _counted_end(lasts, counted.moment, zone)
            bound = inf if lasts.at_most is None else end_of(lasts.at_most, zone)
            return (end, why) if end <= bound else (bound, f"{why}, at most until {lasts.at_most}")
        case _:
            assert_never(measure.period)


def _counted_end(lasts: Lasts, moment: date | datetime | None, zone: ZoneInfo) -> float:
    if moment is None:
        return inf
    if lasts.duration.hours:
        return instant_of(moment, zone) + lasts.duration.hours * 3600
    return end_of(last_day(local_day(moment, zone), lasts.duration), zone)


def _events_by_name(measure: Measure, events: Sequence[Event]) -> dict[WireName, tuple[Lists, list[Event]]]:
    """Collect, for each name that an entry singles out, its lists and, in their order, all entries that concern it."""
    singled_out: dict[WireName, Lists] = {}
    for event in events:
        if not is_about_all_names(event):
            singled_out.update(_subjects(measure, event))
    if not singled_out:
        return {}
    about: dict[WireName, tuple[Lists, list[Event]]] = {name: (singled_out[name], []) for name in sorted(singled_out)}
    for event in events:
        subjects = about if is_about_all_names(event) else dict(_subjects(measure, event))
        for name in subjects:
            about[name][1].append(event)
    return about


def _subjects(measure: Measure, event: Event) -> Iterator[tuple[WireName, Lists]]:
    """Yield the names of a measure that an entry, which is not about all, singles out by name, by list, or by both.

    Each comes with all the lists that hold it.
    """
    if event.names is not None:
        found = filter(None, map(measure.listed.find, dict.fromkeys(event.names)))
        yield from ((entry.name, entry.lists) for entry in found if event.list_id in {None, *entry.lists})
    elif event.list_id is not None:
        yield from measure.listed.of_list(event.list_id)


def _replay(view: _View, events: Sequence[Event]) -> Timeline:
    """Play a history over a period: ends that move, then everything that takes a stretch away."""
    if view.since is None:
        return ()
    at = sorted(((instant_of(event.day, view.zone), event) for event in events), key=lambda pair: pair[0])
    spans: Timeline = () if view.until <= view.since else (Span(view.since, None if view.until == inf else view.until),)
    for since, event in at:
        if event.kind is EventKind.END_MOVED and event.until is not None:
            moved = Span(max(since, view.since), end_instant_of(event.until, view.zone))
            spans = union([subtract(spans, Span(since, None)), (moved,) if _is_some(moved) else ()])
    for away in _away(at, view.zone):
        spans = subtract(spans, away)
    return spans


def _away(at: Sequence[tuple[float, Event]], zone: ZoneInfo) -> Iterator[Span]:
    """Yield the stretches of time that suspensions, removals and the end of an order take away."""
    added_or_removed = [pair for pair in at if pair[1].kind in {EventKind.NAMES_ADDED, EventKind.NAMES_REMOVED}]
    if added_or_removed and added_or_removed[0][1].kind is EventKind.NAMES_ADDED:
        yield Span(-inf, added_or_removed[0][0])
    for index, (since, event) in enumerate(at):
        later = at[index + 1 :]
        if event.kind in UNBLOCKS_FOR_GOOD:
            yield Span(since, None)
        elif event.kind is EventKind.NAMES_REMOVED:
            yield Span(since, next((when for when, other in later if other.kind is EventKind.NAMES_ADDED), None))
        elif event.kind is EventKind.SUSPENDED:
            yield Span(since, _resumption(event, later, zone))


def _resumption(suspended: Event, later: Sequence[tuple[float, Event]], zone: ZoneInfo) -> float | None:
    """Tell when a suspension ends; single names that were suspended are not freed by an entry about all."""
    ends = [] if suspended.until is None else [end_instant_of(suspended.until, zone)]
    ends += [
        when
        for when, event in later
        if event.kind is EventKind.RESUMED and (is_about_all_names(suspended) or not is_about_all_names(event))
    ]
    return min(ends, default=None)


def _is_some(span: Span) -> bool:
    return span.until is None or span.since < span.until


def union(timelines: Iterable[Timeline]) -> Timeline:
    """Put timelines together: in force while one of them is."""
    joined: list[Span] = []
    for span in sorted((span for each in timelines for span in each), key=lambda span: span.since):
        last = joined[-1] if joined else None
        if last is None or (last.until is not None and last.until < span.since):
            joined.append(span)
        elif last.until is not None:
            until = None if span.until is None else max(last.until, span.until)
            joined[-1] = Span(last.since, until)
    return tuple(joined)


def subtract(spans: Timeline, away: Span) -> Timeline:
    """Take a stretch of time out of a timeline."""
    left: list[Span] = []
    end = inf if away.until is None else away.until
    for span in spans:
        before = Span(span.since, away.since if span.until is None else min(span.until, away.since))
        after = Span(max(span.since, end), span.until)
        left += [part for part in (before, after) if part.since < inf and _is_some(part)]
    return tuple(left)


def _because(views: Sequence[_View], events: Sequence[Event]) -> str:
    """Say in one sentence why the measure begins and ends when it does, and what happened since."""
    sentences = []
    for view in views:
        if view.since is None:
            sentences.append(f"not in force: no date to count from ({view.why_since})")
            continue
        end = "" if view.until == inf else f" {present_end(view.until, view.zone)}"
        sentences.append(f"{present_begin(view.since, view.zone)} ({view.why_since}){end} ({view.why_until})")
    said = [" and ".join(dict.fromkeys(sentences))]
    zone = views[0].zone
    said += [_present_event(event, zone) for event in events if event.kind is not EventKind.IMPLEMENTED]
    return "; ".join(said)


def _present_event(event: Event, zone: ZoneInfo) -> str:
    of = "" if event.list_id is None else f" of list {event.list_id}"
    some = (
        "" if is_about_all_names(event) else f" (list {event.list_id})" if event.names is None else f" (some names{of})"
    )
    until = "" if event.until is None else f" until {present_moment(event.until, zone)}"
    by = f", by {event.by}" if event.by else ""
    effect = f" ({event.effect})" if event.effect else ""
    return f"{event.kind}{some} on {present_moment(event.day, zone)}{until}{by}{effect}"
