"""``arret today``: what the legal desk must do: deadlines, ends, reviews, and what is wrong or not written down."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

import click

from resolver.cli.arguments import config_option, examples, json_option, present_instant, read_config
from resolver.cli.law import Law, read_law
from resolver.cli.law_of_files import compile_now
from resolver.cli.progress import shown_progress
from resolver.cli.standing import State, measure_standing
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, counted, from_here, say, say_json
from resolver.ops.agenda import Appointment, Subject, appointments
from resolver.ops.clock import utc_text
from resolver.ops.compile import CompileReport
from resolver.ops.exemption_words import exemption_document, exemption_words
from resolver.ops.policy_document import MeasureRecord, measure_words
from resolver.orders.model import MeasureKind
from resolver.proof.chain import Kind as EntryKind
from resolver.proof.journal import JOURNAL_FILE, JournalError, open_for_reading
from resolver.proof.reading import entries

DAY: Final = 86_400.0
TOLD_FOR: Final = 30 * DAY
"""How long it is told that the journal was begun anew."""


class Kind(StrEnum):
    """What is to be done, the most urgent first."""

    OVERDUE = "overdue"
    REFUSED = "refused"
    JOURNAL = "journal begun anew"
    ERROR = "suspended by error"
    DUE = "due"
    REVIEW = "review due"
    ENDING = "ending"
    UNPINNED = "unpinned"
    UNDATED = "undated"


STYLES: Final = dict.fromkeys((Kind.OVERDUE, Kind.REFUSED, Kind.JOURNAL, Kind.ERROR), BAD) | dict.fromkeys(
    (Kind.DUE, Kind.REVIEW), DOUBTFUL
)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, about an order or one of its files; ``at`` is in POSIX seconds, None where it has no date.

    What is about the journal is about no order.
    """

    kind: Kind
    order: str
    measure: str
    list_id: str
    at: float | None
    what: str

    def line(self) -> str:
        """Write it for people."""
        part = f"/{self.measure}" if self.measure else ""
        of_list = f", list {self.list_id}" if self.list_id else ""
        when = "" if self.at is None else f" {present_instant(self.at)}"
        subject = f"{self.order}{part}{of_list}: " if self.order else ""
        return f"{self.kind}{when}: {subject}{self.what}"

    def as_document(self) -> dict[str, Any]:
        """Write it for scripts."""
        return {
            "kind": self.kind.value,
            "order": self.order or None,
            "measure": self.measure or None,
            "list": self.list_id or None,
            "at": utc_text(self.at),
            "what": self.what,
        }


@click.command(
    short_help="List what is due, overdue, ending or missing.",
    epilog=examples("arret today", "arret today --days 30", "arret today --json"),
)
@click.option("--days", type=click.IntRange(0, 3_660), default=14, show_default=True, help="How far to look ahead.")
@config_option
@json_option
def today(days: int, config_file: Path | None, *, as_json: bool) -> None:
    """List what the legal desk must do: what must be in force by when and is not, what is refused, what ends soon, what
    somebody must look at again, and which dates nobody wrote down; and who is exempt, until when and why.

    The order files are read, and the running server is asked what it enforces. Ends with 1 if something is overdue.
    """
    config = read_config(config_file)
    law = read_law(config)
    with shown_progress() as tell:
        report, wall = compile_now(config, tell)
    wall = law.wall if law.running else wall
    tasks = sorted([*tasks_at(report, law, wall, days * DAY), *_lost_journal(config.state)], key=_urgency)
    if as_json:
        documents = [task.as_document() for task in tasks]
        exempt = [exemption_document(each) for each in law.exemptions(wall)]
        say_json({"at": utc_text(wall), "days": days, "tasks": documents, "exempt": exempt, **law.origin()})
    else:
        _say(tasks, days, law, wall)
    if any(task.kind is Kind.OVERDUE for task in tasks):
        raise SystemExit(1)


def _urgency(task: Task) -> tuple[int, float, str]:
    return list(Kind).index(task.kind), task.at or 0.0, task.order


def _say(tasks: list[Task], days: int, law: Law, wall: float) -> None:
    for task in tasks:
        say(task.line(), STYLES.get(task.kind, ""))
    for exemption in law.exemptions(wall):
        say(f"exempt: {exemption_words(exemption)}", DOUBTFUL)
    what = counted(len(tasks), "thing") + " to look at" if tasks else "nothing is to be done"
    say(f"{what} within {counted(days, 'day')}, by {law.origin_words()}", DOUBTFUL if tasks else GOOD)


def tasks_at(report: CompileReport, law: Law, wall: float, ahead: float) -> Iterator[Task]:
    """Find what is to be done at an instant (POSIX seconds), looking so many seconds ahead.

    ``report`` is that of the files on disk; what a running server does not enforce is not in force, whatever they say.
    """
    for each in appointments(report.document, law.document if law.running else None):
        if each.is_open(wall) and (each.at <= wall + ahead or each.subject is Subject.ERROR):
            yield _dated(each, wall)
    for refusal in report.choice.refused:
        first = refusal.problems[0]
        more = f", and {counted(len(refusal.problems) - 1, 'problem')} more" if len(refusal.problems) > 1 else ""
        what = from_here(str(first)) + more + ("; its last good version stands" if refusal.kept else "")
        yield Task(Kind.REFUSED, refusal.order or from_here(refusal.file), "", "", None, what)
    for record in report.document["measures"]:
        if record["kind"] == MeasureKind.DNS_BLOCK and record["ours"]:
            yield from _not_written_down(record, wall)


def _lost_journal(state: Path) -> Iterator[Task]:
    """Tell for a month that the journal lost what was before; one that cannot be read is told by `arret journal`."""
    try:
        with closing(open_for_reading(state / JOURNAL_FILE)) as reading:
            *_, lost = (None, *(each.facts for each in entries(reading, kinds=[EntryKind.BEGUN_ANEW])))
    except JournalError:
        return
    if lost is None:
        return
    at = datetime.fromisoformat(lost["time"]).timestamp()
    if time.time() < at + TOLD_FOR:
        yield Task(Kind.JOURNAL, "", "", "", at, f"{lost['why']}; look who had the state folder")


def _dated(each: Appointment, wall: float) -> Task:
    match each.subject:
        case Subject.COMPLY:
            kind = Kind.OVERDUE if each.at <= wall else Kind.DUE
            what = f"must be in force by then ({each.why}), and is not"
        case Subject.END:
            kind, what = Kind.ENDING, f"ends ({each.why})"
        case Subject.REVIEW:
            kind, what = Kind.REVIEW, f"must be looked at again ({each.why})"
        case Subject.ERROR:
            kind = Kind.ERROR
            what = f"{each.why}; the suspension ends then, and nobody has settled it: resume, lift or suspend for good"
        case _:
            assert_never(each.subject)
    return Task(kind, each.order, each.measure, each.list_id, each.at, what)


def _not_written_down(record: MeasureRecord, wall: float) -> Iterator[Task]:
    """Find dates on which a measure that is not over depends, and that its file does not tell."""
    if measure_standing(record, wall).state is State.OVER:
        return
    measure = measure_words(record)
    if not record["pinned"]:
        entry = f"- {{date: {record['first_applied']}, event: implemented, measure: {record['id']}}}"
        what = f"counts from its first application here; add to the history, with the true date: {entry}"
        yield Task(Kind.UNPINNED, record["order"], measure, "", None, what)
    elif record.get("undated", False) and measure_standing(record, wall).state is State.NOT_YET:
        what = "sets a time to comply with, but no addressee that is us has `served:`"
        yield Task(Kind.UNDATED, record["order"], measure, "", None, what)
