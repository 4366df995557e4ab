"""How `arret apply` writes into order files on which day a measure was first in force, where its period counts from it.

That day belongs into the file, not into one resolver's state folder: a second resolver must count from the same day.
"""

from collections.abc import Iterator
from typing import NamedTuple

from resolver.cli.reload import applied_document
from resolver.cli.terminal import GOOD, complain, from_here, say
from resolver.ops.config import Config
from resolver.ops.control import ControlError, call
from resolver.ops.order_history import add_to_history
from resolver.ops.policy_document import PolicyDocument
from resolver.orders.order_writing import OrderWritingError, Value

ACT_SECONDS = 120.0


class Unpinned(NamedTuple):
    """A measure whose period counts from an implementation that its file does not record."""

    order: str
    file: str
    measure: str
    day: str

    def entry(self) -> dict[str, Value]:
        """Write what the history lacks."""
        return {"date": self.day, "event": "implemented", "measure": self.measure, "why": "first applied on this day"}

    def line(self) -> str:
        """Write it as a person would add it."""
        return f"- {{date: {self.day}, event: implemented, measure: {self.measure}}}"


def record_implementations(config: Config, *, quiet: bool) -> None:
    """Write the missing days into the files, journal them, and put them in force.

    A rehearsal's days are pretended, so they are never written. Where a file cannot be written, the line is told.
    """
    document = applied_document(config)
    if document is None or document["rehearsal"]:
        return
    for each in dict.fromkeys(_unpinned(document)):
        where = from_here(each.file)
        try:
            _record(config, each)
        except (OrderWritingError, ControlError) as error:
            complain(f"{error}; add to the history of {where}: {each.line()}")
            continue
        if not quiet:
            what = f"measure {each.measure} counts from {each.day}, when it was first applied here"
            say(f"  {each.order}: {what}; written to {where}, correct it if it was earlier", GOOD)


def _unpinned(document: PolicyDocument) -> Iterator[Unpinned]:
    for order in document["orders"]:
        for number in order["measures"]:
            measure = document["measures"][number]
            day = measure["first_applied"]
            lacks = measure["ours"] and not measure["pinned"] and "from implementation" in measure["period"]
            if lacks and day is not None and not order["kept"]:
                yield Unpinned(order["id"], order["file"], measure["id"], day)


def _record(config: Config, each: Unpinned) -> None:
    """Write one day. Raises OrderWritingError, ControlError."""
    written = add_to_history(config, each.order, each.entry())
    said = {"order": each.order, "file": str(written.file), "sha256": written.digest, **each.entry()}
    answer = call(config.state, "act", within=ACT_SECONDS, apply=True, **{**said, "kind": "implemented"})
    if "why" in answer:
        raise ControlError(str(answer["why"]))
