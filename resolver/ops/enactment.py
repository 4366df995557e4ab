"""How the orders that stand become rules for the index and the tables of a policy document."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import groupby

from resolver.ops.following import Following
from resolver.ops.order_records import Manners, TimedMeasure, TimedOrder, manifest_entry, measure_record, order_record
from resolver.ops.policy_document import ManifestEntry, MeasureRecord, OrderRecord, SettledRecord
from resolver.orders.index import MAGIC, Rule, RuleTable
from resolver.orders.model import Measure, MeasureKind

IsSettled = Callable[[TimedOrder], bool]


@dataclass(frozen=True, slots=True)
class Blocking:
    """A measure whose names stand in the index: its number, the files that list them, in their order, and a digest.

    ``names`` is a SHA-256 of what the index holds for it, whatever the numbers of measure and files.
    """

    number: int
    measure: Measure
    following: Following
    files: tuple[str, ...]
    names: str

    @classmethod
    def of(cls, number: int, measure: Measure, following: Following) -> "Blocking":
        """Sum up what a measure blocks."""
        files = tuple(measure.listed.file_names())
        return cls(number, measure, following, files, _names_digest(measure, following, files))


def _names_digest(measure: Measure, following: Following, files: Sequence[str]) -> str:
    numbers = {file: number for number, file in enumerate(files)}
    content = sha256()
    for entry in measure.listed.entries.values():
        file, line, _ = entry.place
        place = (following.groups[entry.lists], numbers[file], line)
        content.update(b"%b %b %d %d %d\n" % (entry.name, entry.reach.encode(), *place))
    for each in measure.listed.files:
        if len(each.names):
            told = (each.names.digest, each.reach, following.groups[each.lists], numbers[each.file])
            content.update(repr(told).encode())
    return content.hexdigest()


@dataclass(frozen=True, slots=True)
class EnactedOrder:
    """The records of one order, numbered as if it stood alone."""

    order: OrderRecord
    measures: tuple[MeasureRecord, ...]
    manifest: ManifestEntry
    blocking: tuple[Blocking, ...]


@dataclass(slots=True)
class Tables:
    """What the orders became, in the numbers that rules refer to; filled by `enact` alone."""

    orders: list[OrderRecord] = field(default_factory=list)
    measures: list[MeasureRecord] = field(default_factory=list)
    manifest: list[ManifestEntry] = field(default_factory=list)
    file_numbers: dict[str, int] = field(default_factory=dict)
    blocking: list[Blocking] = field(default_factory=list)

    def add(self, one: EnactedOrder) -> None:
        """Number the records of one more order."""
        first = len(self.measures)
        self.orders.append({**one.order, "measures": list(range(first, first + len(one.measures)))})
        self.measures += ({**each, "listed_as": first + each["listed_as"]} for each in one.measures)
        self.manifest.append(one.manifest)
        for each in one.blocking:
            self.blocking.append(replace(each, number=first + each.number))
            number_files(self.file_numbers, each.files)

    def rules(self) -> Iterator[Rule]:
        """Yield the rules of the names that order files list themselves."""
        for each in self.blocking:
            yield from rules_of(each, self.file_numbers)

    def rule_tables(self) -> Iterator[RuleTable]:
        """Yield the rules of the names that stand in files of their own, packed."""
        for each in self.blocking:
            yield from rule_tables_of(each, self.file_numbers)

    def fingerprint(self) -> str:
        """Tell by a SHA-256 what the index will be made from: with the same one, an index need not be made again."""
        return fingerprint(
            (each.number, each.names, [self.file_numbers[file] for file in each.files]) for each in self.blocking
        )


def number_files(numbers: dict[str, int], files: Iterable[str]) -> None:
    """Give files that have no number the next ones."""
    for file in files:
        numbers.setdefault(file, len(numbers))


def rules_of(blocking: Blocking, files: Mapping[str, int]) -> Iterator[Rule]:
    """Yield the rules of the names of a measure that stand by themselves."""
    for entry in blocking.measure.listed.entries.values():
        file, line, _ = entry.place
        group = blocking.following.groups[entry.lists]
        yield Rule(entry.name, entry.reach, blocking.number, group, files[file], line)


def rule_tables_of(blocking: Blocking, files: Mapping[str, int]) -> Iterator[RuleTable]:
    """Yield the rules of the names of a measure that are packed."""
    for each in blocking.measure.listed.files:
        if len(each.names):
            group = blocking.following.groups[each.lists]
            yield RuleTable(each.names, each.reach, blocking.number, group, files[each.file])


def fingerprint(measures: Iterable[tuple[int, str, Sequence[int]]]) -> str:
    """Tell what an index is made from: by measure its number, `Blocking.names` and the numbers of its files."""
    content = sha256(MAGIC)
    for number, names, files in measures:
        content.update(f"{number} {names} {list(files)}\n".encode())
    return content.hexdigest()


def enact(
    orders: Iterable[TimedOrder], manners: Mapping[str, Manners], is_settled: IsSettled = lambda _: False
) -> Tables:
    """Number measures and files, and write the records and rules of every order, brand by brand.

    An order that ``is_settled`` says so of need not be compiled again for as long as its files stay as they are.
    """
    tables = Tables()
    for timed in orders:
        tables.add(enact_order(timed, manners, is_settled))
    return tables


def enact_order(timed: TimedOrder, manners: Mapping[str, Manners], is_settled: IsSettled) -> EnactedOrder:
    """Write the records of one order, brand by brand."""
    measures: list[MeasureRecord] = []
    blocking: list[Blocking] = []
    for _, of_brands in groupby(timed.measures, lambda each: each.measure.id):
        listed_as = len(measures)
        for each in _bound(of_brands):
            following = Following(each.measure, each.time)
            if each.measure.kind is MeasureKind.DNS_BLOCK and len(measures) == listed_as:
                blocking.append(Blocking.of(listed_as, each.measure, following))
            record = measure_record(timed.standing.order, each, following, manners[each.brand], listed_as)
            measures.append(record)
    manifest = manifest_entry(timed)
    if len(blocking) <= 1 and is_settled(timed):
        manifest["settled"] = _settled(timed, blocking)
    return EnactedOrder(order_record(timed.standing), tuple(measures), manifest, tuple(blocking))


def _settled(timed: TimedOrder, blocking: Sequence[Blocking]) -> SettledRecord:
    """Write what a policy with the same order tells of it beside its records."""
    return {
        "over": over_from(timed),
        "ours": any(each.ours is not None for each in timed.measures),
        "place": list(timed.standing.order.place[1:]),
        "names": sum(len(each.measure.listed) for each in blocking),
        "listed": [{"measure": each.number, "names": each.names, "files": list(each.files)} for each in blocking],
    }


def over_from(timed: TimedOrder) -> float | None:
    """Tell from when nothing of an order can be in force (POSIX seconds), 0 if it never was; None if that is open.

    What is suspended may be resumed.
    """
    times = [time for each in timed.measures for time in (each.time, each.unsuspended) if time is not None]
    spans = [span for time in times for timeline in (time.own, *time.named.values()) for span in timeline]
    ends = [0.0 if span.until is None else span.until for span in spans]
    return None if any(span.until is None for span in spans) else max(ends, default=0.0)


def _bound(of_brands: Iterable[TimedMeasure]) -> list[TimedMeasure]:
    """Leave out the brands that a measure does not bind; one that binds none stands once all the same."""
    every = list(of_brands)
    return [each for each in every if each.ours is not None] or every[:1]
