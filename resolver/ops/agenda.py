"""What has a date in a policy: deadlines to comply with, ends, reviews; and which of these are still open when."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import inf
from typing import NamedTuple

from resolver.ops.policy_document import DeadlineRecord, MeasureRecord, PolicyDocument, measure_words
from resolver.orders.model import MeasureKind


class Subject(StrEnum):
    """What a date is about."""

    COMPLY = "comply"
    END = "end"
    REVIEW = "review"
    ERROR = "error"


class Appointment(NamedTuple):
    """A date (POSIX seconds) of a measure, or of a list of it ("" for none), and why it is on that day.

    It concerns somebody from ``since`` up to but not including ``until``: a deadline until the measure is in force,
    be it overdue or not; an end and a review while it is; a suspension for an error of ours until it is settled.
    """

    subject: Subject
    at: float
    since: float
    until: float
    order: str
    measure: str
    list_id: str
    why: str

    def is_open(self, wall: float) -> bool:
        """Tell whether it concerns somebody at an instant (POSIX seconds)."""
        return self.since <= wall < self.until


def appointments(document: PolicyDocument, applied: PolicyDocument | None = None) -> Iterator[Appointment]:
    """Find every date of a policy, open or not.

    Deadlines are met by what is in force in ``applied``, or in this policy itself if that is None.
    """
    in_force = {_identity(record): record for record in (applied or document)["measures"]}
    for record in document["measures"]:
        if record["kind"] == MeasureKind.DNS_BLOCK and record["ours"]:
            yield from _deadlines(record, in_force.get(_identity(record)))
            yield from _ends(record)
            yield from _reviews(record)
            yield from _errors(record)
    for refusal in document["refused"]:
        for each in refusal.get("deadlines", []):
            why = f"{each['why']}, but its file is refused"
            yield Appointment(
                Subject.COMPLY, each["at"], -inf, inf, refusal["order"] or "", each["measure"], each["list"], why
            )


def _identity(record: MeasureRecord) -> tuple[str, str]:
    return record["order"], measure_words(record)


def _deadlines(record: MeasureRecord, applied: MeasureRecord | None) -> Iterator[Appointment]:
    for each in record.get("deadlines", []):
        spans = _spans_of(record, each["list"])
        if spans:
            until = inf if applied is None else _met(applied, each, _last(spans))
            yield Appointment(
                Subject.COMPLY,
                each["at"],
                -inf,
                until,
                record["order"],
                measure_words(record),
                each["list"],
                each["why"],
            )


def _met(applied: MeasureRecord, deadline: DeadlineRecord, end: float) -> float:
    """Tell from when a deadline is met: from the beginning in force, or, where it is observed only, from the end."""
    spans = _spans_of(applied, deadline["list"])
    if applied.get("observe", False):
        return end
    return _first(spans) if spans else inf


def _ends(record: MeasureRecord) -> Iterator[Appointment]:
    for since, until in _spans_of(record, ""):
        if until is not None and not record.get("observe", False):
            yield Appointment(
                Subject.END, until, since or 0.0, until, record["order"], measure_words(record), "", record["because"]
            )


def _reviews(record: MeasureRecord) -> Iterator[Appointment]:
    spans, review = _spans_of(record, ""), record.get("review")
    if review is not None and spans:
        yield Appointment(
            Subject.REVIEW,
            review,
            _first(spans),
            _last(spans),
            record["order"],
            measure_words(record),
            "",
            record["period"],
        )


def _errors(record: MeasureRecord) -> Iterator[Appointment]:
    last = max(map(_last, filter(None, record["timelines"])), default=inf)
    for each in record.get("errors", []):
        over = max(last, each["at"])
        until = over if each["settled"] is None else min(each["settled"], over)
        yield Appointment(
            Subject.ERROR, each["at"], each["since"], until, record["order"], measure_words(record), "", each["why"]
        )


def _spans_of(record: MeasureRecord, list_id: str) -> Sequence[Sequence[float | None]]:
    """Find when most names of a list, or of the measure itself, are in force; nothing for a list that is not there."""
    groups = record.get("lists", [[""]])
    if list_id and [list_id] not in groups:
        return ()
    return record["timelines"][groups.index([list_id]) if list_id else 0]


def _first(spans: Sequence[Sequence[float | None]]) -> float:
    since = spans[0][0]
    return -inf if since is None else since


def _last(spans: Sequence[Sequence[float | None]]) -> float:
    until = spans[-1][1]
    return inf if until is None else until
