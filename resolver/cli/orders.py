"""``arret orders``: every order that is loaded, and where each of its measures stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from resolver.cli.arguments import Instant, config_option, examples, json_option, present_instant, read_config
from resolver.cli.law import Law, read_law
from resolver.cli.standing import Standing, State, measure_standing, standing_at
from resolver.cli.terminal import DOUBTFUL, QUIET, counted, from_here, is_narrow, say, say_json, say_table
from resolver.ops.clock import utc_text
from resolver.ops.exemption_words import exemption_document, exemption_words
from resolver.ops.policy_document import MeasureRecord, OrderRecord, measure_words
from resolver.ops.timelines import spans
from resolver.orders.model import MeasureKind

NARROW_COLUMNS = ("order/measure", "authority, case number", "names", "state")
COLUMNS = ("order", "authority", "case number", "measure", "action", "names", "state", "file")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one order at an instant."""

    order: OrderRecord
    measure: MeasureRecord
    standing: Standing
    in_force: int

    @property
    def blocks(self) -> bool:
        """Whether the measure addresses access providers; others are kept for the record."""
        return self.measure["kind"] == MeasureKind.DNS_BLOCK

    @property
    def observed(self) -> bool:
        """Whether the measure is only observed."""
        return self.measure.get("observe", False)

    def state_words(self) -> str:
        """Say where the measure stands, or why it never will."""
        if self.order["not_ours"]:
            return f"not ours: {self.order['not_ours']}"
        if not self.blocks:
            return "kept for the record, no resolver enforces it"
        if not self.measure["ours"]:
            return f"addressed to others: {', '.join(self.measure['addressees'])}"
        return ("observed only, counted and not blocked: " if self.observed else "") + self.standing.words()

    def cells(self) -> tuple[str, ...]:
        """Write it as a line of the table."""
        stands_in = "; its file was refused, this is the last good version" if self.order["kept"] else ""
        return (
            self.order["id"],
            self.order["authority"],
            self.order["case_number"],
            measure_words(self.measure),
            self.measure["action"] if self.blocks else self.measure["kind"],
            f"{self.in_force}/{self.measure['names']}",
            self.state_words() + stands_in,
            f"{from_here(self.order['file'])}:{self.measure['line']}",
        )

    def narrow_cells(self) -> tuple[str, ...]:
        """Write what matters most of it, for a terminal on which the whole line would be folded."""
        order, authority, case_number, measure, _, names, state, _ = self.cells()
        return f"{order}/{measure}", f"{authority}, {case_number}", names, state

    def as_document(self) -> dict[str, object]:
        """Write it for scripts."""
        return {
            "order": self.order["id"],
            "authority": self.order["authority"],
            "case_number": self.order["case_number"],
            "decided": self.order["decided"],
            "title": self.order["title"],
            "not_ours": self.order["not_ours"],
            "confidential": self.order["confidential"],
            "kept": self.order["kept"],
            "measure": self.measure["id"],
            "brand": self.measure.get("brand", ""),
            "mode": "observe" if self.observed else "enforce",
            "kind": self.measure["kind"],
            "action": self.measure["action"] if self.blocks else None,
            "state": self.standing.state.value if self.blocks else None,
            "state_since": utc_text(self.standing.since),
            "state_until": utc_text(self.standing.until),
            "period": self.measure["period"],
            "because": self.measure["because"],
            "names": self.measure["names"],
            "names_in_force": self.in_force,
            "file": self.order["file"],
            "line": self.measure["line"],
        }


TODAYS: Final = (
    "orders, their histories, brands and exemptions are those of today, the journal was not asked: "
    "`arret explain NAME --at INSTANT` says what was applied then"
)


@click.command(
    short_help="List the orders, and where their measures stand.",
    epilog=examples("arret orders", "arret orders --at 2015-06-01", "arret orders --json"),
)
@click.option("--at", type=Instant(), metavar="INSTANT", help="Show where they stand at this day or instant.")
@config_option
@json_option
def orders(at: float | None, config_file: Path | None, *, as_json: bool) -> None:
    """List every loaded order, and where each of its measures stands.

    With --at, too, orders, their histories, brands and exemptions are those of today, judged at another instant.
    `arret explain NAME --at INSTANT` says what was applied then, as the journal has it.
    """
    law = read_law(read_config(config_file))
    wall = law.wall if at is None else at
    rows = measure_rows(law, wall)
    if as_json:
        say_json(
            {
                "at": utc_text(wall),
                "orders": [row.as_document() for row in rows],
                "exempt": [exemption_document(each) for each in law.exemptions(wall)],
            }
            | law.origin()
            | ({} if at is None else {"settings": "today"})
        )
        return
    if rows and is_narrow():
        say_table(NARROW_COLUMNS, [row.narrow_cells() for row in rows])
    elif rows:
        say_table(COLUMNS, [row.cells() for row in rows])
    else:
        say("no order is loaded")
    for exemption in law.exemptions(wall):
        say(f"exempt: {exemption_words(exemption)}", DOUBTFUL)
    blocking = counted(sum(row.blocks for row in rows), "blocking measure")
    say(f"{enforced(rows)} of {blocking} in force at {present_instant(wall)}, by {law.origin_words()}", QUIET)
    if at is not None:
        say(TODAYS, DOUBTFUL)


def enforced(rows: Iterable[Row]) -> int:
    """Count the measures that block now; one that is only observed does not."""
    return sum(row.standing.state is State.IN_FORCE and not row.observed for row in rows if row.blocks)


def measure_rows(law: Law, wall: float) -> list[Row]:
    """Find every measure of every order, in the order of the policy, as it stands at this instant."""
    return [
        Row(order, measure, measure_standing(measure, wall), _in_force(measure, wall))
        for order in law.document["orders"]
        for measure in (law.document["measures"][number] for number in order["measures"])
    ]


def _in_force(measure: MeasureRecord, wall: float) -> int:
    return sum(
        count
        for timeline, count in zip(measure["timelines"], measure["counts"], strict=True)
        if standing_at(spans(timeline), wall).state is State.IN_FORCE
    )
