"""``arret reload``: read everything again, wait until every worker has it in force, say what changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config
from resolver.cli.server import ask_server
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, complain, say, say_json
from resolver.ops.config import Config
from resolver.ops.policy_document import OrderRecord, PolicyDocument
from resolver.ops.policy_file import DamagedPolicyError, read_document

RELOAD_SECONDS = 660.0
"""Longer than the server gives a compilation."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one order."""

    order: str
    what: str


@click.command(epilog=examples("arret reload", "arret reload --json", "systemctl reload arret   # without waiting"))
@config_option
@json_option
def reload(config_file: Path | None, *, as_json: bool) -> None:
    """Make the running server read configuration and orders again; wait until every worker has them in force.

    Prints what changed and what was refused. What is refused keeps its last good version and ends this with 1;
    everything else applies all the same.
    """
    config = read_config(config_file)
    before = applied_document(config)
    answer = ask_server(config, "reload", RELOAD_SECONDS)
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
    old = {} if before is None else {order["id"]: _content(before, order) for order in before["orders"]}
    new = {} if after is None else {order["id"]: _content(after, order) for order in after["orders"]}
    for order in sorted(old.keys() | new.keys()):
        if order not in old:
            yield Change(order, f"new, {_names(new[order])} names")
        elif order not in new:
            yield Change(order, f"gone, it had {_names(old[order])} names")
        elif old[order] != new[order]:
            yield Change(order, _difference(old[order], new[order]))


def _content(document: PolicyDocument, order: OrderRecord) -> dict[str, Any]:
    """Put an order together with its measures, whose numbers have a meaning within one document only."""
    return {**order, "measures": [document["measures"][number] for number in order["measures"]]}


def _names(order: dict[str, Any]) -> int:
    return sum(measure["names"] for measure in order["measures"])


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    said = []
    if _names(old) != _names(new):
        said.append(f"{_names(old)} names before, {_names(new)} now")
    said += [f"{key} changed" for key in new if key != "measures" and old[key] != new[key]]
    if len(old["measures"]) != len(new["measures"]):
        said.append(f"{len(old['measures'])} measures before, {len(new['measures'])} now")
    for was, measure in zip(old["measures"], new["measures"], strict=False):
        said += [f"{measure['id']}: {key} changed" for key in measure if key != "names" and was[key] != measure[key]]
    return "; ".join(said)


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
