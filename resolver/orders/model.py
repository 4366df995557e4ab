"""What an order is: the types that an order file becomes once it has been read and found sound."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice, repeat
from typing import NamedTuple

from resolver.dns.name import WireName, hierarchy_key, name_of_hierarchy_key, present_name
from resolver.orders.name_table import NameTable


class Place(NamedTuple):
    """Where something stands in a file; line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file, where, and what to do about it."""

    place: Place
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Reach(StrEnum):
    """How far a listed name reaches."""

    EXACT = "exact"
    SUBTREE = "subtree"


class Action(StrEnum):
    """What a query for a listed name gets; the words are those of response policy zones."""

    REDIRECT = "redirect"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    DROP = "drop"


class MeasureKind(StrEnum):
    """Whom a measure addresses: access providers block, search engines delist."""

    DNS_BLOCK = "dns-block"
    DELIST = "delist"


class Nature(StrEnum):
    """What kind of decision it is; an agency's notification has no court."""

    JUDGMENT = "judgment"
    INTERIM = "interim"
    ADMINISTRATIVE = "administrative"


class PeriodStart(StrEnum):
    """The fact from which a measure's duration counts."""

    IMPLEMENTATION = "implementation"
    SERVICE = "service"
    DECISION = "decision"


class EventKind(StrEnum):
    """What may happen to an order after it was given."""

    IMPLEMENTED = "implemented"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    NAMES_ADDED = "names-added"
    NAMES_REMOVED = "names-removed"
    END_MOVED = "end-moved"
    APPEALED = "appealed"
    CONFIRMED = "confirmed"
    REVERSED = "reversed"
    LIFTED = "lifted"


class Ground(StrEnum):
    """On whose account an order is suspended or lifted; an error is our own, and must be settled soon."""

    COURT = "court"
    AUTHORITY = "authority"
    APPLICANT = "applicant"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as a court writes it; months follow the calendar, hours run without a stop."""

    months: int = 0
    days: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True)
class Lasts:
    """A period of a given length; ``at_most`` is a last day that it never passes."""

    duration: Duration
    start: PeriodStart | date
    at_most: date | None = None


@dataclass(frozen=True, slots=True)
class Until:
    """A period up to and including its last day, or, where an hour was ordered, up to that instant."""

    last: date | datetime
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A period without an end; ``review_by`` is the day on which somebody must look at it again."""

    review_by: date


Period = Lasts | Until | Unlimited


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody whom a measure orders to act."""

    name: str
    siren: str | None = None
    served: date | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class RedirectTarget:
    """Somebody else's page that law or order imposes; textual addresses, at least one."""

    ipv4: str | None
    ipv6: str | None


Lists = tuple[str | None, ...]
"""The lists of a measure that hold a name, by id and in their order; None stands for the measure's own names."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One name as an order lists it: its wire form, its reach, how the order spells it, and where it stands first."""

    name: WireName
    reach: Reach
    as_written: str
    place: Place
    lists: Lists = (None,)
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """Names that a measure takes from one file, which all have one reach and belong to the same lists."""

    file: str
    names: NameTable
    reach: Reach
    lists: Lists = (None,)
    received: datetime | None = None

    def __iter__(self) -> Iterator[Listed]:
        """Yield every name as it would be listed by itself; made one by one, and not kept."""
        for key, line, column in zip(self.names, self.names.lines, self.names.columns, strict=True):
            yield self._listed(name_of_hierarchy_key(key), line, column)

    def find(self, name: WireName) -> Listed | None:
        """Find one name; None if this file does not list it."""
        number = self.names.find(name)
        return None if number is None else self._listed(name, self.names.lines[number], self.names.columns[number])

    def _listed(self, name: WireName, line: int, column: int) -> Listed:
        place = Place(self.file, line, column)
        return Listed(name, self.reach, present_name(name), place, self.lists, self.received)


