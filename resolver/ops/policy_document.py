"""What a policy document holds: the law in force and to come, for workers, for `explain` and for metrics.

Names, addresses and dates are text, instants are POSIX seconds. The names that orders list are not in here but in the
index that ``index`` names.
"""

from typing import NotRequired, TypedDict

from resolver.core.policy_entries import BrandEntry, ExemptionEntry, MeasureEntry

VERSION = 3


class DeadlineRecord(TypedDict):
    """By when (POSIX seconds) a measure, or a list of it ("" for none), must be in force, and why by then."""

    measure: str
    list: str
    at: float
    why: str


class ErrorRecord(TypedDict):
    """A suspension for an error of ours (POSIX seconds): it ends ``at``, and is to be settled from ``since`` on."""

    at: float
    since: float
    settled: float | None
    why: str


class TimelinesRecord(TypedDict):
    """Timelines by the number that rules carry, and the numbers of names that have others, as in `MeasureEntry`.

    ``own`` is that of the measure as a whole, whatever became of single names and lists.
    """

    own: list[list[float | None]]
    timelines: list[list[list[float | None]]]
    named: dict[str, int]


class MeasureRecord(MeasureEntry):
    """A measure with all that is said about it, for one brand; ``counts`` are the rules on each of its timelines.

    ``own_timelines`` is how many of these are numbered by rules; the others are numbered by ``named``. A measure that
    binds none of us is not ``ours``: it is never in force, and stands here so that it can be explained. ``lists`` tells
    which lists hold the names that a `Rule.timeline` numbers, "" for the measure itself; older documents lack it.
    ``undated``: it sets a time to comply, and nobody noted the service. ``review`` is when somebody must look at it
    again (POSIX seconds). ``unsuspended`` is what its timelines would be if nothing of it were ever suspended;
    ``own`` is as there.
    """

    kind: str
    line: int
    addressees: list[str]
    ours: bool
    period: str
    because: str
    pinned: bool
    first_applied: str | None
    own_timelines: int
    counts: list[int]
    names: int
    lists: NotRequired[list[list[str]]]
    deadlines: NotRequired[list[DeadlineRecord]]
    undated: NotRequired[bool]
    review: NotRequired[float | None]
    errors: NotRequired[list[ErrorRecord]]
    own: NotRequired[list[list[float | None]]]
    unsuspended: NotRequired[TimelinesRecord]


class OrderRecord(TypedDict):
    """An order; ``kept`` says that its last good version stands in for a file that was refused.

    ``natural_applicants`` counts those whom nobody is told; ``public_ids`` are pairs of database and id there. Older
    documents lack what is not required.
    """

    id: str
    authority: str
    case_number: str
    decided: str
    title: str | None
    legal_basis: str | None
    applicants: list[str]
    natural_applicants: NotRequired[int]
    language: NotRequired[str]
    remedy: NotRequired[str | None]
    public_ids: NotRequired[list[list[str]]]
    territory: str | None
    nature: str
    confidential: bool
    verified: str | None
    sources: list[str]
    not_ours: str | None
    file: str
    line: int
    kept: bool
    measures: list[int]


class RefusedVersionRecord(TypedDict):
    """Where a refused version that still un-blocks is kept; ``repeats`` as in `KeptRefusal`."""

    path: str
    files: list[list[str]]
    repeats: bool


class ListedRecord(TypedDict):
    """What the index holds for a measure, by its number within the order: a digest (`Blocking.names`) and the files."""

    measure: int
    names: str
    files: list[str]


class SettledRecord(TypedDict):
    """What need not be compiled again while its files stay as they are, as there is nothing to be told of it.

    ``over`` is from when nothing of the order can be in force (POSIX seconds; None: open), ``ours`` whether any of it
    ever was ours, and ``place`` line and column of its id. ``names`` counts those that it blocks, ``listed`` sums up
    the measure that lists them.
    """

    over: float | None
    ours: bool
    place: list[int]
    names: int
    listed: list[ListedRecord]


class ManifestEntry(TypedDict):
    """Where the applied version of an order is kept: name and SHA-256 of each file, the order file first.

    ``settled`` is there if a reload may take its records as they are.
    """

    id: str
    path: str
    files: list[list[str]]
    first_applied: dict[str, str]
    refused: NotRequired[list[RefusedVersionRecord]]
    settled: NotRequired[SettledRecord]


class RefusalRecord(TypedDict):
    """A file that was refused and why; ``order`` is None where it could not even be told which order it holds.

    ``deadlines`` are those of measures and lists that nothing enforces because of that.
    """

    file: str
    order: str | None
    problems: list[str]
    kept: bool
    deadlines: NotRequired[list[DeadlineRecord]]


class PolicyDocument(TypedDict):
    """The whole; the numbers of ``orders[].measures`` and of rules are places in ``measures`` and ``files``.

    ``laid_out`` tells what the index was made from (`Tables.fingerprint`); ``names`` are the distinct ones in it.
    ``brands`` are those beside the operator's own; a measure that binds several stands once for each.
    """

    version: int
    index: str
    laid_out: str
    names: int
    brands: NotRequired[list[BrandEntry]]
    exempt: NotRequired[list[ExemptionEntry]]
    rehearsal: bool
    orders: list[OrderRecord]
    measures: list[MeasureRecord]
    files: list[str]
    manifest: list[ManifestEntry]
    refused: list[RefusalRecord]


def measure_words(measure: MeasureRecord) -> str:
    """Name a measure within its order, with the brand that it binds if that is not the operator's own name."""
    brand = measure.get("brand", "")
    return f"{measure['id']} for {brand}" if brand else measure["id"]
