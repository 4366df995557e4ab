"""What the supervisor is told of a policy, so that it need not read it: totals, rules and dates of each order."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from resolver.core.policy_entries import counter_key
from resolver.ops.agenda import Appointment, appointments
from resolver.ops.channel import Message
from resolver.ops.policy_document import MeasureRecord, OrderRecord, PolicyDocument
from resolver.ops.policy_file import digest_in_name


@dataclass(frozen=True, slots=True)
class NewPart:
    """What is new in a policy against the one with the digest ``since``, of which it keeps all other orders.

    ``document`` holds the new orders and what was refused, but of those kept; ``gone`` are orders that it has no more.
    ``orders`` and ``refused`` count those of the whole policy.
    """

    since: str
    document: PolicyDocument
    gone: tuple[str, ...]
    orders: int
    refused: int


def described(policy: Path | None, told: PolicyDocument | NewPart) -> Message:
    """Tell of a whole policy, or of its new part; of none where nothing was written."""
    if policy is None:
        return {"policy": None}
    document = told.document if isinstance(told, NewPart) else told
    dates = list(map(_dated, appointments(document)))
    said = {
        "policy": str(policy),
        "digest": digest_in_name(policy),
        "names": document["names"],
        "counted": sorted({counter_key(measure) for measure in document["measures"]}),
        "rules": list(_rules(document["orders"], document["measures"]).items()),
        "dates": dates,
        "unpinned": sorted({measure["order"] for measure in document["measures"] if not measure["pinned"]}),
    }
    if isinstance(told, NewPart):
        return {**said, "since": told.since, "gone": told.gone, "orders": told.orders, "refused": told.refused}
    counts = {"orders": len(document["orders"]), "refused": len(document["refused"])}
    return {**said, "since": None, "gone": [], **counts}


def _rules(orders: list[OrderRecord], measures: list[MeasureRecord]) -> Mapping[str, list[tuple[object, int]]]:
    """Give the timelines of what each order blocks, and how many rules follow each."""
    rules: dict[str, list[tuple[object, int]]] = {order["id"]: [] for order in orders}
    for measure in measures:
        if not measure.get("observe", False):
            rules[measure["order"]] += zip(measure["timelines"], measure["counts"], strict=True)
    return rules


def _dated(each: Appointment) -> list[object]:
    """Write a date for the metrics; an open bound is None."""
    bounds = [None if abs(bound) == inf else bound for bound in (each.since, each.until)]
    return [each.order, each.subject.value, each.at, *bounds]
