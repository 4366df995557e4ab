"""``arret check``: all that is wrong with configuration and orders, and what would be in force."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from resolver.cli.arguments import chosen_file, config_option, examples, json_option, present_instant
from resolver.cli.law import Law
from resolver.cli.law_of_files import compile_now
from resolver.cli.orders import Row, enforced, measure_rows
from resolver.cli.progress import shown_progress
from resolver.cli.terminal import BAD, DOUBTFUL, GOOD, complain, counted, from_here, say, say_json
from resolver.ops.clock import utc_text
from resolver.ops.compile import CompileReport
from resolver.ops.config import Config, folders_of_orders, load_config
from resolver.ops.notice_check import page_problems
from resolver.ops.order_files import read_order_files
from resolver.ops.policy_document import measure_words
from resolver.orders.lists import read_names
from resolver.orders.model import Problem


@click.command(
    short_help="Say all that is wrong with configuration and orders.",
    epilog=examples("arret check", "arret check --config /etc/arret/config.yaml", "arret check --json"),
)
@config_option
@json_option
@click.pass_context
def check(context: click.Context, config_file: Path | None, *, as_json: bool) -> None:
    """Check configuration and orders; print every problem as FILE:LINE:COLUMN: WHAT, and what would be in force.

    Beside a configuration that cannot be used, order files are read all the same, each by itself. Changes nothing,
    also beside a running server. Ends with 1 if there is a problem; warnings do not count.
    """
    match load_config(chosen_file(config_file)):
        case Config() as config:
            with shown_progress() as tell:
                report, wall = compile_now(config, tell)
            rows = measure_rows(Law(report.document, report.load({}), wall, running=False), wall)
            problems = (*report.problems, *page_problems(config, str(chosen_file(config_file))))
            _tell(problems, report.warnings, as_json=as_json, summary=_summary(report, rows, wall))
            if not as_json:
                _say_summary(report, rows, wall)
            context.exit(1 if problems else 0)
        case problems:
            of_orders = _problems_of_files(folders_of_orders(chosen_file(config_file)))
            _tell((*problems, *of_orders), (), as_json=as_json, summary=None)
            context.exit(1)


def _problems_of_files(folders: Sequence[Path]) -> Iterator[Problem]:
    """Find what is wrong with order files by themselves; whose they are takes a configuration that can be used."""
    versions, problems = read_order_files(folders, read_names)
    yield from problems
    for version in versions:
        yield from version.problems


def _tell(
    problems: Sequence[Problem], warnings: Sequence[Problem], *, as_json: bool, summary: dict[str, Any] | None
) -> None:
    if as_json:
        say_json(
            {
                "ok": not problems,
                "problems": [_as_document(problem) for problem in problems],
                "warnings": [_as_document(warning) for warning in warnings],
                "would_be_in_force": summary,
            }
        )
        return
    for problem in problems:
        say(from_here(str(problem)), BAD)
    for warning in warnings:
        say(f"{from_here(str(warning.place))}: warning: {warning.what}", DOUBTFUL)
    if problems:
        complain(counted(len(problems), "problem"))


def _as_document(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "what": problem.what,
    }


def _summary(report: CompileReport, rows: Sequence[Row], wall: float) -> dict[str, Any]:
    return {
        "at": utc_text(wall),
        "rehearsal": report.document["rehearsal"],
        "digest": report.digest,
        "orders": report.orders,
        "names": report.names,
        "rules_in_force": sum(row.in_force for row in rows),
        "measures": [row.as_document() for row in rows],
    }


def _say_summary(report: CompileReport, rows: Sequence[Row], wall: float) -> None:
    if report.document["rehearsal"]:
        say(f"REHEARSAL: the order clock starts at {present_instant(wall)}; nothing is enforced today", DOUBTFUL)
    for row in rows:
        if row.blocks:
            last_good = ", its last good version" if row.order["kept"] else ""
            rules = counted(row.in_force, "rule")
            say(f"  {row.order['id']}/{measure_words(row.measure)}{last_good}: {rules}, {row.state_words()}")
    say(
        f"{counted(report.orders, 'order')}, {counted(report.names, 'name')}; "
        f"{counted(enforced(rows), 'measure')} in force at {present_instant(wall)}",
        BAD if report.problems else GOOD,
    )
