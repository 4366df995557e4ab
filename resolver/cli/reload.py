"""``arret reload``: read everything again, wait until every worker has it in force, say what changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import click

from resolver.cli.arguments import config_option, examples, json_option, present_instant, read_config
from resolver.cli.progress import watched_progress
from resolver.cli.server import ask_server
from resolver.cli.standing import whole_times
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, complain, counted, say, say_json
from resolver.ops.config import Config
from resolver.ops.policy_document import MeasureRecord, OrderRecord, PolicyDocument, measure_words
from resolver.ops.policy_file import DamagedPolicyError, read_document
from resolver.ops.timelines import spans
from resolver.orders.model import MeasureKind, Timeline

RELOAD_SECONDS = 660.0
"""Longer than the server gives a compilation."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one order."""

    order: str
    what: str


@click.command(
    short_help="Read configuration and orders again, everywhere.",
    epilog=examples("arret reload", "arret reload --json", "systemctl reload arret   # without waiting"),
)
@config_option
@json_option
def reload(config_file: Path | None, *, as_json: bool) -> None:
    """Make the running server read configuration and orders again; wait until every worker has them in force.

    Prints what changed and what was refused. What is refused keeps its last good version and ends this with 1;
    everything else applies all the same.
    """
    reload_server(read_config(config_file), None, as_json=as_json)


def reload_server(config: Config, plan: str | None, *, as_json: bool) -> None:
    """Have the server reload, with a plan's digest if that is given, say what came of it, and end with 1 if it must."""
    before = applied_document(config)
    with watched_progress(config.state):
        answer = ask_server(config, "reload", RELOAD_SECONDS, plan=plan)
    changes = list(changes_between(before, applied_document(config)))
    problems = [str(problem) for problem in answer["problems"]]
    if as_json:
        say_json({**answer, "orders": [{"order": each.order, "what": each.what} for each in changes]})
    else:
        _say_outcome(answer, changes)
    if problems:
        raise SystemExit(1)


def applied_document(config: Config) -> PolicyDocument | None:
    """Read the policy that the running server has in force; None if its file cannot be read by this user."""
    file = ask_server(config, "status")["policy"]
    try:
        return read_document(Path(file)) if file else None
    except (OSError, DamagedPolicyError):
        return None


def changes_between(before: PolicyDocument | None, after: PolicyDocument | None) -> Iterator[Change]:
    """Say what became of each order that is not as it was."""
    old, new = _by_order(before), _by_order(after)
    for order in sorted(old.keys() | new.keys()):
        if order not in old:
            yield Change(order, f"new, {counted(new[order].names, 'name')}")
        elif order not in new:
            yield Change(order, f"gone, it had {counted(old[order].names, 'name')}")
        elif old[order] != new[order]:
            yield Change(order, "; ".join(_differences(old[order], new[order])) or "its file was edited")


@dataclass(frozen=True, slots=True)
class _Content:
    """An order with its blocking measures by id and brand; numbers that mean something within one document only are
    left out.
    """

    kept: bool
    files: list[list[str]]
    measures: dict[str, MeasureRecord]

    @property
    def names(self) -> int:
        return sum({measure["id"]: measure["names"] for measure in self.measures.values()}.values())


def _by_order(document: PolicyDocument | None) -> dict[str, _Content]:
    if document is None:
        return {}
    files = {entry["id"]: entry["files"] for entry in document["manifest"]}
    return {
        order["id"]: _Content(order["kept"], files.get(order["id"], []), _blocking_measures(document, order))
        for order in document["orders"]
    }


def _blocking_measures(document: PolicyDocument, order: OrderRecord) -> dict[str, MeasureRecord]:
    measures = (document["measures"][number] for number in order["measures"])
    blocking = (measure for measure in measures if measure["kind"] == MeasureKind.DNS_BLOCK)
    return {measure_words(measure): cast("MeasureRecord", {**measure, "listed_as": 0}) for measure in blocking}


TOLD: Final = {
    "action": "another action",
    "observe": "observed only, or enforced again",
    "whole": "begins or ends at another time",
    "of_lists": "other times for a list",
    "named": "other times for single names",
    "ipv4": "another IPv4 address",
    "ipv6": "another IPv6 address",
    "ttl": "another TTL",
    "ede_text": "another text",
    "follow_cname": "other rules for aliases",
    "allow_alias": "other aliases released",
}
"""What of a measure is worth a word when it changes."""

STRETCHES_TOLD: Final = 3


def _differences(old: _Content, new: _Content) -> Iterator[str]:
    if old.names != new.names:
        yield f"{counted(old.names, 'name')} before, {new.names} now"
    if old.kept != new.kept:
        yield "refused, its last good version stays" if new.kept else "its own file stands again"
    for measure in sorted(old.measures.keys() | new.measures.keys()):
        was, now = old.measures.get(measure), new.measures.get(measure)
        if was is None or now is None:
            yield f"measure {measure} is {'new' if was is None else 'gone'}"
            continue
        written_was, written_now = _comparable(was), _comparable(now)
        for key, what in TOLD.items():
            if written_was.get(key) != written_now.get(key):
                yield f"{measure}: {what}{_present_times(whole_times(now)) if key == 'whole' else ''}"


def _comparable(measure: MeasureRecord) -> dict[str, object]:
    """Write a measure with its times beside what they are for, for their numbers mean nothing elsewhere."""
    whole, timelines = whole_times(measure), [spans(each) for each in measure["timelines"]]
    named = {name: timelines[number] for name, number in measure["named"].items()}
    return {**measure, "whole": whole, "of_lists": {*timelines[: measure["own_timelines"]]} - {whole}, "named": named}


def _present_times(timeline: Timeline) -> str:
    """Say when a measure is in force now; of a long history, the last stretches."""
    if not timeline:
        return ", never in force"
    ends = ["without an end" if each.until is None else f"until {present_instant(each.until)}" for each in timeline]
    told = [f"from {present_instant(each.since)} {end}" for each, end in zip(timeline, ends, strict=True)]
    return f", {'… ' if len(told) > STRETCHES_TOLD else ''}{' and '.join(told[-STRETCHES_TOLD:])}"


def _say_outcome(answer: dict[str, Any], changes: list[Change]) -> None:
    for problem in answer["problems"]:
        complain(f"refused: {problem}")
    for warning in answer["warnings"]:
        complain(f"warning: {warning}")
    for change in changes:
        say(f"  {change.order}: {change.what}")
    if answer["problems"]:
        say("reloaded, but for what was refused; that stays as it was", BAD)
    elif answer["changed"]:
        say("reloaded, in force in every worker", GOOD)
    else:
        say("nothing has changed", DOUBTFUL)
