"""What the journal is told of a policy: which orders it holds, what changed in each, what was refused, what was meant.

Made by the compile child, which alone has read the orders; the supervisor only passes it on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolver.ops.clock import utc_text
from resolver.ops.config import Config
from resolver.ops.order_choice import Choice
from resolver.ops.policy_document import ManifestEntry, MeasureRecord, OrderRecord, PolicyDocument
from resolver.ops.settings_kept import settings_digest
from resolver.orders.model import MeasureKind, Order
from resolver.orders.name_table import DistinctNames

PROBLEMS_TOLD: Final = 20

Written = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Applied:
    """One order of a policy document."""

    record: OrderRecord
    manifest: ManifestEntry
    measures: tuple[MeasureRecord, ...]

    def content(self) -> Written:
        """Say all that may change of it, in values that mean the same in every document."""
        return {
            "file": self.manifest["path"],
            "files": self.manifest["files"],
            "first_applied": self.manifest["first_applied"],
            "refused": self.manifest.get("refused", []),
            "kept": self.record["kept"],
            "names": sum({measure["id"]: measure["names"] for measure in self.measures}.values()),
            "measures": [_written(measure) for measure in self.measures],
        }


def _written(measure: MeasureRecord) -> Written:
    timelines = measure["timelines"]
    own, apart = timelines[: measure["own_timelines"]], timelines[measure["own_timelines"] :]
    return {
        "id": measure["id"],
        "brand": measure.get("brand", ""),
        "mode": "observe" if measure.get("observe", False) else "enforce",
        "kind": measure["kind"],
        "action": measure["action"],
        "ours": measure["ours"],
        "in_force": [[[utc_text(since), utc_text(until)] for since, until in timeline] for timeline in own],
        "names_apart": [
            {"names": count, "in_force": [[utc_text(since), utc_text(until)] for since, until in timeline]}
            for timeline, count in zip(apart, measure["counts"][len(own) :], strict=True)
        ],
        "because": measure["because"],
    }


def applied_orders(document: PolicyDocument | None) -> dict[str, _Applied]:
    """Take a policy document apart, order by order."""
    if document is None:
        return {}
    manifest = {entry["id"]: entry for entry in document["manifest"]}
    return {
        order["id"]: _Applied(
            order, manifest[order["id"]], tuple(document["measures"][number] for number in order["measures"])
        )
        for order in document["orders"]
    }


def changed_orders(
    before: PolicyDocument | None,
    after: PolicyDocument,
    old: Mapping[str, Order],
    new: Mapping[str, Order],
    wall: float,
) -> Iterator[Written]:
    """Say of each order what changed between two documents; of all that are new where there was none before.

    ``old`` and ``new`` are the orders themselves, as far as they could be read; ``wall`` is when it changes.
    """
    was, now = applied_orders(before), applied_orders(after)
    for order in sorted(was.keys() | now.keys()):
        if order not in now:
            gone = {"change": "gone", "ends": wall, "file": was[order].manifest["path"]}
            yield {"order": order, **gone, **_names_that_changed(old.get(order), None)}
            continue
        content = now[order].content()
        if order not in was or was[order].content() != content:
            change = "changed" if order in was else "new"
            names = _names_that_changed(old.get(order), new.get(order))
            yield {"order": order, "change": change, "ends": _ends(now[order].measures, wall), **content, **names}


def _names_that_changed(old: Order | None, new: Order | None) -> Written:
    before, after = _names(old), _names(new)
    return {"came": after.missing_from(before), "went": before.missing_from(after)}


def _names(order: Order | None) -> DistinctNames:
    measures = () if order is None else order.measures
    blocking = (measure for measure in measures if measure.kind is MeasureKind.DNS_BLOCK)
    return DistinctNames(table for measure in blocking for table in measure.listed.tables())


def _ends(measures: Iterable[MeasureRecord], wall: float) -> float | None:
    """Tell when nothing of an order binds any more (POSIX seconds); None where that is open, or it never was ours.

    What is suspended may be resumed, so it counts as if it were not.
    """
    ours = [measure for measure in measures if measure["ours"]]
    if not ours:
        return None
    free = [measure["unsuspended"] for measure in ours if "unsuspended" in measure]
    ends = [until for each in (*ours, *free) for timeline in each["timelines"] for _, until in timeline]
    return None if None in ends else max((end for end in ends if end is not None), default=wall)


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal is told of: the plan, the choice, the policy's digest, and the orders before and now.

    ``document`` and ``before`` are those of the policies, or of the same part of both; without ``before`` every order
    is told anew. ``old`` are the orders that were applied last, as far as they can be read.
    """

    plan: str
    choice: Choice
    digest: str
    document: PolicyDocument
    before: PolicyDocument | None
    old: Mapping[str, Order]


def account_of(told: Told, config: Config, wall: float, known: str | None) -> Written:
    """Write what the journal is told of a compilation; ``known`` is the policy that it knows as the last one."""
    new = {standing.order.id: standing.order for standing in told.choice.standing}
    old = told.old if told.before is not None else {}
    changes = changed_orders(told.before, told.document, old, new, wall)
    return {
        "plan": told.plan,
        "baseline": told.before is None,
        "rehearsal": config.rehearse is not None,
        **who_and_whom(config),
        "orders": [] if told.digest == known else list(changes),
        "refused": [
            {
                "file": refusal.file,
                "order": refusal.order,
                "problems": list(map(str, refusal.problems))[:PROBLEMS_TOLD],
                "kept": refusal.kept,
            }
            for refusal in told.choice.refused
        ],
        "confirmed": [
            {"order": order, "problems": list(map(str, problems))} for order, problems in told.choice.confirmed.items()
        ],
    }


def who_and_whom(config: Config) -> Written:
    """Say who we are, brand by brand, and what does not bind whom for a while.

    Clients stand in none of these, but in what ``settings`` names (`keep_settings`).
    """
    return {
        "settings": settings_digest(config),
        "entities": [each.model_dump(mode="json") for each in config.operator.who_we_are],
        "brands": [
            {"name": brand.name, "entities": [each.model_dump(mode="json") for each in brand.who_we_are]}
            for brand in config.brands
        ],
        "exempt": [
            {"orders": list(each.orders), "legal_basis": each.legal_basis, "why": each.why, "until": str(each.until)}
            for each in config.exempt
        ],
    }


def account_of_recalled(
    document: PolicyDocument, config: Config, wall: float, known: str | None, digest: str
) -> Written:
    """Write what the journal is told of a policy that is taken up again as it is, if it does not know it."""
    return {
        "plan": None,
        "baseline": True,
        "rehearsal": document["rehearsal"],
        **who_and_whom(config),
        "orders": [] if digest == known else list(changed_orders(None, document, {}, {}, wall)),
        "refused": [],
        "confirmed": [],
    }
