"""How the orders that stand become rules for the index and the tables of a policy document."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import Final, assert_never

from resolver.dns.name import WireName, present_name
from resolver.ops.notice_text import Language, extended_error_text, structured_texts
from resolver.ops.order_choice import StandingOrder
from resolver.ops.order_files import OrderVersion
from resolver.ops.policy_document import DeadlineRecord, ManifestEntry, MeasureRecord, OrderRecord
from resolver.orders.deadlines import Deadline, errors, review
from resolver.orders.duration import present_duration
from resolver.orders.index import MAGIC, Rule, RuleTable
from resolver.orders.model import (
    Action,
    Lasts,
    ListedNames,
    Lists,
    Measure,
    MeasureKind,
    Order,
    Period,
    PeriodStart,
    Timeline,
    Unlimited,
    Until,
)
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


@dataclass(slots=True)
class Tables:
    """What the orders became, in the numbers that rules refer to; filled by `enact` alone."""

    orders: list[OrderRecord] = field(default_factory=list)
    measures: list[MeasureRecord] = field(default_factory=list)
    manifest: list[ManifestEntry] = field(default_factory=list)
    file_numbers: dict[str, int] = field(default_factory=dict)
    blocking: "list[tuple[int, Measure, _Following]]" = field(default_factory=list)

    def rules(self) -> Iterator[Rule]:
        """Yield the rules of the names that order files list themselves."""
        for number, measure, following in self.blocking:
            for entry in measure.listed.entries.values():
                file, line, _ = entry.place
                group = following.groups[entry.lists]
                yield Rule(entry.name, entry.reach, number, group, self.file_numbers[file], line)

    def rule_tables(self) -> Iterator[RuleTable]:
        """Yield the rules of the names that stand in files of their own, packed."""
        for number, measure, following in self.blocking:
            for each in measure.listed.files:
                group = following.groups[each.lists]
                yield RuleTable(each.names, each.reach, number, group, self.file_numbers[each.file])

    def fingerprint(self) -> str:
        """Tell by a SHA-256 what the index will be made from: with the same one, an index need not be made again."""
        content = sha256(MAGIC)
        for name, reach, measure, timeline, file, line in self.rules():
            content.update(b"%b %b %d %d %d %d\n" % (name, reach.encode(), measure, timeline, file, line))
        for table in self.rule_tables():
            content.update(repr((table.names.digest, *table[1:])).encode())
        return content.hexdigest()


def enact(orders: Sequence[TimedOrder], manners: Mapping[str, Manners]) -> Tables:
    """Number measures and files, and write the records and rules of every order, brand by brand."""
    tables = Tables()
    for timed in orders:
        order = timed.standing.order
        first = len(tables.measures)
        for _, of_brands in groupby(timed.measures, lambda each: each.measure.id):
            listed_as = len(tables.measures)
            for each in _bound(of_brands):
                following = _Following(each.measure, each.time)
                if each.measure.kind is MeasureKind.DNS_BLOCK and len(tables.measures) == listed_as:
                    tables.blocking.append((listed_as, each.measure, following))
                    for file in each.measure.listed.file_names():
                        tables.file_numbers.setdefault(file, len(tables.file_numbers))
                tables.measures.append(_measure_record(order, each, following, manners[each.brand], listed_as))
        tables.orders.append(_order_record(timed.standing, range(first, len(tables.measures))))
        tables.manifest.append(_manifest_entry(timed))
    return tables


def _bound(of_brands: Iterable[TimedMeasure]) -> list[TimedMeasure]:
    """Leave out the brands that a measure does not bind; one that binds none stands once all the same."""
    every = list(of_brands)
    return [each for each in every if each.ours is not None] or every[:1]


class _Following:
    """Which timeline each name of a measure follows.

    Rules are numbered by the lists that hold the name, which an event does not change: 0 for the measure's own names,
    then list by list, then each group of lists that have names in common. A group has the timeline that most of its
    names have; the names that differ are numbered in the policy. So lifting or suspending one name of a million, or
    moving an end, leaves the index as it is.
    """

    def __init__(self, measure: Measure, time: MeasureTime) -> None:
        sizes = measure.listed.counts()
        self.groups = {each: number for number, each in enumerate(_groups(measure, sizes))}
        held = _lists_of(time.named, measure.listed)
        usual = dict.fromkeys(self.groups, time.own) | _usual_timelines(held, sizes, time)
        self.timelines = [usual[each] for each in self.groups]
        self.own_timelines = len(self.timelines)
        self.counts = [sizes[each] for each in self.groups]
        """How many rules follow each timeline."""
        self.named: dict[WireName, int] = {}
        numbers: dict[Timeline, int] = {}
        for name, group, its in _singled_out(held, usual, measure.listed, time):
            number = self.named[name] = numbers.setdefault(its, self.own_timelines + len(numbers))
            self.counts += [0] * (number == len(self.counts))
            self.counts[self.groups[group]] -= 1
            self.counts[number] += 1
        self.timelines += numbers
        if measure.kind is not MeasureKind.DNS_BLOCK:
            self.counts = [0] * len(self.timelines)


def _groups(measure: Measure, sizes: Collection[Lists]) -> list[Lists]:
    """Give the groups in the order of their numbers."""
    single: list[Lists] = [(None,), *((named.id,) for named in measure.lists)]
    return [*single, *sorted(set(sizes) - set(single), key=_present_lists)]


def _present_lists(lists: Lists) -> list[str]:
    return [each or "" for each in lists]


_Held = Mapping[WireName, Lists]
_FEW: Final = 10_000


def _lists_of(names: Collection[WireName], listed: ListedNames) -> _Held:
    """Tell which lists hold each of these names, if any: asked one by one if few, else group by group."""
    if len(names) < _FEW:
        found = filter(None, map(listed.find, names))
        return {entry.name: entry.lists for entry in found}
    return {name: each for each in listed.counts() for name in listed.held_by(each) if name in names}


def _usual_timelines(held: _Held, sizes: Counter[Lists], time: MeasureTime) -> dict[Lists, Timeline]:
    """Tell for each group that holds names with times of their own which timeline most of its names have."""
    found: dict[Lists, Counter[Timeline]] = {}
    for name, lists in held.items():
        found.setdefault(lists, Counter())[time.named[name]] += 1
    for lists, counts in found.items():
        counts[time.own] += sizes[lists] - counts.total()
    return {lists: max(counts, key=counts.__getitem__) for lists, counts in found.items()}


def _singled_out(
    held: _Held, usual: Mapping[Lists, Timeline], listed: ListedNames, time: MeasureTime
) -> Iterator[tuple[WireName, Lists, Timeline]]:
    """Yield the names whose timeline is not that of most names of their group."""
    for name, lists in held.items():
        if time.named[name] != usual[lists]:
            yield name, lists, time.named[name]
    for lists, its in usual.items():
        if its != time.own:
            yield from ((name, lists, time.own) for name in listed.held_by(lists) if name not in held)


def _measure_record(
    order: Order, timed: TimedMeasure, following: _Following, manners: Manners, listed_as: int
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
        "lists": [_present_lists(lists) for lists in following.groups],
        "deadlines": [deadline_record(measure, each) for each in timed.deadlines],
        "undated": timed.undated,
        "review": review(measure),
        "errors": [
            {"at": each.at, "since": each.since, "settled": each.settled, "why": each.why}
            for each in errors(order, measure)
        ],
    }
    if timed.unsuspended is not None:
        free = _Following(measure, timed.unsuspended)
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


def _timelines(following: _Following) -> list[list[list[float | None]]]:
    return [_spans(timeline) for timeline in following.timelines]


def _spans(timeline: Timeline) -> list[list[float | None]]:
    return [list(span) for span in timeline]


def _named(following: _Following) -> dict[str, int]:
    return {present_name(name): number for name, number in following.named.items()}


def deadline_record(measure: Measure, deadline: Deadline) -> DeadlineRecord:
    """Write a deadline of a measure."""
    return {"measure": measure.id, "list": deadline.list_id or "", "at": deadline.at, "why": deadline.why}


def _order_record(standing: StandingOrder, measures: range) -> OrderRecord:
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
        "measures": list(measures),
    }


def _manifest_entry(timed: TimedOrder) -> ManifestEntry:
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
