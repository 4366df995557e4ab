"""What an order is: the types that an order file becomes once it has been read and found sound."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from resolver.dns.name import WireName


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


@dataclass(frozen=True, slots=True)
class Listed:
    """One name as an order lists it: its wire form, its reach, how the order spells it, and where."""

    name: WireName
    reach: Reach
    as_written: str
    place: Place
    list_id: str | None = None
    received: datetime | None = None


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
    """

    id: str
    kind: MeasureKind
    addressees: tuple[Addressee, ...]
    period: Period
    listed: tuple[Listed, ...]
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
class Order:
    """One decision of an authority."""

    id: str
    authority: str
    case_number: str
    decided: date
    measures: tuple[Measure, ...]
    place: Place
    title: str | None = None
    legal_basis: str | None = None
    applicants: tuple[str, ...] = ()
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