@dataclass(frozen=True, slots=True)
class ListedNames:
    """Every name that a measure lists, each once: by itself, in ``entries``, or packed with its file."""

    entries: Mapping[WireName, Listed] = field(default_factory=dict)
    files: tuple[ListedFile, ...] = ()

    def __len__(self) -> int:
        """Count the names."""
        return len(self.entries) + sum(len(each.names) for each in self.files)

    def __iter__(self) -> Iterator[Listed]:
        """Yield every name; for a million of them this takes seconds, and `find` or ``files`` may do."""
        yield from self.entries.values()
        for each in self.files:
            yield from each

    def find(self, name: WireName) -> Listed | None:
        """Find how a name is listed; None if it is not."""
        return self.entries.get(name) or next(filter(None, (each.find(name) for each in self.files)), None)

    def of_list(self, list_id: str) -> Iterator[tuple[WireName, Lists]]:
        """Yield the names of one list, each with all lists that hold it."""
        yield from ((entry.name, entry.lists) for entry in self.entries.values() if list_id in entry.lists)
        for each in self.files:
            if list_id in each.lists:
                yield from zip(map(name_of_hierarchy_key, each.names), repeat(each.lists))

    def held_by(self, lists: Lists) -> Iterator[WireName]:
        """Yield the names that these lists hold, and no other."""
        yield from (entry.name for entry in self.entries.values() if entry.lists == lists)
        for each in self.files:
            if each.lists == lists:
                yield from map(name_of_hierarchy_key, each.names)

    def counts(self) -> Counter[Lists]:
        """Count the names by the lists that hold them."""
        counts = Counter(entry.lists for entry in self.entries.values())
        for each in self.files:
            if len(each.names):
                counts[each.lists] += len(each.names)
        return counts

    def file_names(self) -> Iterator[str]:
        """Yield the files in which names stand, each once."""
        places = (entry.place.file for entry in self.entries.values())
        yield from dict.fromkeys((*places, *(each.file for each in self.files if len(each.names))))

    def tables(self) -> Iterator[NameTable]:
        """Give the names alone, to be counted and compared."""
        yield NameTable.of((hierarchy_key(name), 0, 0) for name in self.entries)
        yield from (each.names for each in self.files)

    def some(self, count: int) -> list[WireName]:
        """Give at most so many of the names, to compare a misspelt one with."""
        return [entry.name for entry in islice(self, count)]


@dataclass(frozen=True, slots=True)
class NameList:
    """One list of names that belongs to a measure: whose it is, and when it reached us."""

    id: str
    by: str | None
    received: datetime | None
    comply_within: Duration | None
    file: str | None


@dataclass(frozen=True, slots=True)
class CannotEnforce:
    """Something an order asks that DNS cannot do; it is answered, never turned into a name."""

    as_written: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class AllowedProtected:
    """A protected name that an order overrides, and the reason given for it."""

    name: WireName
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Measure:
    """What one order demands of some addressees: names, reach, action, period.

    ``skipped`` are the listed texts that are no names, where the file says that these are to be passed over.
    ``observe``: what it would block is counted, and allowed.
    """

    id: str
    kind: MeasureKind
    addressees: tuple[Addressee, ...]
    period: Period
    listed: ListedNames
    place: Place
    action: Action = Action.REDIRECT
    redirect_to: RedirectTarget | None = None
    comply_within: Duration | None = None
    timezone: str = "Europe/Paris"
    follow_cname: bool = True
    allow_alias: tuple[WireName, ...] = ()
    cannot_enforce: tuple[CannotEnforce, ...] = ()
    lists: tuple[NameList, ...] = ()
    skipped: tuple[Problem, ...] = ()
    observe: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of an order's history. ``measure`` and ``names`` narrow it; absent, it concerns all of them.

    ``until`` ends a suspension, or is the new last day of an ``end-moved``.
    """

    day: date | datetime
    kind: EventKind
    place: Place
    measure: str | None = None
    list_id: str | None = None
    names: tuple[WireName, ...] | None = None
    until: date | datetime | None = None
    ground: Ground | None = None
    why: str | None = None
    by: str | None = None
    effect: str | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A paper that belongs to an order, with the SHA-256 that proves it."""

    what: str
    file: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class PublicId:
    """An order's id in a public database of such orders; ``db`` is that database's registered id."""

    db: str
    id: str


@dataclass(frozen=True, slots=True)
class Order:
    """One decision of an authority.

    ``applicants`` are legal persons; of natural persons nothing but their number is known outside the file.
    ``language`` is that of its texts, as BCP 47 writes it; ``remedy`` says what can be done against it.
    """

    id: str
    authority: str
    case_number: str
    decided: date
    measures: tuple[Measure, ...]
    place: Place
    title: str | None = None
    legal_basis: str | None = None
    applicants: tuple[str, ...] = ()
    natural_applicants: int = 0
    language: str = "fr"
    remedy: str | None = None
    public_ids: tuple[PublicId, ...] = ()
    territory: str | None = None
    nature: Nature = Nature.JUDGMENT
    enforceable: str | None = None
    verified: str | None = None
    notes: str | None = None
    confidential: bool = False
    sources: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    history: tuple[Event, ...] = ()
    not_ours: str | None = None
    allow_protected: tuple[AllowedProtected, ...] = ()


class Span(NamedTuple):
    """A stretch of time in force, in POSIX seconds (UTC): from ``since``, up to but not including ``until``."""

    since: float
    until: float | None


Timeline = tuple[Span, ...]
"""When something is in force: spans in order, apart from each other; empty means never."""
