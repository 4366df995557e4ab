"""What a policy document says of one order: its record, those of its measures, brand by brand, and its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from resolver.dns.name import WireName, present_name
from resolver.ops.following import Following, present_lists
from resolver.ops.notice_text import Language, extended_error_text, structured_texts
from resolver.ops.order_choice import StandingOrder
from resolver.ops.order_files import OrderVersion
from resolver.ops.policy_document import DeadlineRecord, ManifestEntry, MeasureRecord, OrderRecord
from resolver.orders.deadlines import Deadline, errors, review
from resolver.orders.duration import present_duration
from resolver.orders.model import Action, Lasts, Measure, Order, Period, PeriodStart, Timeline, Unlimited, Until
from resolver.orders.period import MeasureTime


@dataclass(frozen=True, slots=True)
class Manners:
    """How blocked names are answered where the order does not say: addresses as text, ``ttl`` in seconds.

    With ``structured``, extended errors are there as JSON, too, and name the organization and its contact.
    """

    language: Language
    rehearsal: bool
    ttl: int
    ipv4: str | None
    ipv6: str | None
    responsible: WireName
    structured: bool = False
    organization: str = ""
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class TimedMeasure:
    """A measure with its times for one brand; ``ours`` names the addressees that we are, None where it binds none.

    ``unsuspended`` are the times that it would have without its suspensions, None where there are none.
    """

    measure: Measure
    time: MeasureTime
    brand: str
    ours: tuple[str, ...] | None
    first_applied: date | None
    deadlines: tuple[Deadline, ...] = ()
    undated: bool = False
    unsuspended: MeasureTime | None = None


@dataclass(frozen=True, slots=True)
class TimedOrder:
    """A standing order with the times of all its measures, each brand by brand."""

    standing: StandingOrder
    measures: tuple[TimedMeasure, ...]


def measure_record(
    order: Order, timed: TimedMeasure, following: Following, manners: Manners, listed_as: int
) -> MeasureRecord:
    measure = timed.measure
    imposed = measure.redirect_to
    redirects = measure.action is Action.REDIRECT
    record: MeasureRecord = {
        "order": order.id,
        "id": measure.id,
        "action": measure.action.value,
        "ipv4": (imposed.ipv4 if imposed else manners.ipv4) if redirects else None,
        "ipv6": (imposed.ipv6 if imposed else manners.ipv6) if redirects else None,
        "ttl": manners.ttl,
        "responsible": present_name(manners.responsible),
        "ede_text": extended_error_text(order, manners.language, rehearsal=manners.rehearsal),
        "own": _spans(timed.time.own),
        "timelines": _timelines(following),
        "named": _named(following),
        "follow_cname": measure.follow_cname,
        "allow_alias": [present_name(name) for name in measure.allow_alias],
        "rank": [0 if imposed else 1, int(order.confidential), order.decided.isoformat()],
        "brand": timed.brand,
        "listed_as": listed_as,
        "observe": measure.observe,
        "kind": measure.kind.value,
        "line": measure.place.line,
        "addressees": list(timed.ours or ()),
        "ours": timed.ours is not None,
        "period": present_period(measure.period),
        "because": timed.time.because,
        "pinned": timed.time.pinned,
        "first_applied": None if timed.first_applied is None else timed.first_applied.isoformat(),
        "own_timelines": following.own_timelines,
        "counts": following.counts,
        "names": len(measure.listed),
        "lists": [present_lists(lists) for lists in following.groups],
        "deadlines": [deadline_record(measure, each) for each in timed.deadlines],
        "undated": timed.undated,
        "review": review(measure),
        "errors": [
            {"at": each.at, "since": each.since, "settled": each.settled, "why": each.why}
            for each in errors(order, measure)
        ],
    }
    if timed.unsuspended is not None:
        free = Following(measure, timed.unsuspended)
        own = _spans(timed.unsuspended.own)
        record["unsuspended"] = {"own": own, "timelines": _timelines(free), "named": _named(free)}
    if manners.structured:
        record["structured"] = structured_texts(
            order,
            manners.language,
            organization=manners.organization,
            contact=manners.contact,
            rehearsal=manners.rehearsal,
        )
    return record


def _timelines(following: Following) -> list[list[list[float | None]]]:
    return [_spans(timeline) for timeline in following.timelines]


def _spans(timeline: Timeline) -> list[list[float | None]]:
    return [list(span) for span in timeline]


def _named(following: Following) -> dict[str, int]:
    return {present_name(name): number for name, number in following.named.items()}


def deadline_record(measure: Measure, deadline: Deadline) -> DeadlineRecord:
    """Write a deadline of a measure."""
    return {"measure": measure.id, "list": deadline.list_id or "", "at": deadline.at, "why": deadline.why}


def order_record(standing: StandingOrder) -> OrderRecord:
    order = standing.order
    return {
        "id": order.id,
        "authority": order.authority,
        "case_number": order.case_number,
        "decided": order.decided.isoformat(),
        "title": order.title,
        "legal_basis": order.legal_basis,
        "applicants": list(order.applicants),
        "natural_applicants": order.natural_applicants,
        "language": order.language,
        "remedy": order.remedy,
        "public_ids": [[each.db, each.id] for each in order.public_ids],
        "territory": order.territory,
        "nature": order.nature.value,
        "confidential": order.confidential,
        "verified": order.verified,
        "sources": list(order.sources),
        "not_ours": order.not_ours,
        "file": order.place.file,
        "line": order.place.line,
        "kept": standing.kept,
        "measures": [],
    }


def manifest_entry(timed: TimedOrder) -> ManifestEntry:
    standing = timed.standing
    entry: ManifestEntry = {
        "id": standing.order.id,
        "path": standing.version.file,
        "files": _files(standing.version),
        "first_applied": {
            each.measure.id: each.first_applied.isoformat() for each in timed.measures if each.first_applied
        },
    }
    if standing.newer:
        entry["refused"] = [
            {"path": each.version.file, "files": _files(each.version), "repeats": each.repeats}
            for each in standing.newer
        ]
    return entry


def _files(version: OrderVersion) -> list[list[str]]:
    return [list(source) for source in version.sources]


_STARTS: Mapping[PeriodStart, str] = {
    PeriodStart.IMPLEMENTATION: "implementation",
    PeriodStart.SERVICE: "service",
    PeriodStart.DECISION: "the decision",
}


def present_period(period: Period) -> str:
    """Write a period as the order has it: ``12 months from implementation``."""
    match period:
        case Lasts(duration=duration, start=start, at_most=at_most):
            begin = _STARTS[start] if isinstance(start, PeriodStart) else start.isoformat()
            most = "" if at_most is None else f", at most until {at_most}"
            return f"{present_duration(duration)} from {begin}{most}"
        case Until(last=last, event=event):
            return f"until {last}" + ("" if event is None else f" ({event})")
        case Unlimited(review_by=review_by):
            return f"unlimited, to be reviewed by {review_by}"
        case _:
            assert_never(period)
