"""``arret export delisting``: what search engines were ordered to delist, which is the other half of a judgment."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from resolver.cli.arguments import config_option, examples, json_option, read_config, spelled_out
from resolver.cli.law_of_files import compile_now
from resolver.cli.progress import shown_progress
from resolver.cli.standing import standing_at
from resolver.cli.terminal import complain, printable, say_json
from resolver.dns.name import present_name
from resolver.ops.clock import utc_text
from resolver.orders.history import without_suspensions
from resolver.orders.model import Addressee, Measure, MeasureKind, Order
from resolver.orders.period import timeline

COLUMNS = (
    *("order", "authority", "case_number", "decided", "measure", "addressee", "siren", "served"),
    *("name", "name_in_unicode", "scope", "list", "state", "since", "until"),
)
UNKNOWN = "no date of implementation or service recorded"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would compute instead of showing it."""


@click.command(
    short_help="Write out what was ordered to be delisted.",
    epilog=examples(
        "arret export delisting > delisting.csv",
        "arret export delisting tgi-paris-11-60013 --json",
    ),
)
@click.argument("what", type=click.Choice(["delisting"]))
@click.argument("order_id", required=False, metavar="[ORDER]")
@config_option
@json_option
def export(what: str, order_id: str | None, config_file: Path | None, *, as_json: bool) -> None:
    """Write the names of measures of the kind `delist`, one row for each name and addressee, as CSV or JSON.

    With their dates, and where each stands now by the order clock: in force, over, suspended. It is read from the
    order files, as `arret check` reads them.
    """
    assert what == "delisting", "the only choice"
    config = read_config(config_file)
    with shown_progress() as tell:
        report, wall = compile_now(config, tell)
    orders = [standing.order for standing in report.choice.standing]
    if order_id is not None and order_id not in {order.id for order in orders}:
        raise click.ClickException(f"no order {order_id!r} stands here: `arret orders` lists them")
    rows = [row for order in orders if order_id in {None, order.id} for row in _rows(order, wall)]
    if as_json:
        say_json({"at": utc_text(wall), "delisting": rows})
    else:
        written = csv.writer(sys.stdout)
        written.writerow(COLUMNS)
        written.writerows([[_cell(row[column]) for column in COLUMNS] for row in rows])
    for problem in report.problems:
        complain(f"refused: {problem}")


def _rows(order: Order, wall: float) -> Iterator[dict[str, object]]:
    for measure in order.measures:
        if measure.kind is MeasureKind.DELIST:
            for addressee in measure.addressees or (Addressee(""),):
                yield from _of_addressee(order, measure, addressee, wall)


def _of_addressee(order: Order, measure: Measure, addressee: Addressee, wall: float) -> Iterator[dict[str, object]]:
    time = timeline(order, measure, (addressee,), None)
    free = timeline(without_suspensions(order), measure, (addressee,), None)
    for listed in measure.listed:
        spans = time.named.get(listed.name, time.own)
        held = free.named.get(listed.name, free.own)
        unknown = not held and not time.pinned
        yield {
            "order": order.id,
            "authority": order.authority,
            "case_number": order.case_number,
            "decided": order.decided.isoformat(),
            "measure": measure.id,
            "addressee": addressee.name,
            "siren": addressee.siren,
            "served": None if addressee.served is None else addressee.served.isoformat(),
            "name": present_name(listed.name),
            "name_in_unicode": spelled_out(listed.name),
            "scope": listed.reach.value,
            "list": " ".join(each for each in listed.lists if each is not None) or None,
            "state": UNKNOWN if unknown else standing_at(spans, wall, held).state.value,
            "since": None if not spans else utc_text(spans[0].since),
            "until": None if not spans or spans[-1].until is None else utc_text(spans[-1].until),
        }


def _cell(value: object) -> str:
    """Write a cell; one that a spreadsheet would take for a formula gets an apostrophe before it."""
    text = "" if value is None else printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
