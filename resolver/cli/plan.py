"""``arret plan``: what the orders on disk would change, what is refused of them, and the digest that confirms it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config, spelled
from resolver.cli.law_of_files import compile_now
from resolver.cli.progress import shown_progress
from resolver.cli.reload import changes_between
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, QUIET, counted, from_here, say, say_json
from resolver.dns.name import name_of_hierarchy_key
from resolver.ops.compile import CompileReport
from resolver.ops.config import Config
from resolver.ops.exemption_words import exemption_document, exemption_words
from resolver.ops.plan import confirms_anything
from resolver.ops.policy_document import PolicyDocument, measure_words
from resolver.ops.policy_file import read_current, read_document
from resolver.orders.model import MeasureKind, Order
from resolver.orders.name_table import DistinctNames

FIRST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one order: how many names come and go, and the first of them."""

    order: str
    what: str
    coming: int
    first_coming: tuple[str, ...]
    going: int
    first_going: tuple[str, ...]
    accident: tuple[str, ...]
    """Why the change looks like an accident, which only its plan's digest lets through."""

    def as_document(self) -> dict[str, Any]:
        """Write it for scripts."""
        return {
            "order": self.order,
            "what": self.what,
            "coming": {"names": self.coming, "first": list(self.first_coming)},
            "going": {"names": self.going, "first": list(self.first_going)},
            "accident": list(self.accident),
        }


@click.command(
    short_help="Say what the orders on disk would change.",
    epilog=examples("arret plan", "arret plan --json"),
)
@config_option
@json_option
def plan(config_file: Path | None, *, as_json: bool) -> None:
    """Compare the orders on disk with those applied last: what comes and goes, what is refused, and a digest.

    Changes nothing. `arret apply --plan DIGEST` applies exactly this, also what looks like an accident. Ends with 1 if
    anything is refused, or would be without that digest because it looks like an accident.
    """
    config = read_config(config_file)
    with shown_progress() as tell:
        report, _ = compile_now(config, tell, confirms_anything)
    differences = list(differences_of(report, _applied_document(config)))
    if as_json:
        say_json(_as_document(report, differences))
    else:
        _say(report, differences)
    if report.problems or report.choice.confirmed:
        raise SystemExit(1)


def _applied_document(config: Config) -> PolicyDocument | None:
    applied = read_current(config.state)
    return read_document(applied.path) if applied is not None and applied.path is not None else None


def differences_of(report: CompileReport, applied: PolicyDocument | None) -> Iterator[Difference]:
    """Say what becomes of each order that will not be as it was; ``report`` is that of a plan."""
    after = {standing.order.id: standing.order for standing in report.choice.standing}
    for change in changes_between(applied, report.document):
        old, new = (_names(orders.get(change.order)) for orders in (report.before, after))
        accident = tuple(problem.what for problem in report.choice.confirmed.get(change.order, ()))
        coming, going = (_first(new, old), _first(old, new))
        yield Difference(
            change.order, change.what, new.missing_from(old), coming, old.missing_from(new), going, accident
        )


def _names(order: Order | None) -> DistinctNames:
    measures = () if order is None else order.measures
    blocking = (measure for measure in measures if measure.kind is MeasureKind.DNS_BLOCK)
    return DistinctNames(table for measure in blocking for table in measure.listed.tables())


def _first(names: DistinctNames, others: DistinctNames) -> tuple[str, ...]:
    """Write the first names that the others do not hold."""
    return tuple(spelled(name_of_hierarchy_key(key)) for key in islice(_missing(names, others), FIRST_NAMES))


def _missing(names: DistinctNames, others: DistinctNames) -> Iterator[bytes]:
    theirs = iter(others)
    their = next(theirs, None)
    for key in names:
        while their is not None and their < key:
            their = next(theirs, None)
        if their != key:
            yield key


def _as_document(report: CompileReport, differences: Iterable[Difference]) -> dict[str, Any]:
    accidents = sorted(report.choice.confirmed)
    return {
        "ok": not report.problems and not accidents,
        "plan": report.plan,
        "accidents": accidents,
        "confirm": _confirmation(report) if accidents else None,
        "orders": [each.as_document() for each in differences],
        "refused": [
            {
                "file": refusal.file,
                "order": refusal.order,
                "kept": refusal.kept,
                "problems": list(map(str, refusal.problems)),
            }
            for refusal in report.choice.refused
        ],
        "problems": list(map(str, report.problems)),
        "exempt": [exemption_document(each) for each in report.document.get("exempt", [])],
        "observed": _observed(report.document),
    }


def _observed(document: PolicyDocument) -> list[str]:
    """Name the measures that are only observed."""
    measures = (measure for measure in document["measures"] if measure.get("observe", False))
    return [f"{measure['order']}/{measure_words(measure)}" for measure in measures]


def _say(report: CompileReport, differences: list[Difference]) -> None:
    for each in differences:
        say(f"  {each.order}: {each.what}")
        _say_names("+", each.coming, each.first_coming)
        _say_names("-", each.going, each.first_going)
        for why in each.accident:
            say(f"      looks like an accident: {why}", DOUBTFUL)
    for problem in report.problems:
        say(f"refused: {from_here(str(problem))}", BAD)
    for entry in report.document.get("exempt", []):
        say(f"exempt: {exemption_words(entry)}", DOUBTFUL)
    for measure in _observed(report.document):
        say(f"observed only: {measure}", DOUBTFUL)
    if not differences:
        say("nothing would change", GOOD)
    accidents = len(report.choice.confirmed)
    say(f"plan {report.plan}: {counted(len(differences), 'order')} would change", BAD if accidents else GOOD)
    if accidents:
        what = f"{counted(accidents, 'change')} that {'looks' if accidents == 1 else 'look'} like an accident"
        say(f"refused by `arret reload`, SIGHUP and a start: {what}; if it is meant: {_confirmation(report)}", BAD)


def _confirmation(report: CompileReport) -> str:
    """Write the command that lets through what looks like an accident in these files."""
    return f"arret apply --plan {report.plan}"


def _say_names(sign: str, count: int, first: tuple[str, ...]) -> None:
    if count:
        more = f", and {count - len(first)} more" if count > len(first) else ""
        say(f"      {sign} {counted(count, 'name')}: {', '.join(first)}{more}", QUIET)
