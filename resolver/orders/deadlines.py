"""By when a measure, and each list of it, must be in force, and which suspensions for an error of ours are not settled.

A deadline runs from the service, or from the receipt of a list.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from resolver.orders.calendar import begin_of, end_instant_of, instant_of
from resolver.orders.duration import present_duration
from resolver.orders.history import UNBLOCKS_FOR_GOOD, concerns, is_about_all_names
from resolver.orders.model import Addressee, Event, EventKind, Ground, Measure, NameList, Order, Unlimited
from resolver.orders.working_days import deadline


class Deadline(NamedTuple):
    """Something to be done before an instant (POSIX seconds), for a measure or for one list of it, and why then."""

    list_id: str | None
    at: float
    why: str


def compliance(measure: Measure, addressees: Sequence[Addressee]) -> tuple[Deadline, ...]:
    """Tell by when the measure and its lists must be in force for those of its addressees that are us.

    Of several addressees the one that must be quickest counts. Without a date there is no deadline: see `is_undated`.
    """
    found: dict[str | None, Deadline] = {}
    for each in _all_of_them(measure, addressees):
        if each.list_id not in found or each.at < found[each.list_id].at:
            found[each.list_id] = each
    return tuple(found.values())


class OpenError(NamedTuple):
    """A suspension for an error of ours, from ``since`` until ``at`` (POSIX seconds), which somebody must settle.

    ``settled`` is when the history settles it, None if it does not.
    """

    at: float
    since: float
    settled: float | None
    why: str


def errors(order: Order, measure: Measure) -> Iterator[OpenError]:
    """Find the suspensions for an error of ours; what is resumed, lifted, removed or suspended for good is settled."""
    zone = ZoneInfo(measure.timezone)
    about = ((instant_of(event.day, zone), event) for event in order.history if concerns(event, measure))
    events = sorted(about, key=lambda pair: pair[0])
    for number, (since, event) in enumerate(events):
        if event.kind is EventKind.SUSPENDED and event.ground is Ground.ERROR:
            later = (at for at, other in events[number + 1 :] if _settles(other, event))
            ends = since if event.until is None else end_instant_of(event.until, zone)
            yield OpenError(ends, since, next(later, None), event.why or "no reason on record")


_SETTLES: Final = UNBLOCKS_FOR_GOOD | {EventKind.RESUMED, EventKind.NAMES_REMOVED, EventKind.SUSPENDED}


def _settles(later: Event, error: Event) -> bool:
    """Tell whether a later entry says what becomes of all that an error suspended."""
    if later.kind not in _SETTLES or (later.kind is EventKind.SUSPENDED and later.ground is Ground.ERROR):
        return False
    if is_about_all_names(error) or later.kind in UNBLOCKS_FOR_GOOD:
        return is_about_all_names(later) or _holds(later, error)
    return _holds(later, error)


def _holds(later: Event, error: Event) -> bool:
    if is_about_all_names(error) or is_about_all_names(later):
        return False
    if later.names is None or error.names is None:
        return later.names is None and later.list_id == error.list_id
    return set(error.names) <= set(later.names)


def is_undated(measure: Measure, addressees: Sequence[Addressee]) -> bool:
    """Tell whether the order sets a time to comply, but nobody noted from when it runs."""
    return measure.comply_within is not None and not any(one.served for one in addressees)


def review(measure: Measure) -> float | None:
    """Tell from when somebody must look at an order without an end again: the first second of the day for it."""
    if not isinstance(measure.period, Unlimited):
        return None
    return begin_of(measure.period.review_by, ZoneInfo(measure.timezone))


def _all_of_them(measure: Measure, addressees: Sequence[Addressee]) -> Iterator[Deadline]:
    for one in addressees or (Addressee(""),):
        zone = ZoneInfo(one.timezone or measure.timezone)
        if measure.comply_within is not None and one.served is not None:
            at = deadline(one.served, measure.comply_within, zone)
            yield Deadline(None, at, f"{present_duration(measure.comply_within)} from service on {one.served}")
        for named in measure.lists:
            yield from _of_list(measure, named, zone)


def _of_list(measure: Measure, named: NameList, zone: ZoneInfo) -> Iterator[Deadline]:
    within = named.comply_within or measure.comply_within
    if within is not None and named.received is not None:
        since = f"{named.received:%Y-%m-%d}" if not within.hours else f"{named.received:%Y-%m-%d %H:%M}"
        yield Deadline(named.id, deadline(named.received, within, zone), f"{present_duration(within)} from {since}")
