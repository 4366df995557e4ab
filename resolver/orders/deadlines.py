"""By when a measure, and each list of it, must be in force: so long after its service, or after the list came."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from resolver.orders.calendar import begin_of
from resolver.orders.duration import present_duration
from resolver.orders.model import Addressee, Measure, NameList, Unlimited
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
